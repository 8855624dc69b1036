"""A desk at which one company adds cards, with PayTR in memory and a clock of its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.db.models import (
    CardRegistration,
)
from app.domain.billing.cards.followup import follow_registration
from app.domain.billing.cards.registrations import card_payment as payment_of
from app.domain.billing.cards.registrations import settle_registration
from app.domain.billing.settlement.service import Arrival, Outcome
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.cards import add_registration
from tests.factories import Customer

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Desk:
    """One company's registration, PayTR and the time."""

    def __init__(self, resources: Resources, customer: Customer) -> None:
        assert isinstance(resources.gateway, InMemoryGateway)
        self.resources, self.customer, self.gateway = resources, customer, resources.gateway
        self.at = AT
        self.user_token: str | None = None
        self.oid = ""

    async def begin(self) -> str:
        """Start a registration and let the buyer have the form."""
        registration = await add_registration(self.resources.session_maker, self.customer, at=self.at)
        async with self.resources.session_maker() as session:
            viewer = await self.customer.viewer(session)
        payment = payment_of(registration, viewer, self.resources.settings, address="203.0.113.7")
        self.gateway.card_form(payment, store_card=True, user_token=self.user_token)
        self.oid = registration.merchant_oid
        return self.oid

    def confirm(self, **card: Any) -> dict[str, Any]:
        """Let the bank confirm and PayTR keep the card; return the tokens of its callback."""
        self.gateway.pay(self.oid)
        self.user_token, card_token = self.gateway.keep_card(self.user_token, **card)
        return {"user_token": self.user_token, "card_token": card_token}

    async def report(self, settings: Settings | None = None, **fields: Any) -> Outcome | None:
        """Settle a callback about the registration."""
        message = PaytrCallback(
            **{"merchant_oid": self.oid, "status": "success", "total_amount": 100, **fields}
        )
        async with unit_of_work(self.resources.session_maker) as session:
            return await settle_registration(
                session, Arrival(message, {}), settings=settings or self.resources.settings, at=self.at
            )

    async def follow(self) -> None:
        """Do what is due, as job or sweep would."""
        registration = await self.registration()
        await follow_registration(
            self.resources.session_maker,
            self.gateway,
            self.resources.settings,
            registration.id,
            at=self.at,
        )

    async def add(self, **card: Any) -> None:
        """Add a card from beginning to end."""
        await self.begin()
        await self.report(**self.confirm(**card))
        await self.follow()

    async def registration(self) -> CardRegistration:
        """Return the registration as it stands."""
        async with self.resources.session_maker() as session:
            statement = select(CardRegistration).where(CardRegistration.merchant_oid == self.oid)
            return (await session.scalars(statement)).one()

    async def all(self, model: Any) -> list[Any]:
        """Return all rows of a table, oldest first."""
        async with self.resources.session_maker() as session:
            return list(await session.scalars(select(model).order_by(model.id)))

    @property
    def given_back(self) -> list[int]:
        """What PayTR gave back of the registration, refund by refund."""
        return [refund.amount for refund in self.gateway.attempts[self.oid].refunds]
