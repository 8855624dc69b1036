"""Deciding cases: lawful decisions only, once, under lock, with everything that follows."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    AuditEntry,
    CaseKind,
    Invoice,
    OperatorCase,
    OrderStatus,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    Subscription,
    SubscriptionStatus,
)
from app.domain.accounts.operators import Operator
from app.domain.billing.cases import open_case, settle_case
from app.domain.billing.checkout import Checkout
from app.domain.billing.settlement import Arrival, Outcome, settle
from app.domain.jobs import Job
from app.domain.ops.case_actions import ACTIONS, CaseAction
from app.domain.ops.case_decisions import AlreadyDecided, Decision, decide
from app.domain.ops.case_queries import case_file
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.clock import now
from app.lib.errors import DomainError, InvalidInput, NotFound
from app.lib.settings import Settings
from app.lib.uow import DEFERRED, unit_of_work
from tests.factories import add_case, make_customer, make_operator, pay, start_checkout

Maker = async_sessionmaker[AsyncSession]
NOTE = "PayTR's panel shows the same."


@pytest.fixture
async def operator(session_maker: Maker) -> Operator:
    return Operator((await make_operator(session_maker)).user)


async def settled(session_maker: Maker, settings: Settings, checkout: Checkout, **fields: object) -> Outcome:
    """Let PayTR report a success for a checkout, with fields that may not fit."""
    described = {"status": "success", "total_amount": checkout.payment.amount, **fields}
    message = PaytrCallback(merchant_oid=checkout.payment.merchant_oid, **described)  # type: ignore[arg-type]  # fields vary by test
    async with unit_of_work(session_maker) as session:
        return await settle(session, Arrival(message, {}), settings=settings, at=now())


async def held(session_maker: Maker, settings: Settings, **fields: object) -> Checkout:
    """Return a checkout whose money is held."""
    checkout = await start_checkout(session_maker, await make_customer(session_maker))
    assert await settled(session_maker, settings, checkout, **fields) is Outcome.HELD
    return checkout


async def only_case(session_maker: Maker) -> UUID:
    async with session_maker() as session:
        return (await session.scalars(select(OperatorCase.id))).one()


async def deciding(
    session_maker: Maker, settings: Settings, operator: Operator, case_id: UUID, decision: Decision
) -> list[str]:
    """Carry a decision out and return the jobs that left with it."""
    async with unit_of_work(session_maker) as session:
        await decide(session, operator, case_id, decision, settings=settings, at=now())
        return [deferred.job for deferred in session.info.get(DEFERRED, [])]


async def read(session_maker: Maker, payment_id: UUID) -> Payment:
    async with session_maker() as session:
        return await session.get_one(Payment, payment_id)


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


async def unknown(session_maker: Maker) -> tuple[Payment, UUID]:
    """Return a payment that PayTR has not answered about, and its case."""
    checkout = await start_checkout(session_maker, await make_customer(session_maker))
    async with unit_of_work(session_maker) as session:
        payment = await session.get_one(Payment, checkout.payment.id)
        payment.status, payment.next_inquiry_at, payment.inquiries = PaymentStatus.UNKNOWN, None, 6
    return payment, await add_case(session_maker, payment, CaseKind.OUTCOME_UNKNOWN)


async def test_asking_again_goes_out_at_once_and_leaves_the_case_open(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    payment, case_id = await unknown(session_maker)
    jobs = await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.ASK_AGAIN, NOTE))
    assert jobs == [Job.INQUIRE_PAYMENT]
    asked = await read(session_maker, payment.id)
    assert asked.next_inquiry_at is not None
    assert asked.next_inquiry_at <= now()
    async with session_maker() as session:
        file = await case_file(session, case_id)
    assert file.row.case.closed_at is None
    assert [entry.action for entry, _ in file.trail] == ["case.ask_again"]


async def test_a_payment_marked_as_failed_frees_its_order_and_late_money_still_settles_it(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    payment, case_id = await unknown(session_maker)
    await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.MARK_FAILED, NOTE))
    assert (await read(session_maker, payment.id)).status is PaymentStatus.FAILED
    message = PaytrCallback(merchant_oid=payment.merchant_oid, status="success", total_amount=payment.amount)
    async with unit_of_work(session_maker) as session:
        assert await settle(session, Arrival(message, {}), settings=settings, at=now()) is Outcome.APPLIED


async def test_an_outcome_that_came_meanwhile_leaves_only_the_closing(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    payment, case_id = await unknown(session_maker)
    async with unit_of_work(session_maker) as session:
        (await session.get_one(Payment, payment.id)).status = PaymentStatus.EXPIRED
    async with session_maker() as session:
        assert (await case_file(session, case_id)).matter.actions == [CaseAction.CLOSE]
    with pytest.raises(DomainError):
        await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.MARK_FAILED, NOTE))


async def refunded(session_maker: Maker, settings: Settings, status: RefundStatus, kind: CaseKind) -> UUID:
    """Return the case of a refund of 100 kuruş that stands at `status`."""
    checkout = await pay(session_maker, await make_customer(session_maker), settings)
    async with unit_of_work(session_maker) as session:
        payment = await session.get_one(Payment, checkout.payment.id)
        failed = status is RefundStatus.FAILED
        payment.refund_reserved = 0 if failed else 100
        refund = Refund(
            company_id=payment.company_id,
            payment_id=payment.id,
            reference="TZRREFUSED",
            amount=100,
            currency="TRY",
            reason="asked for",
            status=status,
            failed_at=now() if failed else None,
        )
        session.add(refund)
        facts = {"merchant_oid": payment.merchant_oid, "reference": refund.reference}
        await open_case(session, kind, refund.reference, company_id=payment.company_id, facts=facts, at=now())
    return await only_case(session_maker)


async def test_a_refused_refund_is_sent_again_as_a_new_one(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    case_id = await refunded(session_maker, settings, RefundStatus.FAILED, CaseKind.REFUND_REFUSED)
    jobs = await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.TRY_AGAIN, NOTE))
    assert Job.SEND_REFUND in jobs
    async with session_maker() as session:
        refunds = list(await session.scalars(select(Refund).order_by(Refund.id)))
        payment = (await session.scalars(select(Payment))).one()
    assert [(refund.status, refund.amount) for refund in refunds] == [
        (RefundStatus.FAILED, 100),
        (RefundStatus.CREATED, 100),
    ]
    assert payment.refund_reserved == 100


async def test_a_refund_nobody_answered_about_is_counted_as_the_operator_found_it(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    case_id = await refunded(session_maker, settings, RefundStatus.UNKNOWN, CaseKind.OUTCOME_UNKNOWN)
    await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.MARK_RETURNED, NOTE))
    async with session_maker() as session:
        payment = (await session.scalars(select(Payment))).one()
        refund = (await session.scalars(select(Refund))).one()
    assert (refund.status, payment.refunded) == (RefundStatus.SUCCEEDED, 100)
    assert payment.status is PaymentStatus.PARTLY_REFUNDED


async def test_a_refund_that_was_not_made_frees_its_amount_and_asks_what_instead(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    case_id = await refunded(session_maker, settings, RefundStatus.UNKNOWN, CaseKind.OUTCOME_UNKNOWN)
    await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.MARK_FAILED, NOTE))
    async with session_maker() as session:
        payment = (await session.scalars(select(Payment))).one()
        still_open = select(OperatorCase.kind).where(OperatorCase.closed_at.is_(None))
        assert list(await session.scalars(still_open)) == [CaseKind.REFUND_REFUSED]
    assert payment.refund_reserved == 0


async def test_what_events_have_settled_is_closed_by_nobody_and_once(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    _payment, case_id = await unknown(session_maker)
    async with session_maker() as session:
        case = await session.get_one(OperatorCase, case_id)
    for note in ("first", "second"):
        async with unit_of_work(session_maker) as session:
            await settle_case(session, case.kind, case.subject, decision="settled", note=note, at=now())
    with pytest.raises(AlreadyDecided):
        await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.ASK_AGAIN, NOTE))
    async with session_maker() as session:
        case = await session.get_one(OperatorCase, case_id)
    assert (case.note, case.decided_by_id) == ("first", None)
