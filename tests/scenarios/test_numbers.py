"""Invoice numbers under concurrency: no gap, no duplicate, dates following numbers, years apart."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select

from app.db.models import Invoice, Payment, PaymentStatus
from app.domain.billing.checkout import Checkout
from app.domain.billing.settlement.service import Arrival, settle
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.factories import make_customer, start_checkout

LAST_MOMENT = datetime(2026, 12, 31, 20, 59, 59, 900_000, tzinfo=UTC)
MIDNIGHT = datetime(2026, 12, 31, 21, 0, tzinfo=UTC)
"""In Istanbul, three hours ahead of UTC."""


class Withdrawn(Exception):
    """A transaction that fails after it has drawn its number."""


async def orders(resources: Resources, number: int, at: datetime) -> list[Checkout]:
    """Return open payments of as many companies, so that only the counter stands between them."""
    checkouts = []
    for index in range(number):
        customer = await make_customer(resources.session_maker, name=f"Şirket {index}", at=at)
        checkouts.append(await start_checkout(resources.session_maker, customer, at=at))
    return checkouts


async def settle_one(resources: Resources, checkout: Checkout, at: datetime, *, fails: bool = False) -> None:
    payment = checkout.payment
    message = PaytrCallback(merchant_oid=payment.merchant_oid, status="success", total_amount=payment.amount)
    async with unit_of_work(resources.session_maker) as session:
        await settle(session, Arrival(message, {}), settings=resources.settings, at=at)
        await asyncio.sleep(random.uniform(0, 0.01))  # noqa: S311 an order that differs from run to run
        if fails:
            raise Withdrawn


async def issued(resources: Resources) -> list[Invoice]:
    async with resources.session_maker() as session:
        statement = select(Invoice).order_by(Invoice.year, Invoice.sequence)
        return list(await session.scalars(statement))


async def test_twenty_at_once_of_which_a_third_fails_leave_neither_gap_nor_duplicate(
    resources: Resources,
) -> None:
    at = now()
    checkouts = await orders(resources, 20, at)
    outcomes = await asyncio.gather(
        *(settle_one(resources, c, at, fails=index % 3 == 0) for index, c in enumerate(checkouts)),
        return_exceptions=True,
    )
    failed = [outcome for outcome in outcomes if isinstance(outcome, Withdrawn)]
    assert (len(failed), [o for o in outcomes if o and o not in failed]) == (7, [])
    assert [invoice.sequence for invoice in await issued(resources)] == list(range(1, 14))
    async with resources.session_maker() as session:
        pending = select(Payment).where(Payment.status == PaymentStatus.CREATED)
        assert len(list(await session.scalars(pending))) == 7
    for index, checkout in enumerate(checkouts):
        if index % 3 == 0:  # PayTR comes again for those that got no OK
            await settle_one(resources, checkout, at)
    assert [invoice.sequence for invoice in await issued(resources)] == list(range(1, 21))


async def test_the_new_year_begins_a_new_series_although_both_years_issue_at_once(
    resources: Resources,
) -> None:
    checkouts = await orders(resources, 12, LAST_MOMENT - timedelta(days=1))
    moments = [LAST_MOMENT, MIDNIGHT] * 6
    await asyncio.gather(*(settle_one(resources, *pair) for pair in zip(checkouts, moments, strict=True)))
    found = [(i.number, i.issue_date) for i in await issued(resources)]
    assert found == [
        *((f"TZG2026{n:09d}", date(2026, 12, 31)) for n in range(1, 7)),
        *((f"TZG2027{n:09d}", date(2027, 1, 1)) for n in range(1, 7)),
    ]


async def test_dates_follow_numbers_although_a_slower_clock_comes_later(resources: Resources) -> None:
    at = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
    checkouts = await orders(resources, 3, at - timedelta(days=1))
    for checkout, moment in zip(
        checkouts, (at, at - timedelta(seconds=30), at + timedelta(seconds=1)), strict=True
    ):
        await settle_one(resources, checkout, moment)
    assert [invoice.issued_at for invoice in await issued(resources)] == [at, at, at + timedelta(seconds=1)]
