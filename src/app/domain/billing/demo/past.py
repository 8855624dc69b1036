"""The payments of demo companies as the sandbox is told of them."""

from collections.abc import Iterable
from uuid import UUID

import httpx
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    MONEY_TAKEN,
    Interval,
    Membership,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    User,
)
from app.domain.billing.demo.stories import Attempt
from app.domain.payments.gateway import GatewayError
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.rehearsal import PastPayment, PastRefund, enter_past
from app.domain.plans.queries import current_price
from app.lib.settings import Settings, is_local

DECIDED = (*MONEY_TAKEN, PaymentStatus.FAILED)


async def tell_sandbox(
    http: httpx.AsyncClient, settings: Settings, payments: list[PastPayment]
) -> str | None:
    """Enter payments into the book of a sandbox on this machine; return why that was not possible."""
    if not payments or not is_local(settings.paytr_base_url):
        return None
    merchant_id = settings.paytr_merchant_id or SANDBOX_MERCHANT.merchant_id
    try:
        await enter_past(http, settings.paytr_base_url, merchant_id, payments)
    except GatewayError as error:
        return str(error)
    return None


async def planned(
    session: AsyncSession, settings: Settings, plan: str, email: str, attempts: Iterable[Attempt]
) -> list[PastPayment]:
    """Return attempts that will be made for a month of a plan, at the price it is sold for."""
    price = await current_price(session, plan, Interval.MONTH)
    return [
        PastPayment(
            merchant_oid=attempt.merchant_oid,
            amount=price.gross,
            collected=price.gross if attempt.succeeds else None,
            currency=price.currency,
            channel="frame",
            at=attempt.at,
            test_mode=settings.paytr_test_mode,
            email=email,
        )
        for attempt in attempts
    ]


async def made(session: AsyncSession, settings: Settings, *, email_domain: str) -> list[PastPayment]:
    """Return the decided payments of companies whose people have addresses of a domain, oldest first.

    So a sandbox that has lost its book has them again.
    """
    decided_at = func.coalesce(Payment.succeeded_at, Payment.failed_at)
    companies = (
        select(Membership.company_id)
        .join(User, Membership.user_id == User.id)
        .where(User.email.endswith(f"@{email_domain}"))
    )
    payments = await session.scalars(
        select(Payment)
        .where(Payment.company_id.in_(companies), Payment.status.in_(DECIDED), decided_at.is_not(None))
        .order_by(decided_at)
    )
    refunds = await _refunds(session, companies)
    return [
        PastPayment(
            merchant_oid=payment.merchant_oid,
            amount=payment.amount,
            collected=payment.collected if payment.status in MONEY_TAKEN else None,
            currency=payment.currency,
            channel=payment.channel.value,
            at=at,
            test_mode=settings.paytr_test_mode,
            email=f"demo@{email_domain}",
            refunds=tuple(refunds.get(payment.id, ())),
        )
        for payment in payments
        if (at := payment.succeeded_at or payment.failed_at) is not None
    ]


async def _refunds(session: AsyncSession, companies: Select[UUID]) -> dict[UUID, list[PastRefund]]:
    found: dict[UUID, list[PastRefund]] = {}
    statement = select(Refund).where(
        Refund.company_id.in_(companies), Refund.status == RefundStatus.SUCCEEDED
    )
    for refund in await session.scalars(statement):
        if refund.succeeded_at is not None:
            found.setdefault(refund.payment_id, []).append(
                PastRefund(
                    amount=refund.returned or refund.amount,
                    reference=refund.reference,
                    at=refund.succeeded_at,
                )
            )
    return found
