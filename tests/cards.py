"""A buyer who adds cards: through the pages as far as our forms go, then as PayTR would report it."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import CardRegistration, StoredCard
from app.domain.billing.cards.registrations import start_registration
from app.domain.billing.cards.store import digest_of, hide
from app.domain.payments.paytr.fake import InMemoryGateway
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.conftest import Browser
from tests.factories import Customer, callback_form, make_customer, send_callback
from tests.worker import drain

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
TEAM = 297_000
CHOICE = {"plan": "team", "interval": "month", "consent": "yes"}
DESCRIPTION = {"brand": "VISA", "bank": "Deneme Bankası", "expiry_month": 12, "expiry_year": 2030}


@dataclass
class Buyer:
    """Somebody who is logged in, with PayTR's side of what they do."""

    resources: Resources
    client: Browser
    customer: Customer

    @property
    def gateway(self) -> InMemoryGateway:
        """PayTR, in memory."""
        assert isinstance(self.resources.gateway, InMemoryGateway)
        return self.resources.gateway

    async def begin(self) -> dict[str, str]:
        """Agree, and return the fields of the form that the browser would post to PayTR."""
        answer = await self.client.submit("/billing/cards/new", consent="yes")
        assert answer.status_code == 200, answer.text
        form = answer.text[answer.text.index('id="card-form"') :]
        return dict(HIDDEN.findall(form))

    async def confirm(self, oid: str, **tokens: str) -> None:
        """Let the bank confirm and PayTR report it, with `utoken` and `ctoken` as given."""
        self.gateway.pay(oid)
        answer = await send_callback(self.client, callback_form(oid, 100, currency="TL", **tokens))
        assert answer.text == "OK"

    async def add(self, *, last_four: str = "4358", requires_cvv: bool = False) -> StoredCard:
        """Add a card from beginning to end, the worker's part included."""
        fields = await self.begin()
        user_token, card_token = self.gateway.keep_card(
            fields.get("utoken"), last_four=last_four, requires_cvv=requires_cvv
        )
        await self.confirm(fields["merchant_oid"], utoken=user_token, ctoken=card_token)
        await drain(self.resources)
        registration = await self.registration(fields["merchant_oid"])
        async with self.resources.session_maker() as session:
            return await session.get_one(StoredCard, registration.card_id)

    async def registration(self, oid: str) -> CardRegistration:
        """Return a registration as it stands."""
        async with self.resources.session_maker() as session:
            statement = select(CardRegistration).where(CardRegistration.merchant_oid == oid)
            return (await session.scalars(statement)).one()

    async def registrations(self) -> list[CardRegistration]:
        """Return every registration, oldest first."""
        async with self.resources.session_maker() as session:
            return list(await session.scalars(select(CardRegistration).order_by(CardRegistration.id)))

    async def cards(self) -> list[StoredCard]:
        """Return every card there ever was, oldest first."""
        async with self.resources.session_maker() as session:
            return list(await session.scalars(select(StoredCard).order_by(StoredCard.id)))


async def add_registration(
    session_maker: async_sessionmaker[AsyncSession], customer: Customer, *, at: datetime | None = None
) -> CardRegistration:
    """Add a registration of the owner's whose form is out."""
    async with unit_of_work(session_maker) as session:
        viewer = await customer.viewer(session)
        return await start_registration(session, viewer, consents=True, address="203.0.113.7", at=at or now())


async def add_card(resources: Resources, customer: Customer, *, number: int = 0, **facts: Any) -> StoredCard:
    """Add a card of the owner's; PayTR knows nothing of it."""
    keys, token = resources.settings.keys, f"ctoken{number}"
    card = StoredCard(
        company_id=customer.company.id,
        added_by_id=customer.user.id,
        user_token=hide(keys, "utoken"),
        card_token=hide(keys, token),
        card_digest=digest_of(keys, token),
        is_default=number == 0,
        consent_version="2026-11",
        consented_at=now(),
        **{**DESCRIPTION, "last_four": f"{4358 + number}", **facts},
    )
    async with unit_of_work(resources.session_maker) as session:
        session.add(card)
    return card


async def make_buyer(resources: Resources, client: Browser) -> Buyer:
    """Sign a company up and log its owner in."""
    customer = await make_customer(resources.session_maker, language="en")
    await customer.log_in(client)
    return Buyer(resources, client, customer)


async def begin_checkout(buyer: Buyer) -> dict[str, str]:
    """Agree, and return the fields of the form that the browser would post to PayTR."""
    answer = await submit_agreed(buyer.client, "/billing/checkout/card", **CHOICE)
    assert answer.status_code == 200, answer.text
    return dict(HIDDEN.findall(answer.text[answer.text.index('id="card-form"') :]))


async def report(buyer: Buyer, oid: str, total: int = TEAM, **fields: str) -> None:
    """Let PayTR report a payment of an order."""
    answer = await send_callback(buyer.client, callback_form(oid, total, **fields))
    assert answer.text == "OK"


async def all_of(buyer: Buyer, model: type[Any]) -> list[Any]:
    """Return every row of a kind, oldest first."""
    async with buyer.resources.session_maker() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


async def the(buyer: Buyer, model: type[Any]) -> Any:
    """Return the only row of a kind."""
    (only,) = await all_of(buyer, model)
    return only
