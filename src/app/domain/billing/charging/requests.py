"""What PayTR is sent when a stored card is charged: the order, the card's tokens and who answers for it."""

from dataclasses import dataclass, field
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Membership, Order, Payment, Role, StoredCard, Subscription, User
from app.domain.billing.cards.store import CardTokens, tokens_of
from app.domain.payments.values import BasketLine, PaymentRequest
from app.lib.settings import Settings

NO_ADDRESS = ""
"""Nobody is at a browser; the adapter says so to PayTR in its own way."""
LOCKED = (
    select(Payment)
    .where(Payment.id == bindparam("payment_id"))
    .with_for_update()
    .execution_options(populate_existing=True)
)
FIRST_OWNER = (
    select(Membership.user_id)
    .where(Membership.company_id == Payment.company_id, Membership.role == Role.OWNER)
    .order_by(Membership.created_at)
    .limit(1)
    .scalar_subquery()
)
AROUND = (
    select(Order, StoredCard, Company, Subscription, User)
    .select_from(Payment)
    .join(StoredCard, StoredCard.id == Payment.card_id)
    .join(Order, Order.id == Payment.order_id)
    .join(Company, Company.id == Order.company_id)
    .join(Subscription, Subscription.id == Order.subscription_id)
    .join(User, User.id == func.coalesce(Order.placed_by_id, StoredCard.added_by_id, FIRST_OWNER))
    .where(Payment.id == bindparam("payment_id"))
    .with_for_update(of=StoredCard, read=True, key_share=True)
    .execution_options(populate_existing=True)
)
"""What belongs to a payment of a stored card, which cannot be removed meanwhile."""


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment with everything around it."""

    payment: Payment
    order: Order
    card: StoredCard
    company: Company
    subscription: Subscription
    payer: User
    """Who gets PayTR's and our letters about it."""


@dataclass(frozen=True, slots=True)
class ChargeRequest:
    """One charge, ready to leave."""

    payment: PaymentRequest
    tokens: CardTokens = field(repr=False)


async def charge_of(session: AsyncSession, payment_id: UUID) -> Charge:
    """Return a charge, its payment locked until the transaction ends, its card kept from removal meanwhile.

    Whoever placed the order answers for it, else whoever added the card, else the company's first owner.
    """
    payment = await lock_payment(session, payment_id)
    around = await session.execute(AROUND, {"payment_id": payment_id})
    order, card, company, subscription, payer = around.one()
    return Charge(payment, order, card, company, subscription, payer)


async def lock_payment(session: AsyncSession, payment_id: UUID) -> Payment:
    """Return a payment as it is now, locked until the transaction ends."""
    return (await session.scalars(LOCKED, {"payment_id": payment_id})).one()


def charge_request(charge: Charge, settings: Settings) -> ChargeRequest:
    """Return what PayTR is sent. Raises `NoTokens` and `Unreadable` as `tokens_of` does."""
    payment, order, company, payer = charge.payment, charge.order, charge.company, charge.payer
    return ChargeRequest(
        PaymentRequest(
            merchant_oid=payment.merchant_oid,
            email=payer.email,
            amount=payment.amount,
            currency=payment.currency,
            basket=(BasketLine(f"Tezgâh {order.plan_name}", payment.amount, 1),),
            user_ip=charge.card.consent_address or NO_ADDRESS,
            user_name=payer.full_name,
            user_address=company.address or company.name,
            user_phone=company.phone or "",
            ok_url=f"{settings.base_url}/billing/return/ok?oid={payment.merchant_oid}",
            fail_url=f"{settings.base_url}/billing/return/fail?oid={payment.merchant_oid}",
            language=cast("Literal['tr', 'en']", company.language),
            test_mode=settings.paytr_test_mode,
        ),
        tokens_of(charge.card, settings.keys),
    )
