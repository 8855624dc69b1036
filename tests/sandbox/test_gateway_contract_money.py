"""The same promise for money that goes back and money that is reported: both gateways, to the kuruş."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.payments.gateway import RefundRefused
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import frame_form, reports
from app.domain.payments.values import PayoutLine, PayoutStatement
from app.lib.clock import ISTANBUL, now
from app.sandbox.book import Book, Order
from app.sandbox.config import SandboxConfig
from app.sandbox.faults import FaultPlan
from app.sandbox.rates import commission
from app.sandbox.reports import Reporter
from tests.sandbox.conftest import frame_request
from tests.sandbox.gateway_worlds import WORLDS, World, card_payment, world_of


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with world_of(request) as opened:
        yield opened


async def test_a_payment_is_given_back_in_parts_and_never_beyond(world: World) -> None:
    payment = card_payment(amount=1000)
    world.pay_by_card(payment)
    for amount, reference in ((333, "PART1"), (667, "PART2")):
        answer = await world.gateway.refund(
            merchant_oid=payment.merchant_oid, amount=amount, reference=reference
        )
        assert (answer.amount, answer.is_test) == (amount, False)
    with pytest.raises(RefundRefused) as refusal:
        await world.gateway.refund(merchant_oid=payment.merchant_oid, amount=1, reference="PART3")
    assert refusal.value.code in {"006", "009"}
    assert not refusal.value.is_temporary
    returned = (await world.gateway.inquire(payment.merchant_oid)).returns
    assert {(item.reference, item.amount) for item in returned} == {("PART1", 333), ("PART2", 667)}


async def test_one_reference_does_not_stop_a_second_refund(world: World) -> None:
    payment = card_payment(amount=1000)
    world.pay_by_card(payment)
    for _ in range(2):
        await world.gateway.refund(merchant_oid=payment.merchant_oid, amount=300, reference="SAME")
    returned = (await world.gateway.inquire(payment.merchant_oid)).returns
    assert [item.amount for item in returned] == [300, 300]


async def test_the_whole_principal_takes_its_surcharge_back(world: World) -> None:
    request = frame_request(amount=87000, test_mode=False)
    await world.gateway.request_frame(request)
    world.pay(request.merchant_oid, total=91234)
    await world.gateway.refund(merchant_oid=request.merchant_oid, amount=87000, reference="ALL")
    (returned,) = (await world.gateway.inquire(request.merchant_oid)).returns
    assert (returned.amount, returned.reference) == (91234, "ALL")


@pytest.mark.parametrize("known", [True, False])
async def test_nothing_is_given_back_of_what_was_not_paid(world: World, known: bool) -> None:
    request = frame_request()
    if known:
        await world.gateway.request_frame(request)
    with pytest.raises(RefundRefused) as refusal:
        await world.gateway.refund(merchant_oid=request.merchant_oid, amount=100, reference="R1")
    assert (refusal.value.code, refusal.value.is_temporary) == ("005", False)


async def test_a_sale_and_its_refund_are_reported_to_the_kurus(world: World) -> None:
    began = now()
    payment = card_payment(amount=100000)
    world.pay_by_card(payment)
    await world.gateway.refund(merchant_oid=payment.merchant_oid, amount=25000, reference="R1")
    report = await world.gateway.transactions(began - timedelta(hours=1), now())
    rows = [row for row in report.rows if row.merchant_oid == payment.merchant_oid]
    assert [(row.is_refund, row.amount, row.currency) for row in rows] == [
        (False, 100000, "TRY"),
        (True, 25000, "TRY"),
    ]
    assert all(row.net + row.commission == row.amount for row in rows)
    assert {row.day for row in rows} <= {began.astimezone(ISTANBUL).date(), now().astimezone(ISTANBUL).date()}
    inquiry = await world.gateway.inquire(payment.merchant_oid)
    assert (rows[0].net, rows[0].commission) == (inquiry.net, inquiry.commission)
    assert payment.merchant_oid in report.raw


async def test_days_without_a_sale_are_an_empty_report(world: World) -> None:
    long_ago = now() - timedelta(days=400)
    assert (await world.gateway.transactions(long_ago, long_ago + timedelta(days=3))).rows == ()
    assert (await world.gateway.payouts(long_ago.date(), long_ago.date())).paid == ()
    assert (await world.gateway.payout_detail(long_ago.date())).lines == ()


async def test_a_sale_is_announced_for_payout_less_its_commission_and_refund(world: World) -> None:
    today = now().astimezone(ISTANBUL).date()

    async def announced() -> tuple[int, int, int]:
        statement = await world.gateway.payouts(today - timedelta(days=30), today)
        return sums(statement, "GBP")

    before = await announced()
    payment = card_payment(amount=50000, currency="GBP")
    world.pay_by_card(payment)
    await world.gateway.refund(merchant_oid=payment.merchant_oid, amount=20000, reference="R1")
    inquiry = await world.gateway.inquire(payment.merchant_oid)
    sales, refunds, net = (after - first for after, first in zip(await announced(), before, strict=True))
    assert sales == inquiry.net
    assert 0 < refunds <= 20000
    assert net == sales - refunds


async def test_a_payout_still_to_come_has_no_orders_yet(world: World) -> None:
    payment = card_payment()
    world.pay_by_card(payment)
    tomorrow = now().astimezone(ISTANBUL).date() + timedelta(days=1)
    assert (await world.gateway.payout_detail(tomorrow)).lines == ()


def sums(statement: PayoutStatement, currency: str) -> tuple[int, int, int]:
    coming = [payout for payout in statement.announced if payout.currency == currency]
    return (
        sum(payout.sales for payout in coming),
        sum(payout.refunds for payout in coming),
        sum(payout.net for payout in coming),
    )


async def test_a_payout_that_was_made_is_read_order_by_order() -> None:
    # Days pass in no live sandbox: its reporter is asked a week later, in the words of our client.
    sold_at, config, book = datetime(2026, 3, 2, 9, tzinfo=UTC), SandboxConfig(), Book()
    request = frame_request(amount=87005)
    order = Order(
        merchant=SANDBOX_MERCHANT,
        token="t",
        form=frame_form(SANDBOX_MERCHANT, request),
        created_at=sold_at,
        amount=request.amount,
    )
    order.pay(sold_at, total_amount=request.amount, installment_count=1, masked_pan="435508AAA4358")
    order.commission = commission(config, order)
    book.add(order)
    reporter, later = Reporter(config, book, FaultPlan()), sold_at + timedelta(days=7)
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    statement = reports.read_payouts(
        json.dumps(reporter.payouts(reports.payouts_form(SANDBOX_MERCHANT, first, last), later))
    )
    (payout,) = statement.paid
    asked = reports.payout_detail_form(SANDBOX_MERCHANT, payout.day)
    detail = reports.read_payout_detail(json.dumps(reporter.payout_detail(asked, later)))
    net = request.amount - order.commission
    assert (payout.sales, payout.refunds, payout.net, payout.currency) == (net, 0, net, "TRY")
    assert detail.lines == (PayoutLine(request.merchant_oid, net, "TRY"),)
