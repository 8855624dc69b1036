"""A shop whose customers have a card stored at PayTR, charged without them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db.models import Order, Payment, PaymentStatus, StoredCard
from app.domain.billing.cards import store as card_store
from app.domain.billing.charging.attempts import write_down
from app.domain.billing.charging.service import charge_order
from app.domain.billing.checkout import place_order
from app.domain.billing.settlement.service import Arrival, Outcome, settle
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.clock import now
from app.lib.crypto import Keys
from app.lib.ids import uuid7
from app.lib.uow import unit_of_work
from tests.factories import Customer
from tests.scenarios.shop import Shop


@dataclass(frozen=True)
class Debtor:
    """A customer who owes an order and has a card at PayTR."""

    customer: Customer
    order: Order
    card: StoredCard
    tokens: tuple[str, str]


@dataclass(frozen=True)
class Cashier(Shop):
    """What happens around charges."""

    async def owes(self, customer: Customer, at: datetime, *, plan: str = "team", **card: Any) -> Debtor:
        """Let a customer owe an order that no attempt has been made for, and store a card of theirs."""
        tokens = self.gateway.keep_card()
        async with unit_of_work(self.resources.session_maker) as session:
            viewer = await customer.viewer(session)
            checkout = await place_order(session, viewer, plan_code=plan, interval="month", at=at)
            await session.delete(checkout.payment)
            stored = stored_card(customer, tokens, self.resources.settings.keys, at, **card)
            session.add(stored)
        return Debtor(customer, checkout.order, stored, tokens)

    async def charge(self, debtor: Debtor, at: datetime, *, card_id: UUID | None = None) -> PaymentStatus:
        """Charge what is owed."""
        return await charge_order(
            self.resources.session_maker,
            self.gateway,
            self.resources.settings,
            order_id=debtor.order.id,
            card_id=card_id or debtor.card.id,
            at=at,
        )

    async def write_down(self, debtor: Debtor, at: datetime | None = None) -> Payment:
        """Write a charge down and go no further, as a process that dies then."""
        return await self.write_down_for(debtor.order.id, debtor.card.id, at)

    async def write_down_for(self, order_id: UUID, card_id: UUID, at: datetime | None = None) -> Payment:
        """Write a charge of any order down and go no further."""
        async with unit_of_work(self.resources.session_maker) as session:
            return await write_down(session, order_id, card_id, at=at or now())

    async def callback(self, payment: Payment, at: datetime, **differing: Any) -> Outcome:
        """PayTR's callback about a payment: a success of the whole amount unless told otherwise."""
        facts: dict[str, Any] = {"status": "success", "total_amount": payment.amount} | differing
        message = PaytrCallback(merchant_oid=payment.merchant_oid, **facts)
        async with unit_of_work(self.resources.session_maker) as session:
            return await settle(session, Arrival(message, {}), settings=self.resources.settings, at=at)

    async def change(self, row: Any, **values: Any) -> None:
        """Change a row behind everybody's back."""
        async with unit_of_work(self.resources.session_maker) as session:
            current = await session.get_one(type(row), row.id)
            for name, value in values.items():
                setattr(current, name, value)


def stored_card(
    customer: Customer, tokens: tuple[str, str], keys: Keys, at: datetime, **differing: Any
) -> StoredCard:
    """Return a card of the customer's as the cards page stores it."""
    user_token, card_token = tokens
    facts: dict[str, Any] = {
        "user_token": card_store.hide(keys, user_token),
        "card_token": card_store.hide(keys, card_token),
        "card_digest": card_store.digest_of(keys, card_token),
        "brand": "VISA",
        "bank": "Deneme Bankası",
        "last_four": "4358",
        "expiry_month": 12,
        "expiry_year": 2030,
        "consent_version": "1",
        "consented_at": at,
        "consent_address": "203.0.113.7",
    }
    return StoredCard(
        id=uuid7(), company_id=customer.company.id, added_by_id=customer.user.id, **facts | differing
    )
