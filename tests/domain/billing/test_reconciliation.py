"""Days compared with PayTR's reports: proven to the kuruş, each difference found, no day left out."""

import hashlib
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    CardRegistration,
    CaseKind,
    OperatorCase,
    ProviderReport,
    ReconciliationDifference,
    RefundStatus,
    ReportKind,
)
from app.domain.billing.cards.registrations import card_payment, settle_registration
from app.domain.billing.reconciliation.proof import Totals
from app.domain.billing.settlement.service import Arrival
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.payments.values import PayoutStatement, ReportedPayout, TransactionReport
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.cards import add_registration
from tests.domain.billing.books import FRIDAY, SATURDAY, SUNDAY, Shop, cases, compared, found, istanbul

Maker = async_sessionmaker[AsyncSession]
NEXT_MORNING = istanbul("2026-11-21 05:30")


@pytest.fixture
def shop(session_maker: Maker, settings: Settings) -> Shop:
    return Shop(session_maker, settings)


async def test_a_day_of_sales_and_refunds_is_proven_to_the_kurus(shop: Shop) -> None:
    first = await shop.sell("2026-11-20 09:00")
    await shop.sell("2026-11-20 23:59")
    await shop.give_back(first, "2026-11-20 18:00", 50_000)
    await shop.give_back(first, "2026-11-20 18:01", 50_000)
    run = await compared(shop)
    total = Totals(**run.totals["TRY"])
    assert (run.error, run.difference_count, run.sales_count, run.refund_count) == (None, 0, 2, 2)
    assert (total.sales, total.refunds, total.gross) == (594_000, 100_000, 494_000)
    assert total.adds_up
    assert total.announced_closing == total.closing == total.net > 0
    assert await cases(shop) == []


async def test_days_follow_each_other_through_payouts_without_a_gap(shop: Shop) -> None:
    totals: list[Totals] = []
    for day in range(19, 30):
        if day < 25:
            payment = await shop.sell(f"2026-11-{day} 10:00")
            await shop.give_back(payment, f"2026-11-{day} 12:00", 1_000 * day)
        run = await compared(shop, date(2026, 11, day), at=f"2026-11-{day + 1} 05:30")
        assert await found(shop, run) == [], day
        totals.append(Totals(**run.totals["TRY"]) if run.totals else Totals())
    assert all(total.opening_is_known and total.adds_up for total in totals)
    assert [total.opening for total in totals[1:]] == [total.closing for total in totals[:-1]]
    assert sum(total.paid_out for total in totals) == sum(total.net for total in totals) > 0
    assert totals[-1].closing == 0


async def test_every_kind_of_difference_is_found_and_nothing_else(shop: Shop) -> None:
    sold = [await shop.sell(f"2026-11-20 1{hour}:00") for hour in range(6)]
    oids = [payment.merchant_oid for payment in sold]
    await shop.forget(sold[0])
    del shop.gateway.attempts[oids[1]]
    shop.gateway.attempts[oids[2]].total = 297_001
    await shop.change(sold[3].id, currency="USD")
    await shop.change(sold[4].id, succeeded_at=istanbul("2026-11-19 23:59:58"))
    await shop.give_back(sold[5], "2026-11-20 17:00", 1_000, there=False)
    run = await compared(shop)
    assert sorted(await found(shop, run)) == sorted(
        [
            ("missing_here", "sale", oids[0]),
            ("missing_there", "sale", oids[1]),
            ("amount", "sale", oids[2]),
            ("currency", "sale", oids[3]),
            ("date", "sale", oids[4]),
            ("missing_there", "refund", oids[5]),
        ]
    )
    (case,) = await cases(shop)
    assert (case.kind, case.subject) == (CaseKind.RECONCILIATION_DIFFERS, "2026-11-20")
    assert case.facts["differences"] == 6
    assert case.facts["causes"]["missing_there"] == 2


async def test_money_we_have_not_heard_of_names_the_state_of_its_order(shop: Shop) -> None:
    payment = await shop.sell("2026-11-20 10:00")
    await shop.sell("2026-11-20 11:00")
    await shop.forget(payment)
    run = await compared(shop)
    async with shop.session_maker() as session:
        (difference,) = await session.scalars(
            select(ReconciliationDifference).where(ReconciliationDifference.run_id == run.id)
        )
    assert (difference.ours, difference.theirs) == (None, 297_000)
    assert difference.facts == {"our_state": "waiting"}


async def test_a_payment_two_seconds_before_midnight_is_one_difference_of_the_next_day(shop: Shop) -> None:
    payment = await shop.sell("2026-11-20 23:59:58", there="2026-11-21 00:00:01")
    first = await compared(shop, FRIDAY, at="2026-11-21 05:30")
    second = await compared(shop, SATURDAY, at="2026-11-22 05:30")
    assert await found(shop, first) == []
    assert first.totals["TRY"]["carried"] == -297_000
    assert await found(shop, second) == [("date", "sale", payment.merchant_oid)]


