"""The gateway in memory: its levers, and a book whose reports agree with each other."""

from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain.payments.gateway import GatewayUnreachable, RefundRefused
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.values import ChargeOutcome, PayoutLine
from tests.sandbox.gateway_worlds import card_payment

SOLD_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at = SOLD_AT

    def __call__(self) -> datetime:
        return self.at


async def test_a_lost_answer_leaves_what_was_asked_done() -> None:
    gateway = InMemoryGateway()
    user_token, card_token = gateway.keep_card()
    payment = card_payment(amount=1000)
    gateway.lose_answers = True
    with pytest.raises(GatewayUnreachable):
        await gateway.charge_stored_card(payment, user_token=user_token, card_token=card_token)
    with pytest.raises(GatewayUnreachable):
        await gateway.refund(merchant_oid=payment.merchant_oid, amount=400, reference="R1")
    with pytest.raises(GatewayUnreachable):
        await gateway.inquire(payment.merchant_oid)
    gateway.lose_answers = False
    inquiry = await gateway.inquire(payment.merchant_oid)
    assert (inquiry.found, [item.amount for item in inquiry.returns]) == (True, [400])


async def test_a_line_that_is_cut_lets_nothing_through() -> None:
    gateway = InMemoryGateway()
    user_token, card_token = gateway.keep_card()
    payment = card_payment()
    gateway.unreachable = True
    with pytest.raises(GatewayUnreachable):
        await gateway.charge_stored_card(payment, user_token=user_token, card_token=card_token)
    gateway.unreachable = False
    assert not (await gateway.inquire(payment.merchant_oid)).found
    answer = await gateway.charge_stored_card(payment, user_token=user_token, card_token=card_token)
    assert answer.outcome is ChargeOutcome.PAID


async def test_a_charge_that_waits_is_decided_later() -> None:
    gateway = InMemoryGateway()
    user_token, card_token = gateway.keep_card()
    gateway.answer_charges(user_token, card_token, wire_status="wait_callback")
    payment = card_payment()
    answer = await gateway.charge_stored_card(payment, user_token=user_token, card_token=card_token)
    assert answer.outcome is ChargeOutcome.WAITING
    gateway.pay(payment.merchant_oid)
    assert (await gateway.inquire(payment.merchant_oid)).found


@pytest.mark.parametrize(("code", "is_temporary"), [("007", True), ("010", True), ("011", False)])
async def test_refunds_are_refused_while_a_number_is_set(code: str, is_temporary: bool) -> None:
    gateway = InMemoryGateway()
    payment = card_payment(amount=1000)
    gateway.card_form(payment, store_card=False)
    gateway.pay(payment.merchant_oid)
    gateway.refund_refusal = code
    with pytest.raises(RefundRefused) as refusal:
        await gateway.refund(merchant_oid=payment.merchant_oid, amount=1000, reference="R1")
    assert (refusal.value.code, refusal.value.is_temporary) == (code, is_temporary)
    gateway.refund_refusal = None
    answer = await gateway.refund(merchant_oid=payment.merchant_oid, amount=1000, reference="R1")
    assert answer.amount == 1000


async def test_sales_refunds_commission_and_payouts_add_up() -> None:
    clock = Clock()
    gateway = InMemoryGateway(clock=clock)
    payment = card_payment(amount=100000)
    gateway.card_form(payment, store_card=False)
    gateway.pay(payment.merchant_oid)
    clock.at += timedelta(days=1)
    await gateway.refund(merchant_oid=payment.merchant_oid, amount=33333, reference="R1")
    clock.at += timedelta(days=5)
    rows = (await gateway.transactions(SOLD_AT, SOLD_AT + timedelta(days=3))).rows
    statement = await gateway.payouts(date(2026, 3, 1), date(2026, 3, 31))
    moved = sum(-row.net if row.is_refund else row.net for row in rows)
    assert [payout.day for payout in statement.paid] == [date(2026, 3, 3), date(2026, 3, 4)]
    assert statement.announced == ()
    assert sum(payout.net for payout in statement.paid) == moved
    lines = [line for payout in statement.paid for line in (await gateway.payout_detail(payout.day)).lines]
    assert lines == [
        PayoutLine(payment.merchant_oid, rows[0].net, "TRY"),
        PayoutLine(payment.merchant_oid, -rows[1].net, "TRY"),
    ]


async def test_parts_given_back_return_the_whole_commission_and_no_more() -> None:
    gateway = InMemoryGateway()
    payment = card_payment(amount=99999)
    gateway.card_form(payment, store_card=False)
    gateway.pay(payment.merchant_oid)
    for number in range(3):
        await gateway.refund(merchant_oid=payment.merchant_oid, amount=33333, reference=f"R{number}")
    attempt = gateway.attempts[payment.merchant_oid]
    assert attempt.remaining == 0
    assert sum(refund.commission for refund in attempt.refunds) == attempt.commission
