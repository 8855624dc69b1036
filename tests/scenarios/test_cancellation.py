"""Ending a subscription: with its period or at once, taken back, and what still arrives afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.db.models import (
    CaseKind,
    EmailMessage,
    Invoice,
    InvoiceKind,
    OperatorCase,
    Refund,
    SubscriptionStatus,
    Workspace,
    WorkspaceStatus,
)
from app.domain.billing.cancellation.service import (
    AmountChanged,
    Outlook,
    cancel_at_period_end,
    cancel_now,
    outlook,
    resume,
    sealed,
)
from app.domain.billing.refunds.service import send_refund
from app.domain.billing.settlement.service import Outcome
from app.lib.errors import DomainError
from app.lib.uow import unit_of_work
from tests.factories import add_workspace, make_customer
from tests.scenarios.cashier import Cashier
from tests.scenarios.planner import Planner, make_planner

STARTER, TEAM = 87_000, 297_000
START = datetime(2027, 6, 1, 9, 30, tzinfo=UTC)
END = datetime(2027, 7, 1, 9, 30, tzinfo=UTC)
MIDDLE = START + timedelta(days=15)
LATER = START + timedelta(days=22, hours=12)


async def look(planner: Planner, at: datetime) -> Outlook:
    async with planner.cashier.resources.session_maker() as session:
        return await outlook(
            session,
            await planner.customer.viewer(session),
            settings=planner.cashier.resources.settings,
            at=at,
        )


async def end_now(planner: Planner, at: datetime, seen: Outlook | None = None) -> None:
    settings = planner.cashier.resources.settings
    shown = seen or await look(planner, at)
    token = sealed(shown.leaving, settings, expires_at=at + timedelta(minutes=10))
    async with unit_of_work(planner.cashier.resources.session_maker) as session:
        await cancel_now(session, await planner.customer.viewer(session), token, settings=settings, at=at)


async def end_with_period(planner: Planner, at: datetime) -> None:
    settings = planner.cashier.resources.settings
    async with unit_of_work(planner.cashier.resources.session_maker) as session:
        viewer = await planner.customer.viewer(session)
        await cancel_at_period_end(session, viewer, settings=settings, at=at)


async def take_back(planner: Planner, at: datetime) -> None:
    settings = planner.cashier.resources.settings
    async with unit_of_work(planner.cashier.resources.session_maker) as session:
        await resume(session, await planner.customer.viewer(session), settings=settings, at=at)


async def send_refunds(cashier: Cashier, at: datetime) -> list[tuple[str, int]]:
    """Let the refunds be sent; return state and amount of each."""
    resources = cashier.resources
    for refund in await cashier.all(Refund):
        await send_refund(resources.session_maker, resources.gateway, resources.settings, refund.id, at=at)
    return [(refund.status.value, refund.amount) for refund in await cashier.all(Refund)]


async def letters(cashier: Cashier) -> list[str]:
    mails: list[EmailMessage] = await cashier.all(EmailMessage)
    return [mail.template for mail in mails if mail.template.startswith(("cancellation", "subscription"))]


async def test_cancel_resume_and_cancel_again(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, plan="team")
    await planner.confirm(await planner.preview("starter", "month", MIDDLE), MIDDLE)
    for _ in range(2):
        await end_with_period(planner, MIDDLE)
    subscription = await planner.subscription()
    assert subscription.cancel_at_period_end
    assert (subscription.status, subscription.pending_price_id) == (SubscriptionStatus.ACTIVE, None)
    assert subscription.grants_access(END - timedelta(seconds=1))
    assert not subscription.grants_access(END)
    for _ in range(2):
        await take_back(planner, LATER)
    assert not (await planner.subscription()).cancel_at_period_end
    await end_with_period(planner, LATER)
    assert await letters(cashier) == ["cancellation_noted", "cancellation_undone", "cancellation_noted"]
    with pytest.raises(DomainError, match="has ended"):
        await take_back(planner, END)


async def test_ending_at_once_gives_back_what_was_not_used_and_stops_everything(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, plan="team")
    workspace = await add_workspace(cashier.resources.session_maker, planner.customer, "shop")
    shown = await look(planner, MIDDLE)
    assert (shown.leaving.refunded, shown.leaving.credited) == (148_500, 0)
    await end_now(planner, MIDDLE + timedelta(minutes=3), shown)
    subscription = await planner.subscription()
    assert (subscription.status, subscription.canceled_at) == (
        SubscriptionStatus.CANCELED,
        MIDDLE + timedelta(minutes=3),
    )
    assert subscription.data_kept_until == MIDDLE + timedelta(minutes=3, days=30)
    assert not subscription.grants_access(MIDDLE + timedelta(minutes=3))
    assert (await cashier.the(Workspace)).status is WorkspaceStatus.STOPPING
    assert workspace.status is WorkspaceStatus.READY
    assert await letters(cashier) == ["subscription_ended_now"]
    assert await send_refunds(cashier, MIDDLE + timedelta(minutes=4)) == [("succeeded", 148_500)]
    note = next(one for one in await cashier.all(Invoice) if one.kind is InvoiceKind.CREDIT_NOTE)
    assert (note.total, note.net, note.vat) == (148_500, 123_750, 24_750)
    assert await planner.books() == {
        "paytr_clearing": 148_500,
        "revenue": -123_750,
        "vat_payable": -24_750,
    }
    await cashier.buy(planner.customer, LATER, plan="team")
    assert (await planner.subscription()).status is SubscriptionStatus.ACTIVE


async def test_a_double_click_gives_back_once(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    shown = await look(planner, MIDDLE)
    await asyncio.gather(*(end_now(planner, MIDDLE, shown) for _ in range(3)))
    assert await send_refunds(cashier, MIDDLE) == [("succeeded", 43_500)]
    assert await letters(cashier) == ["subscription_ended_now"]


async def test_what_credit_paid_becomes_credit_again_and_the_card_gets_its_part(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START, plan="team")
    await planner.change("team", "year", MIDDLE)
    shown = await look(planner, MIDDLE)
    assert (shown.leaving.refunded, shown.leaving.credited) == (2_821_500, 148_500)
    await end_now(planner, MIDDLE, shown)
    assert await send_refunds(cashier, MIDDLE) == [("succeeded", 2_821_500)]
    assert await planner.credit() == 148_500
    books = await planner.books()
    assert (books["revenue"], books["vat_payable"]) == (-123_750, -24_750), "half a month was used"


async def test_several_payments_of_a_period_go_back_newest_first(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    await planner.change("team", "month", MIDDLE)
    await planner.change("enterprise", "month", LATER)
    await end_now(planner, LATER)
    assert await send_refunds(cashier, LATER) == [("succeeded", 150_000), ("succeeded", 74_250)]
    await planner.books()


async def test_a_charge_that_is_under_way_when_it_ends_is_held(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    done = await planner.confirm(await planner.preview("team", "month", MIDDLE), MIDDLE)
    assert done.payment is not None
    await end_now(planner, MIDDLE)
    assert (await planner.orders())[1][:2] == ("change", "canceled")
    assert await cashier.callback(done.payment, LATER) is Outcome.HELD
    assert (await cashier.the(OperatorCase)).kind is CaseKind.ORDER_LAPSED
    assert (await planner.subscription()).status is SubscriptionStatus.CANCELED


async def test_less_than_was_shown_is_not_given_back_in_silence(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    shown = await look(planner, MIDDLE)
    await planner.change("team", "month", MIDDLE)
    with pytest.raises(AmountChanged):
        await end_now(planner, MIDDLE, shown)
    assert (await planner.subscription()).status is SubscriptionStatus.ACTIVE


@pytest.mark.parametrize("state", [SubscriptionStatus.TRIALING, SubscriptionStatus.SUSPENDED])
async def test_what_was_never_paid_ends_at_once_and_only_at_once(
    cashier: Cashier, state: SubscriptionStatus
) -> None:
    planner = Planner(cashier, await make_customer(cashier.resources.session_maker, at=START))
    await cashier.change(await planner.subscription(), status=state)
    with pytest.raises(DomainError, match="can end now"):
        await end_with_period(planner, START)
    await end_now(planner, START)
    assert (await planner.subscription()).status is SubscriptionStatus.CANCELED
    assert await cashier.all(Refund) == []


async def test_an_unpaid_renewal_is_owed_no_more(cashier: Cashier) -> None:
    planner = await make_planner(cashier, START)
    subscription = await planner.subscription()
    await cashier.change(
        subscription, status=SubscriptionStatus.PAST_DUE, past_due_since=END, next_attempt_at=END
    )
    await end_now(planner, END + timedelta(days=1))
    ended = await planner.subscription()
    assert (ended.status, ended.next_attempt_at) == (SubscriptionStatus.CANCELED, None)