async def test_news_that_came_days_late_is_one_difference_in_date(shop: Shop) -> None:
    payment = await shop.sell("2026-11-20 10:00")
    await shop.change(payment.id, succeeded_at=istanbul("2026-11-23 09:00"))
    async with shop.session_maker() as session:
        started = await session.get_one(type(payment), payment.id)
    await shop.change(payment.id, created_at=istanbul("2026-11-20 09:55"), sent_at=started.sent_at)
    run = await compared(shop, date(2026, 11, 23), at="2026-11-24 05:30")
    assert await found(shop, run) == [("date", "sale", payment.merchant_oid)]


async def test_surplus_money_counts_and_test_money_does_not(shop: Shop) -> None:
    surplus = await shop.sell("2026-11-20 10:00")
    await shop.change(surplus.id, is_surplus=True)
    trial = await shop.sell("2026-11-20 11:00")
    async with unit_of_work(shop.session_maker) as session:
        session.add(
            OperatorCase(
                kind=CaseKind.TEST_PAYMENT,
                subject=trial.merchant_oid,
                facts={},
                opened_at=istanbul("2026-11-20 11:00"),
            )
        )
    del shop.gateway.attempts[trial.merchant_oid]
    run = await compared(shop)
    assert await found(shop, run) == []
    assert (run.totals["TRY"]["sales"], run.totals["TRY"]["test_sales"]) == (297_000, 297_000)


async def test_raw_reports_are_kept_as_they_came_and_nobody_changes_them(shop: Shop) -> None:
    await shop.sell("2026-11-20 10:00")
    run = await compared(shop)
    async with shop.session_maker() as session:
        reports = list(await session.scalars(select(ProviderReport).where(ProviderReport.run_id == run.id)))
        assert {report.kind for report in reports} == set(ReportKind)
        for report in reports:
            assert report.sha256 == hashlib.sha256(report.body.encode()).hexdigest()
        reports[0].body = "{}"
        with pytest.raises(DBAPIError, match="append"):
            await session.flush()


async def test_a_payout_total_that_is_off_by_a_kurus_is_found_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.sell("2026-11-20 10:00")
    asked = shop.gateway.payouts

    async def a_kurus_less(first: date, last: date) -> PayoutStatement:
        statement = await asked(first, last)
        off = ReportedPayout(SUNDAY, "TRY", 0, 1, -1)
        return PayoutStatement(statement.raw, statement.paid, (*statement.announced, off))

    monkeypatch.setattr(shop.gateway, "payouts", a_kurus_less)
    assert await found(shop, await compared(shop)) == [("total", "total", None)]
    assert await found(shop, await compared(shop, SATURDAY, at="2026-11-22 05:30")) == []


async def test_money_that_comes_between_two_answers_is_no_difference(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shop.sell("2026-11-20 10:00")
    asked, left = shop.gateway.transactions, ["2026-11-21 05:31", "2026-11-21 05:32"]

    async def and_then_somebody_pays(*window: object) -> TransactionReport:
        report = await asked(*window)  # type: ignore[arg-type]  # handed through as it came
        if left:
            await shop.sell(left.pop(0))
        return report

    monkeypatch.setattr(shop.gateway, "transactions", and_then_somebody_pays)
    run = await compared(shop)
    assert await found(shop, run) == []
    assert run.totals["TRY"]["announced"] is not None


async def test_a_day_long_ago_is_compared_without_the_announcements(shop: Shop) -> None:
    await shop.sell("2026-09-20 10:00")
    run = await compared(shop, date(2026, 9, 20), at="2026-11-21 05:30")
    assert (run.difference_count, run.totals["TRY"]["announced"]) == (0, None)


async def test_the_payment_that_verifies_a_card_counts_and_so_does_giving_it_back(shop: Shop) -> None:
    await shop.sell("2026-11-20 10:00")
    at = istanbul("2026-11-20 11:00")
    customer = await shop.customer(at)
    registration = await add_registration(shop.session_maker, customer, at=at)
    async with shop.session_maker() as session:
        viewer = await customer.viewer(session)
    shop.at = at
    form = card_payment(registration, viewer, shop.settings, address="203.0.113.7")
    shop.gateway.card_form(form, store_card=True)
    shop.gateway.pay(registration.merchant_oid)
    message = PaytrCallback(merchant_oid=registration.merchant_oid, status="success", total_amount=100)
    async with unit_of_work(shop.session_maker) as session:
        await settle_registration(session, Arrival(message, {}), settings=shop.settings, at=at)
    taken = await compared(shop)
    assert await found(shop, taken) == []
    assert Totals(**taken.totals["TRY"]).sales == 297_100
    shop.at = back = istanbul("2026-11-20 11:01")
    await shop.gateway.refund(merchant_oid=registration.merchant_oid, amount=100, reference="TZRCARD")
    assert await found(shop, await compared(shop)) == [("missing_here", "refund", registration.merchant_oid)]
    async with unit_of_work(shop.session_maker) as session:
        row = await session.get_one(CardRegistration, registration.id)
        row.refund_status, row.refund_reference, row.refunded_at = RefundStatus.SUCCEEDED, "TZRCARD", back
    given_back = await compared(shop)
    assert await found(shop, given_back) == []
    assert Totals(**given_back.totals["TRY"]).ours == 297_000
