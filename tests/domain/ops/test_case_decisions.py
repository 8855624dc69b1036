"""Deciding cases: lawful decisions only, once, under lock, with everything that follows."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import func, select

from app.db.models import (
    AuditEntry,
    CaseKind,
    Invoice,
    OperatorCase,
    OrderStatus,
    Payment,
    Refund,
    Subscription,
    SubscriptionStatus,
)
from app.domain.accounts.operators import Operator
from app.domain.jobs import Job
from app.domain.ops.case_actions import ACTIONS, CaseAction
from app.domain.ops.case_decisions import AlreadyDecided, Decision
from app.domain.ops.case_queries import case_file
from app.lib.clock import now
from app.lib.errors import DomainError, InvalidInput, NotFound
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.domain.ops.desk import NOTE, Maker, deciding, held, only_case, read
from tests.factories import add_case, make_customer, pay, start_checkout


def test_every_kind_of_case_has_its_decisions() -> None:
    assert set(ACTIONS) == set(CaseKind)
    assert all(ACTIONS.values())
    assert set().union(*ACTIONS.values()) == set(CaseAction)


async def test_a_decision_is_kept_with_who_made_it_when_and_why(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    case_id = await add_case(session_maker, None, CaseKind.UNKNOWN_ORDER)
    await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.CLOSE, f"  {NOTE} "))
    async with session_maker() as session:
        case = await session.get_one(OperatorCase, case_id)
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.subject == str(case_id)))).one()
    assert (case.decision, case.note, case.decided_by_id) == ("close", NOTE, operator.user.id)
    assert case.closed_at is not None
    assert (entry.action, entry.actor, entry.actor_id) == ("case.close", "operator", operator.user.id)
    assert entry.facts["note"] == NOTE


async def test_of_two_operators_who_decide_at_once_one_is_refused(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    customer = await make_customer(session_maker)
    checkout = await pay(session_maker, customer, settings)
    case_id = await add_case(session_maker, checkout.payment)
    refund = Decision(CaseAction.REFUND, NOTE, checkout.payment.amount // 4)
    outcomes = await asyncio.gather(
        *(deciding(session_maker, settings, operator, case_id, refund) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, AlreadyDecided) for outcome in outcomes) == 3
    async with session_maker() as session:
        assert await session.scalar(select(func.count()).select_from(Refund)) == 1


@pytest.mark.parametrize("note", ["", "  ", "x", "x" * 2001])
async def test_without_a_note_nothing_is_decided(
    session_maker: Maker, settings: Settings, operator: Operator, note: str
) -> None:
    case_id = await add_case(session_maker, None, CaseKind.UNKNOWN_ORDER)
    with pytest.raises(InvalidInput) as refusal:
        await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.CLOSE, note))
    assert refusal.value.field == "note"
    async with session_maker() as session:
        assert (await session.get_one(OperatorCase, case_id)).closed_at is None


async def test_a_case_that_is_not_there_is_not_found(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    nowhere = UUID("0199c0de-0000-7000-8000-000000000000")
    with pytest.raises(NotFound):
        await deciding(session_maker, settings, operator, nowhere, Decision(CaseAction.CLOSE, NOTE))


@pytest.mark.parametrize("kind", list(CaseKind))
async def test_a_kind_of_case_takes_no_decision_of_another(
    session_maker: Maker, settings: Settings, operator: Operator, kind: CaseKind
) -> None:
    case_id = await add_case(session_maker, None, kind)
    for action in set(CaseAction) - set(ACTIONS[kind]):
        with pytest.raises(DomainError):
            await deciding(session_maker, settings, operator, case_id, Decision(action, NOTE, 100))


async def test_held_money_goes_back_whole_and_leaves_nothing_to_give(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    checkout = await held(session_maker, settings, currency="USD")
    case_id = await only_case(session_maker)
    refund = Decision(CaseAction.REFUND, NOTE, checkout.payment.amount)
    assert Job.SEND_REFUND in await deciding(session_maker, settings, operator, case_id, refund)
    async with session_maker() as session:
        row = (await session.scalars(select(Refund))).one()
        assert (row.amount, row.requested_by_id) == (checkout.payment.amount, operator.user.id)
        assert (await case_file(session, case_id)).matter.left == 0


async def test_more_than_is_left_is_refused_and_the_case_stays_open(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    checkout = await held(session_maker, settings, currency="USD")
    case_id = await only_case(session_maker)
    too_much = Decision(CaseAction.REFUND, NOTE, checkout.payment.amount + 1)
    with pytest.raises(InvalidInput):
        await deciding(session_maker, settings, operator, case_id, too_much)
    async with session_maker() as session:
        assert (await session.get_one(OperatorCase, case_id)).closed_at is None
        assert await session.scalar(select(func.count()).select_from(Refund)) == 0


async def test_held_money_that_equals_its_order_can_pay_it_on_the_day_it_came(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    amount = (await start_checkout(session_maker, await make_customer(session_maker))).payment.amount
    checkout = await held(session_maker, settings, payment_amount=amount - 1)
    came = (await read(session_maker, checkout.payment.id)).succeeded_at
    case_id = await only_case(session_maker)
    jobs = await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.APPLY, NOTE))
    assert Job.RENDER_INVOICE in jobs
    async with session_maker() as session:
        payment = await session.get_one(Payment, checkout.payment.id)
        order = await session.get_one(type(checkout.order), checkout.order.id)
        subscription = await session.get_one(Subscription, order.subscription_id)
        invoice = (await session.scalars(select(Invoice))).one()
    assert (payment.is_surplus, payment.succeeded_at) == (False, came)
    assert order.status is OrderStatus.PAID
    assert subscription.status is SubscriptionStatus.ACTIVE
    assert subscription.current_period_end == invoice.period_end
    assert (invoice.total, invoice.payment_id) == (order.gross, payment.id)


async def test_money_that_is_not_the_orders_to_the_kurus_never_pays_it(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    amount = (await start_checkout(session_maker, await make_customer(session_maker))).payment.amount
    await held(session_maker, settings, total_amount=amount - 1)
    case_id = await only_case(session_maker)
    with pytest.raises(DomainError):
        await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.APPLY, NOTE))
    async with session_maker() as session:
        assert await session.scalar(select(func.count()).select_from(Invoice)) == 0


async def test_money_for_an_order_that_is_paid_cannot_pay_it_again(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    checkout = await held(session_maker, settings, payment_amount=1)
    async with unit_of_work(session_maker) as session:
        order = await session.get_one(type(checkout.order), checkout.order.id)
        order.status, order.paid_at = OrderStatus.PAID, now()
    case_id = await only_case(session_maker)
    with pytest.raises(DomainError):
        await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.APPLY, NOTE))
