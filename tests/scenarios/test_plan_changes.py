"""Changing the plan: what was shown is charged, once; nothing changes before it is paid."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.db.models import (
    CaseKind,
    Interval,
    Invoice,
    InvoiceKind,
    OperatorCase,
    Order,
    OrderStatus,
    Payment,
    PlanSlice,
)
from app.domain.billing.changes.quotes import NothingChanges
from app.domain.billing.changes.reading import NothingRuns
from app.domain.billing.changes.service import QuoteChanged, undo_pending
from app.domain.billing.charging.attempts import AlreadyUnderWay
from app.domain.billing.refunds.service import request_refund
from app.domain.billing.settlement.service import Outcome
from app.lib.errors import DomainError, InvalidInput
from app.lib.uow import unit_of_work
from app.tasks.billing import SWEEPS
from tests.scenarios.cashier import Cashier
from tests.scenarios.planner import make_planner

STARTER, TEAM, ENTERPRISE = 87_000, 297_000, 897_000
START = datetime(2027, 6, 1, 9, 30, 0, 123_456, tzinfo=UTC)
END = datetime(2027, 7, 1, 9, 30, 0, 123_456, tzinfo=UTC)
MIDDLE = START + timedelta(days=15)
LATER = START + timedelta(days=22, hours=12)


async def test_upgrade_upgrade_downgrade_undo(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    first = await planner.change("team", "month", MIDDLE)
    second = await planner.change("enterprise", "month", LATER)
    assert (first.gross, second.gross) == (105_000, 150_000), "each the rest of the period, to the kuruş"
    subscription = await planner.subscription()
    assert (subscription.plan_code, subscription.interval) == ("enterprise", Interval.MONTH)
    assert (subscription.current_period_start, subscription.current_period_end) == (START, END)
    invoices = [(invoice.total, invoice.period_start) for invoice in await cashier.all(Invoice)]
    assert invoices == [(STARTER, START), (105_000, MIDDLE), (150_000, LATER)]

    seen = await planner.preview("starter", "month", LATER)
    assert (seen.quote.gross, seen.quote.at, seen.quote.period.end) == (0, END, END + timedelta(days=31))
    await planner.confirm(seen, LATER)
    subscription = await planner.subscription()
    assert (subscription.plan_code, subscription.pending_price_id) == ("enterprise", seen.quote.price.id)
    async with unit_of_work(cashier.resources.session_maker) as session:
        await undo_pending(session, await planner.customer.viewer(session), at=LATER)
    assert (await planner.subscription()).pending_price_id is None
    assert (await planner.books())["revenue"] == -(72_500 + 87_500 + 125_000)


async def test_paying_for_more_forgets_the_smaller_plan_that_was_to_come(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, plan="team")
    await planner.confirm(await planner.preview("starter", "month", MIDDLE), MIDDLE)
    await planner.change("enterprise", "month", LATER)
    assert (await planner.subscription()).pending_price_id is None


async def test_a_year_begins_anew_and_what_is_left_of_the_month_pays_a_part_of_it(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, plan="team")
    found = await planner.change("team", "year", MIDDLE)
    assert (found.gross, found.unused, found.credit, found.due) == (2_970_000, 148_500, 148_500, 2_821_500)
    subscription = await planner.subscription()
    assert subscription.anchor_at == subscription.current_period_start == MIDDLE
    assert subscription.current_period_end == MIDDLE.replace(year=2028)
    note = next(one for one in await cashier.all(Invoice) if one.kind is InvoiceKind.CREDIT_NOTE)
    assert (note.net, note.vat, note.total) == (123_750, 24_750, 148_500)
    assert await planner.credit() == 0
    assert await planner.books() == {
        "paytr_clearing": TEAM + 2_821_500,
        "revenue": -(247_500 + 2_475_000 - 123_750),
        "vat_payable": -(49_500 + 495_000 - 24_750),
    }
    with pytest.raises(NothingChanges):
        await planner.preview("team", "year", LATER)


async def test_what_became_credit_is_not_given_back_as_money_too(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, plan="team")
    (month,) = await cashier.all(Payment)
    await planner.change("team", "year", MIDDLE)
    (invoice,) = [one for one in await cashier.all(Invoice) if one.payment_id == month.id]
    assert 0 < invoice.credited < invoice.total
    left = invoice.total - invoice.credited

    async def give_back(amount: int) -> None:
        async with unit_of_work(cashier.resources.session_maker) as session:
            await request_refund(
                session, month.id, amount=amount, reason="goodwill", requested_by_id=None, at=MIDDLE
            )

    with pytest.raises(InvalidInput, match="credit already"):
        await give_back(left + 1)
    await give_back(left)
    with pytest.raises(InvalidInput, match="credit already"):
        await give_back(1)
    cashier.gateway.clock = lambda: MIDDLE
    await SWEEPS["sweep_refunds"](cashier.resources, MIDDLE + timedelta(minutes=1))
    assert (await planner.books()).get("refunds_payable", 0) == 0
    assert [note.total for note in await cashier.all(Invoice) if note.refund_id] == [left]


async def test_credit_that_is_left_over_is_used_first_next_time(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, plan="starter")
    await planner.change("starter", "year", START)
    found = await planner.change("team", "month", START + timedelta(days=1))
    assert (found.due, found.credit, found.unused) == (0, TEAM, 867_623)
    assert await planner.credit() == 867_623 - TEAM
    subscription = await planner.subscription()
    assert (subscription.plan_code, subscription.interval) == ("team", Interval.MONTH)
    more = await planner.change("enterprise", "month", START + timedelta(days=16))
    assert (more.gross, more.credit, more.due) == (300_000, 300_000, 0)
    assert await planner.credit() == 867_623 - TEAM - 300_000
    await planner.books()
    assert await cashier.all(OperatorCase) == []


async def test_a_period_that_is_paid_ahead_is_raised_with_the_running_one(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    await cashier.buy(planner.customer, MIDDLE, plan="starter")
    found = await planner.change("team", "month", MIDDLE)
    assert found.gross == 105_000 + 210_000
    again = await planner.change("enterprise", "month", LATER)
    assert again.gross == 150_000 + 600_000
    assert len(await cashier.all(PlanSlice)) == 6
    back = await planner.change("enterprise", "year", LATER)
    assert back.unused == ENTERPRISE // 4 + ENTERPRISE
    await planner.books()
    assert (await planner.subscription()).current_period_start == LATER
    assert (await planner.preview("team", "year", LATER)).quote.at == LATER.replace(year=2028)


async def test_a_decline_changes_nothing_and_the_next_try_is_a_new_order(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    done = await planner.confirm(await planner.preview("team", "month", MIDDLE), MIDDLE)
    assert done.payment is not None
    decline = {"status": "failed", "total_amount": 0, "failed_reason_code": "0"}
    assert await cashier.callback(done.payment, MIDDLE, **decline) is Outcome.DECLINED
    assert (await planner.subscription()).plan_code == "starter"
    later = await planner.change("team", "month", LATER)
    assert later.gross == 52_500
    assert await planner.orders() == [
        ("purchase", "paid", STARTER),
        ("change", "canceled", 105_000),
        ("change", "paid", 52_500),
    ]


async def test_what_is_paid_after_the_period_has_ended_is_held(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    done = await planner.confirm(await planner.preview("team", "month", MIDDLE), MIDDLE)
    assert done.payment is not None
    assert await cashier.callback(done.payment, END) is Outcome.HELD
    assert (await cashier.the(OperatorCase)).kind is CaseKind.ORDER_LAPSED
    assert (await planner.subscription()).plan_code == "starter"
    assert (await planner.books())["refunds_payable"] == -105_000


async def test_what_is_paid_after_another_change_is_held(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    done = await planner.confirm(await planner.preview("team", "month", MIDDLE), MIDDLE)
    assert done.payment is not None
    await cashier.change(done.payment, status="failed", failed_at=MIDDLE)
    await planner.change("enterprise", "month", LATER)
    assert await cashier.callback(done.payment, LATER) is Outcome.HELD
    assert (await planner.subscription()).plan_code == "enterprise"


async def test_a_double_click_makes_one_order_and_one_charge(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    seen = await planner.preview("team", "month", MIDDLE)
    later = MIDDLE + timedelta(seconds=1)
    done = await asyncio.gather(*(planner.confirm(seen, later) for _ in range(4)))
    assert len({one.payment.id for one in done if one.payment}) == 1
    assert len(await cashier.all(Order)) == len(await cashier.all(Payment)) == 2


async def test_what_credit_pays_is_done_once_however_often_it_is_confirmed(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    await planner.change("starter", "year", START)
    seen = await planner.preview("team", "month", MIDDLE)
    assert seen.quote.due == 0
    done = await asyncio.gather(*(planner.confirm(seen, MIDDLE) for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in done].count(NothingChanges) == 2
    assert [kind for kind, _, _ in await planner.orders()].count("change") == 2


async def test_while_a_charge_is_undecided_no_other_change_is_taken(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    await planner.confirm(await planner.preview("team", "month", MIDDLE), MIDDLE)
    for plan, interval in (("enterprise", "month"), ("team", "month")):
        with pytest.raises(AlreadyUnderWay):
            await planner.confirm(await planner.preview(plan, interval, LATER), LATER)


async def test_without_a_card_the_order_waits_for_the_checkout(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, with_card=False)
    seen = await planner.preview("team", "month", MIDDLE)
    done = await planner.confirm(seen, MIDDLE)
    assert (seen.card, done.payment) == (None, None)
    assert done.order is not None
    assert (done.order.status, done.order.due) == (OrderStatus.OPEN, 105_000)


async def test_a_promise_that_has_ended_or_does_not_hold_is_not_kept(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    seen = await planner.preview("team", "month", MIDDLE)
    with pytest.raises(QuoteChanged):
        await planner.confirm(seen, MIDDLE + timedelta(minutes=11))
    await cashier.buy(planner.customer, MIDDLE, plan="starter")
    with pytest.raises(QuoteChanged):
        await planner.confirm(seen, MIDDLE + timedelta(minutes=1))
    assert [kind for kind, _, _ in await planner.orders()] == ["purchase", "purchase"]


async def test_a_smaller_plan_is_no_choice_while_the_subscription_is_to_end(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, plan="team")
    await cashier.change(await planner.subscription(), cancel_at_period_end=True)
    with pytest.raises(DomainError, match="Resume"):
        await planner.preview("starter", "month", MIDDLE)
    assert (await planner.preview("enterprise", "month", MIDDLE)).takes_back_cancellation


async def test_nothing_can_be_changed_when_nothing_paid_runs(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    with pytest.raises(NothingRuns):
        await planner.preview("team", "month", END)


async def test_the_renewal_brings_the_smaller_plan_and_uses_credit_first(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, plan="starter")
    await planner.change("starter", "year", START + timedelta(days=1))
    await planner.change("team", "month", MIDDLE)
    left = await planner.credit()
    await planner.confirm(await planner.preview("starter", "month", LATER), LATER)
    end = (await planner.subscription()).current_period_end
    assert end == MIDDLE.replace(month=7)
    await cashier.work(end + timedelta(minutes=1))
    subscription = await planner.subscription()
    assert (subscription.plan_code, subscription.pending_price_id) == ("starter", None)
    assert (subscription.current_period_start, subscription.status.value) == (end, "active")
    assert await planner.credit() == left - STARTER
    await planner.books()
