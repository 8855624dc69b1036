"""Cases about outcomes nobody knows and refunds nobody made: asked again, marked, or settled by events."""

from uuid import UUID

import pytest
from sqlalchemy import select

from app.db.models import (
    AuditEntry,
    CaseKind,
    OperatorCase,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
)
from app.domain.accounts.operators import Operator
from app.domain.billing.cases import open_case, settle_case
from app.domain.billing.settlement.service import Arrival, Outcome, settle
from app.domain.jobs import Job
from app.domain.ops.case_actions import CaseAction
from app.domain.ops.case_decisions import AlreadyDecided, Decision
from app.domain.ops.case_queries import case_file
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.clock import now
from app.lib.errors import DomainError
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.domain.billing.card_desk import Desk
from tests.domain.ops.desk import NOTE, Maker, deciding, only_case, read
from tests.factories import add_case, make_customer, pay, start_checkout


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


async def test_a_refund_that_was_not_made_frees_its_amount_to_be_given_back_anew(
    session_maker: Maker, settings: Settings, operator: Operator
) -> None:
    case_id = await refunded(session_maker, settings, RefundStatus.UNKNOWN, CaseKind.OUTCOME_UNKNOWN)
    await deciding(session_maker, settings, operator, case_id, Decision(CaseAction.MARK_FAILED, NOTE))
    async with session_maker() as session:
        payment = (await session.scalars(select(Payment))).one()
        refund = (await session.scalars(select(Refund))).one()
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "refund.failed"))).one()
    assert (refund.status, payment.refund_reserved) == (RefundStatus.FAILED, 0)
    assert (entry.actor, entry.actor_id) == ("operator", operator.user.id)


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


async def test_a_case_about_storing_a_card_names_it_although_paytr_has_reported_the_payment(
    resources: Resources,
) -> None:
    desk = Desk(resources, await make_customer(resources.session_maker))
    await desk.begin()
    await desk.report(**desk.confirm(), total_amount=150)
    async with resources.session_maker() as session:
        file = await case_file(session, await only_case(resources.session_maker))
    assert file.payment is not None
    assert (len(file.payment.events), file.payment.payment) == (1, None)
    assert file.registration is not None
    assert (file.registration.merchant_oid, file.about) == (desk.oid, "card")
