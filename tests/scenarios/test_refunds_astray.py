"""Refunds whose answer goes astray: asked about, sent again only when that is safe, else left to a person."""

from datetime import timedelta

import pytest

from app.db.models import AuditEntry, CaseKind, OperatorCase, Payment, PaymentStatus, Refund, RefundStatus
from app.domain.billing.refunds.outcomes import fail, succeed
from app.domain.billing.refunds.rules import Entry
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.values import Inquiry, Returned
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.scenarios.till import PRICE, RUNGS, Mood, Till, open_till


@pytest.fixture
async def till(resources: Resources) -> Till:
    return await open_till(resources)


async def test_an_answer_lost_after_the_money_went_back_is_found_and_nothing_is_sent_again(
    till: Till,
) -> None:
    till.gateway.line.refunds = [Mood.LOST_AFTER]
    refund = await till.send(await till.ask())
    assert (refund.status, refund.next_attempt_at) == (RefundStatus.UNKNOWN, till.start + LADDER[0])
    assert await till.sums() == (PaymentStatus.SUCCEEDED, 100_000, 0)
    early = await till.send(refund, LADDER[0] - timedelta(seconds=1))
    assert (early.status, till.gateway.calls["inquire"]) == (RefundStatus.UNKNOWN, 0)
    found = await till.send(refund, RUNGS[1])
    assert (found.status, found.returned) == (RefundStatus.SUCCEEDED, 100_000)
    assert till.gateway.calls == {"refund": 1, "inquire": 1}
    assert await till.sums() == (PaymentStatus.PARTLY_REFUNDED, 100_000, 100_000)
    assert len(await till.mails()) == 1


async def test_a_request_that_never_arrived_is_sent_again_after_two_questions_under_its_reference(
    till: Till,
) -> None:
    till.gateway.line.refunds = [Mood.LOST_BEFORE]
    refund = await till.send(await till.ask())
    once = await till.send(refund, RUNGS[1])
    assert (once.status, once.inquiries, till.gateway.calls["refund"]) == (RefundStatus.UNKNOWN, 1, 1)
    again = await till.send(refund, RUNGS[2])
    assert again.status is RefundStatus.SUCCEEDED
    assert till.gateway.given_back(till.oid) == {refund.reference: [100_000]}
    assert till.gateway.calls["refund"] == 2


async def test_a_question_without_an_answer_counts_for_nothing(till: Till) -> None:
    till.gateway.line.refunds = [Mood.LOST_BEFORE]
    till.gateway.line.inquiries = [Mood.LOST_BEFORE]
    refund = await till.send(await till.ask())
    for rung in RUNGS[1:3]:
        refund = await till.send(refund, rung)
    assert (refund.inquiries, till.gateway.calls["refund"]) == (1, 1)
    assert (await till.send(refund, RUNGS[3])).status is RefundStatus.SUCCEEDED
    assert till.gateway.calls["refund"] == 2


@pytest.mark.parametrize(
    "answer",
    [
        Inquiry(found=False, raw="{}"),
        Inquiry(found=True, raw="{}", returns=(Returned(100_000, None),)),
        Inquiry(found=True, raw="{}", returns=(Returned(500, "PANEL1"),)),
    ],
    ids=["knows no payment", "lists one without a name", "lists one that is not ours"],
)
async def test_what_paytr_leaves_open_is_never_sent_again_and_ends_with_a_person(
    till: Till, answer: Inquiry
) -> None:
    async def inquire(merchant_oid: str) -> Inquiry:
        return answer

    till.gateway.line.refunds = [Mood.LOST_AFTER]
    refund = await till.ask()
    till.gateway.inquire = inquire  # type: ignore[method-assign]  # an answer the book cannot give
    refund = await till.climb(refund)
    assert (refund.status, refund.attempts) == (RefundStatus.UNKNOWN, len(LADDER) + 1)
    assert till.gateway.calls["refund"] == 1
    case = await till.shop.the(OperatorCase)
    assert (case.kind, case.subject) == (CaseKind.OUTCOME_UNKNOWN, refund.reference)
    assert await till.sums() == (PaymentStatus.SUCCEEDED, 100_000, 0), "still reserved"
    assert (await till.actions())[-1] == "refund.unresolved"


async def test_a_line_that_stays_dead_ends_with_a_person_after_the_ladder(till: Till) -> None:
    refund = await till.ask()
    till.gateway.line.refunds = till.gateway.line.inquiries = [Mood.LOST_BEFORE] * 20
    assert (await till.climb(refund)).status is RefundStatus.UNKNOWN
    assert till.gateway.given_back(till.oid) == {}
    case = await till.shop.the(OperatorCase)
    assert case.opened_at == till.start + RUNGS[-1]
    assert case.facts["merchant_oid"] == till.oid


