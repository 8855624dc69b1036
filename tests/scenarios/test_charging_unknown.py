"""Charges whose outcome nobody knows: asked about up the ladder, never repeated, never given up."""

from datetime import timedelta

import pytest

from app.db.models import (
    CaseKind,
    OperatorCase,
    Payment,
    PaymentStatus,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.charging.attempts import AlreadyUnderWay
from app.domain.billing.settlement.service import Outcome
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.values import Inquiry
from app.lib.clock import now
from tests.scenarios.cashier import Cashier, Debtor

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("answer_is_lost", [True, False], ids=["charged, answer lost", "never arrived"])
async def test_a_charge_without_an_answer_is_asked_about_up_the_ladder_and_never_repeated(
    cashier: Cashier, debtor: Debtor, monkeypatch: pytest.MonkeyPatch, answer_is_lost: bool
) -> None:
    at = now()
    cashier.gateway.answer_charges(*debtor.tokens, wire_status="wait_callback")
    cashier.gateway.lose_answers, cashier.gateway.unreachable = answer_is_lost, not answer_is_lost
    assert await cashier.charge(debtor, at) is PaymentStatus.UNKNOWN
    cashier.gateway.lose_answers = cashier.gateway.unreachable = False
    asked: list[str] = []
    inquire = cashier.gateway.inquire

    async def count(merchant_oid: str) -> Inquiry:
        asked.append(merchant_oid)
        return await inquire(merchant_oid)

    monkeypatch.setattr(cashier.gateway, "inquire", count)
    for number, rung in enumerate(LADDER, start=1):
        await cashier.work(at + rung - SECOND)
        assert (len(asked), await cashier.all(OperatorCase)) == (number - 1, [])
        await cashier.work(at + rung)
        assert len(asked) == number
        with pytest.raises(AlreadyUnderWay):
            await cashier.charge(debtor, at + rung)
    payment, case = await cashier.the(Payment), await cashier.the(OperatorCase)
    assert (payment.status, payment.next_inquiry_at) == (PaymentStatus.UNKNOWN, None)
    assert (case.kind, case.subject) == (CaseKind.OUTCOME_UNKNOWN, payment.merchant_oid)
    await cashier.work(at + timedelta(days=3))
    assert len(cashier.gateway.attempts) == answer_is_lost


async def test_money_that_the_ladder_finds_settles(cashier: Cashier, debtor: Debtor) -> None:
    at = now()
    cashier.gateway.lose_answers = True
    await cashier.charge(debtor, at)
    cashier.gateway.lose_answers = False
    await cashier.work(at + LADDER[0])
    assert (await cashier.the(Payment)).status is PaymentStatus.SUCCEEDED
    assert (await cashier.the(Subscription)).status is SubscriptionStatus.ACTIVE
    await cashier.work(at + timedelta(days=2))
    assert await cashier.all(OperatorCase) == []


async def test_a_case_that_the_money_answers_is_closed_by_it(cashier: Cashier, debtor: Debtor) -> None:
    at = now()
    cashier.gateway.answer_charges(*debtor.tokens, wire_status="wait_callback")
    await cashier.charge(debtor, at)
    for rung in LADDER:
        await cashier.work(at + rung)
    assert (await cashier.the(OperatorCase)).closed_at is None
    payment, late = await cashier.the(Payment), at + timedelta(days=2)
    cashier.gateway.pay(payment.merchant_oid)
    assert await cashier.callback(payment, late) is Outcome.APPLIED
    await cashier.work(late + timedelta(minutes=1))
    case = await cashier.the(OperatorCase)
    assert (case.closed_at, case.decided_by_id) == (late + timedelta(minutes=1), None)


async def test_a_sender_that_died_leaves_its_charge_to_the_questions(
    cashier: Cashier, debtor: Debtor
) -> None:
    at = now()
    payment = await cashier.write_down(debtor)
    await cashier.change(payment, status=PaymentStatus.SENT, sent_at=at, next_inquiry_at=at + LADDER[0])
    await cashier.work(at + LADDER[0] - SECOND)
    assert (await cashier.the(Payment)).status is PaymentStatus.SENT
    await cashier.work(at + LADDER[0])
    payment = await cashier.the(Payment)
    assert (payment.status, payment.next_inquiry_at) == (PaymentStatus.UNKNOWN, at + LADDER[1])
    assert cashier.gateway.attempts == {}, "it was asked about, not sent"
