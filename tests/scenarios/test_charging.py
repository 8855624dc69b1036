"""Charging a stored card: one attempt at a time, nothing given up unasked, nobody charged twice."""

import asyncio
from datetime import timedelta

import pytest

from app.db.models import (
    AuditEntry,
    EmailMessage,
    Invoice,
    OperatorCase,
    Order,
    OrderStatus,
    Payment,
    PaymentChannel,
    PaymentStatus,
    StoredCard,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.charging.attempts import (
    QUEUE_TIME,
    SEND_WITHIN,
    AlreadyUnderWay,
    CardUnfit,
)
from app.domain.billing.charging.service import request_charge, send_charge
from app.domain.billing.settlement.service import Outcome
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.declines import reason_of
from app.domain.payments.paytr.reasons import DeclineKind
from app.domain.payments.values import ChargeAnswer, PaymentRequest
from app.lib.clock import now
from app.lib.crypto import Encrypted
from app.lib.errors import DomainError
from app.lib.uow import unit_of_work
from tests.factories import make_customer
from tests.scenarios.cashier import Cashier, Debtor
from tests.worker import drain

SECOND = timedelta(seconds=1)


async def test_a_charge_that_the_callback_confirms_activates_and_is_invoiced_once(
    cashier: Cashier, debtor: Debtor
) -> None:
    at = now()
    assert await cashier.charge(debtor, at) is PaymentStatus.WAITING, "the callback has the last word"
    payment = await cashier.the(Payment)
    assert (payment.channel, payment.card_id) == (PaymentChannel.STORED_CARD, debtor.card.id)
    assert (payment.amount, payment.sent_at) == (debtor.order.gross, at)
    assert await cashier.callback(payment, at + SECOND) is Outcome.APPLIED
    assert await cashier.callback(payment, at + SECOND) is Outcome.REPEATED
    await cashier.work(at + timedelta(minutes=2))
    assert (await cashier.the(Subscription)).status is SubscriptionStatus.ACTIVE
    assert len(await cashier.all(Invoice)) == 1
    assert (await cashier.the(Payment)).next_inquiry_at is None
    assert await cashier.all(OperatorCase) == []
    with pytest.raises(DomainError, match="not open any more"):
        await cashier.charge(debtor, at + timedelta(minutes=3))
    assert len(cashier.gateway.attempts) == 1


async def test_the_request_leaves_only_after_sent_is_committed(
    cashier: Cashier, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    charge = cashier.gateway.charge_stored_card

    async def watch(payment: PaymentRequest, *, user_token: str, card_token: str) -> ChargeAnswer:
        row = await cashier.the(Payment)
        seen.append((row.merchant_oid, row.status, row.sent_at, row.next_inquiry_at))
        assert (user_token, card_token) == debtor.tokens
        return await charge(payment, user_token=user_token, card_token=card_token)

    monkeypatch.setattr(cashier.gateway, "charge_stored_card", watch)
    at = now()
    await cashier.charge(debtor, at)
    payment = await cashier.the(Payment)
    assert seen == [(payment.merchant_oid, PaymentStatus.SENT, at, at + LADDER[0])]


@pytest.mark.parametrize(
    "status", [PaymentStatus.CREATED, PaymentStatus.SENT, PaymentStatus.UNKNOWN, PaymentStatus.WAITING]
)
@pytest.mark.parametrize("channel", list(PaymentChannel))
async def test_no_charge_leaves_while_another_attempt_may_take_money(
    cashier: Cashier, debtor: Debtor, status: PaymentStatus, channel: PaymentChannel
) -> None:
    at = now()
    other = await cashier.owes(debtor.customer, at)
    await cashier.change(await cashier.write_down(debtor), status=status, channel=channel)
    assert other.order.id == debtor.order.id
    with pytest.raises(AlreadyUnderWay):
        await cashier.charge(debtor, at, card_id=other.card.id)
    assert cashier.gateway.attempts == {}


async def test_no_page_opens_while_a_charge_may_take_money(cashier: Cashier, debtor: Debtor) -> None:
    at = now()
    cashier.gateway.lose_answers = True
    assert await cashier.charge(debtor, at) is PaymentStatus.UNKNOWN
    with pytest.raises(AlreadyUnderWay):
        await cashier.open_frame(debtor.customer, at)
    assert len(await cashier.all(Payment)) == 1


async def test_ten_that_charge_at_once_charge_once(cashier: Cashier, debtor: Debtor) -> None:
    at = now()
    ends = await asyncio.gather(*(cashier.charge(debtor, at) for _ in range(10)), return_exceptions=True)
    assert len(cashier.gateway.attempts) == len(await cashier.all(Payment)) == 1
    assert PaymentStatus.WAITING in ends
    allowed = (PaymentStatus, AlreadyUnderWay)
    assert [end for end in ends if not isinstance(end, allowed)] == []


async def test_the_job_may_run_twice(cashier: Cashier, debtor: Debtor) -> None:
    async with unit_of_work(cashier.resources.session_maker) as session:
        payment = await request_charge(session, order_id=debtor.order.id, card_id=debtor.card.id, at=now())
    await drain(cashier.resources)
    assert (await cashier.the(Payment)).status is PaymentStatus.WAITING
    again = await send_charge(
        cashier.resources.session_maker, cashier.gateway, cashier.resources.settings, payment.id, at=now()
    )
    assert (again, len(cashier.gateway.attempts)) == (PaymentStatus.WAITING, 1)


async def test_what_was_written_down_and_never_left_is_sent_by_the_sweep(
    cashier: Cashier, debtor: Debtor
) -> None:
    payment = await cashier.write_down(debtor)
    assert payment.next_inquiry_at is not None
    early = await cashier.work(payment.next_inquiry_at - SECOND)
    assert (early["sweep_charges"]["found"], cashier.gateway.attempts) == (0, {})
    await cashier.work(payment.next_inquiry_at)
    assert list(cashier.gateway.attempts) == [payment.merchant_oid]
    assert (await cashier.the(Payment)).status is PaymentStatus.WAITING


async def test_what_was_written_down_is_called_off_once_its_occasion_has_passed(
    cashier: Cashier, debtor: Debtor
) -> None:
    payment = await cashier.write_down(debtor)
    await cashier.work(payment.expires_at)
    payment = await cashier.the(Payment)
    assert (payment.status, payment.failure_code) == (PaymentStatus.FAILED, "not_sent")
    assert SEND_WITHIN > QUEUE_TIME
    assert cashier.gateway.attempts == {}


async def test_what_was_written_down_is_called_off_when_the_order_or_the_card_has_changed(
    cashier: Cashier, debtor: Debtor
) -> None:
    at = now()
    await cashier.write_down(debtor, at)
    await cashier.change(debtor.order, status=OrderStatus.CANCELED)
    await cashier.work(at + QUEUE_TIME + SECOND)
    await cashier.change(debtor.order, status=OrderStatus.OPEN)
    await cashier.write_down(debtor, at)
    await cashier.change(debtor.card, refused_at=at)
    await cashier.work(at + QUEUE_TIME + 2 * SECOND)
    assert [payment.failure_code for payment in await cashier.all(Payment)] == ["not_sent"] * 2
    assert cashier.gateway.attempts == {}


@pytest.mark.parametrize(
    ("differing", "reason"),
    [
        ({"requires_cvv": True}, "security code"),
        ({"refused_at": now()}, "refused this card for good"),
        ({"removed_at": now(), "user_token": None, "card_token": None}, "was removed"),
    ],
    ids=["needs its CVV", "refused for good", "removed"],
)
async def test_a_card_that_cannot_be_charged_is_refused_before_anything_is_written(
    cashier: Cashier, debtor: Debtor, differing: dict[str, object], reason: str
) -> None:
    await cashier.change(debtor.card, **differing)
    with pytest.raises(CardUnfit, match=reason):
        await cashier.charge(debtor, now())
    assert await cashier.all(Payment) == []


async def test_another_companys_card_is_not_there(cashier: Cashier, debtor: Debtor) -> None:
    stranger = await cashier.owes(await make_customer(cashier.resources.session_maker), now())
    with pytest.raises(CardUnfit, match="no such card"):
        await cashier.charge(debtor, now(), card_id=stranger.card.id)


@pytest.mark.parametrize(
    ("may_retry", "kind"),
    [(False, DeclineKind.HARD), (True, DeclineKind.IN_FLIGHT), (None, DeclineKind.SOFT)],
)
async def test_a_refusal_fails_the_attempt_and_only_a_hard_one_ends_the_card(
    cashier: Cashier, debtor: Debtor, may_retry: bool | None, kind: DeclineKind
) -> None:
    at = now()
    cashier.gateway.answer_charges(*debtor.tokens, wire_status="failed", may_retry=may_retry)
    assert await cashier.charge(debtor, at) is PaymentStatus.FAILED
    payment, card = await cashier.the(Payment), await cashier.the(StoredCard)
    assert reason_of(payment.failure_code).kind is kind
    assert (payment.failed_at, payment.next_inquiry_at) == (at, None)
    assert (card.refused_at is not None) == (kind is DeclineKind.HARD)
    declined = await cashier.callback(payment, at, status="failed", total_amount=0, failed_reason_code="0")
    assert declined is Outcome.REPEATED
    letters = [mail for mail in await cashier.all(EmailMessage) if mail.template == "payment_failed"]
    assert [mail.context["reason"] for mail in letters] == [reason_of(payment.failure_code).sentence]
    assert (await cashier.the(Order)).status is OrderStatus.OPEN
    if kind is DeclineKind.HARD:
        with pytest.raises(CardUnfit):
            await cashier.charge(debtor, at)
    else:
        cashier.gateway.answer_charges(*debtor.tokens, wire_status="wait_callback")
        assert await cashier.charge(debtor, at) is PaymentStatus.WAITING


@pytest.mark.parametrize(("code", "ends"), [("11", True), ("10", True), ("0", False), ("99", False)])
async def test_a_callback_may_end_the_card_as_well(
    cashier: Cashier, debtor: Debtor, code: str, ends: bool
) -> None:
    at = now()
    cashier.gateway.answer_charges(*debtor.tokens, wire_status="wait_callback")
    await cashier.charge(debtor, at)
    payment = await cashier.the(Payment)
    declined = await cashier.callback(payment, at, status="failed", total_amount=0, failed_reason_code=code)
    assert declined is Outcome.DECLINED
    assert (await cashier.the(StoredCard)).refused_at == (at if ends else None)


async def test_a_success_after_a_refusal_is_money_all_the_same(cashier: Cashier, debtor: Debtor) -> None:
    at = now()
    cashier.gateway.answer_charges(*debtor.tokens, wire_status="failed", may_retry=True)
    await cashier.charge(debtor, at)
    payment = await cashier.the(Payment)
    assert await cashier.callback(payment, at + timedelta(days=3)) is Outcome.APPLIED
    payment = await cashier.the(Payment)
    assert (payment.collected, payment.failure_code) == (payment.amount, None)


async def test_a_request_that_paytr_cannot_take_fails_without_a_trace_at_paytr(
    cashier: Cashier, debtor: Debtor
) -> None:
    await cashier.change(debtor.customer.user, email="ayşe@example.com")
    assert await cashier.charge(debtor, now()) is PaymentStatus.FAILED
    payment = await cashier.the(Payment)
    assert reason_of(payment.failure_code).kind is DeclineKind.TECHNICAL
    assert cashier.gateway.attempts == {}
    assert (await cashier.the(StoredCard)).refused_at is None


async def test_tokens_of_another_secret_key_charge_nothing(cashier: Cashier, debtor: Debtor) -> None:
    await cashier.change(debtor.card, card_token=Encrypted("bm90IG91cnM="))
    assert await cashier.charge(debtor, now()) is PaymentStatus.FAILED
    assert cashier.gateway.attempts == {}


async def test_the_callback_may_be_faster_than_the_answer(
    cashier: Cashier, debtor: Debtor, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    charge = cashier.gateway.charge_stored_card

    async def slow(payment: PaymentRequest, *, user_token: str, card_token: str) -> ChargeAnswer:
        answer = await charge(payment, user_token=user_token, card_token=card_token)
        assert await cashier.callback(await cashier.the(Payment), at) is Outcome.APPLIED
        return answer

    monkeypatch.setattr(cashier.gateway, "charge_stored_card", slow)
    assert await cashier.charge(debtor, at) is PaymentStatus.SUCCEEDED
    assert len(await cashier.all(Invoice)) == 1


async def test_every_step_of_a_charge_is_in_the_audit_trail(cashier: Cashier, debtor: Debtor) -> None:
    cashier.gateway.answer_charges(*debtor.tokens, wire_status="failed", may_retry=True)
    await cashier.charge(debtor, now())
    actions = [(entry.action, entry.actor) for entry in await cashier.all(AuditEntry)]
    assert actions[-2:] == [("payment.started", "system"), ("payment.failed", "system")]
    assert not any(
        token in str(entry.facts) for entry in await cashier.all(AuditEntry) for token in debtor.tokens
    )