async def test_a_refusal_proves_nothing_about_an_earlier_request_without_an_answer(till: Till) -> None:
    """The first request arrives late: unseen by two questions, found by the third."""
    till.gateway.line.refunds = [Mood.LOST_BEFORE, "009"]
    refund = await till.send(await till.ask(PRICE))
    for rung in RUNGS[1:3]:
        refund = await till.send(refund, rung)
    assert (refund.status, refund.error_code, refund.unanswered) == (RefundStatus.UNKNOWN, "009", 1)
    assert await till.sums() == (PaymentStatus.SUCCEEDED, PRICE, 0), "still reserved"
    till.gateway.attempts[till.oid].give_back(PRICE, refund.reference, till.start)
    assert (await till.send(refund, RUNGS[3])).status is RefundStatus.SUCCEEDED
    assert await till.sums() == (PaymentStatus.REFUNDED, PRICE, PRICE)
    assert await till.shop.all(OperatorCase) == []


async def test_a_refund_that_paytr_made_twice_is_recorded_as_twice_and_laid_before_a_person(
    till: Till,
) -> None:
    till.gateway.line.refunds = [Mood.LOST_AFTER]
    refund = await till.send(await till.ask())
    till.gateway.attempts[till.oid].give_back(100_000, refund.reference, till.start)
    refund = await till.send(refund, RUNGS[1])
    assert (refund.status, refund.amount, refund.returned) == (RefundStatus.SUCCEEDED, 100_000, 200_000)
    assert await till.sums() == (PaymentStatus.PARTLY_REFUNDED, 200_000, 200_000)
    case = await till.shop.the(OperatorCase)
    assert (case.kind, case.facts["listed"], case.facts["entries"]) == (CaseKind.AMOUNT_DIFFERS, 200_000, 2)


async def test_half_a_refund_is_recorded_as_half_and_the_rest_is_free_again(till: Till) -> None:
    till.gateway.line.refunds = [Mood.LOST_BEFORE]
    refund = await till.send(await till.ask(100_000))
    till.gateway.attempts[till.oid].give_back(50_000, refund.reference, till.start)
    assert (await till.send(refund, RUNGS[1])).returned == 50_000
    assert await till.sums() == (PaymentStatus.PARTLY_REFUNDED, 50_000, 50_000)
    assert (await till.shop.the(OperatorCase)).kind is CaseKind.AMOUNT_DIFFERS


async def left_to_a_person(till: Till) -> Refund:
    """Return a refund that PayTR has made and says nothing of, at the ladder's end."""
    till.gateway.line.refunds = [Mood.LOST_AFTER]
    till.gateway.line.inquiries = [Mood.LOST_BEFORE] * len(LADDER)
    refund = await till.climb(await till.ask())
    assert (refund.status, refund.next_attempt_at) == (RefundStatus.UNKNOWN, None)
    return refund


async def test_what_paytr_tells_after_all_closes_the_case(till: Till) -> None:
    refund = await left_to_a_person(till)
    later = till.start + timedelta(days=3)
    async with unit_of_work(till.shop.resources.session_maker) as session:
        (await session.get_one(Refund, refund.id)).next_attempt_at = later  # an operator asks again
    assert (await till.send(refund, timedelta(days=3))).status is RefundStatus.SUCCEEDED
    case = await till.shop.the(OperatorCase)
    assert (case.decision, case.decided_by_id, case.closed_at) == ("settled", None, later)
    assert till.gateway.calls["refund"] == 1


@pytest.mark.parametrize("made", [True, False])
async def test_what_a_person_has_seen_at_paytr_decides_in_their_name(till: Till, made: bool) -> None:
    refund, operator = await left_to_a_person(till), till.customer.user
    async with unit_of_work(till.shop.resources.session_maker) as session:
        payment = await session.get_one(Payment, refund.payment_id, with_for_update=True)
        refund = await session.get_one(Refund, refund.id, with_for_update=True)
        if made:
            seen = Entry(refund.amount, count=1)
            await succeed(
                session,
                payment,
                refund,
                seen,
                settings=till.shop.resources.settings,
                at=till.start,
                decided_by_id=operator.id,
            )
        else:
            await fail(session, payment, refund, at=till.start, decided_by_id=operator.id)
    assert await till.sums() == (
        (PaymentStatus.PARTLY_REFUNDED, 100_000, 100_000) if made else (PaymentStatus.SUCCEEDED, 0, 0)
    )
    entry: AuditEntry = (await till.shop.all(AuditEntry))[-1]
    assert entry.action == ("refund.succeeded" if made else "refund.failed")
    assert (entry.actor, entry.actor_id) == ("operator", operator.id)
    assert len(await till.mails()) == made
