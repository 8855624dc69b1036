"""Answers of PayTR's that are older than what our book says when they arrive prove nothing about it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from app.db.models import OperatorCase, Payment, PaymentStatus, Refund, RefundStatus
from app.domain.billing.checkout import FRAME_LIMIT
from app.domain.billing.refunds.service import request_refund, send_refund
from app.domain.billing.settlement.service import VERIFY_AFTER, Outcome
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.values import Inquiry, RefundAnswer
from app.lib.clock import now
from app.lib.uow import unit_of_work
from tests.factories import make_customer
from tests.scenarios.shop import Shop
from tests.scenarios.till import PRICE, RUNGS, Till, open_till

Event = Callable[[], Awaitable[object]]


def overtake(shop: Shop, event: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `event` happen while the next answer to a question is on its way."""
    ask, events = shop.gateway.inquire, [event]

    async def inquire(merchant_oid: str) -> Inquiry:
        answer = await ask(merchant_oid)
        if events:
            await events.pop()()
        return answer

    monkeypatch.setattr(shop.gateway, "inquire", inquire)


async def test_a_not_found_that_a_success_overtakes_accuses_nobody_and_the_success_is_still_checked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    checkout = await shop.open_frame(await make_customer(shop.resources.session_maker), at)
    due = at + FRAME_LIMIT + LADDER[0]

    async def pay() -> None:
        shop.gateway.pay(checkout.payment.merchant_oid)
        assert await shop.report(checkout, due) is Outcome.APPLIED

    overtake(shop, pay, monkeypatch)
    await shop.work(due)
    payment = await shop.the(Payment)
    assert (payment.status, payment.next_inquiry_at) == (PaymentStatus.SUCCEEDED, due + VERIFY_AFTER)
    assert await shop.all(OperatorCase) == []
    assert (await shop.work(due + VERIFY_AFTER))["sweep_inquiries"]["found"] == 1
    assert ((await shop.the(Payment)).next_inquiry_at, await shop.all(OperatorCase)) == (None, [])


async def test_a_check_that_a_refund_overtakes_is_made_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    checkout = await shop.buy(await make_customer(shop.resources.session_maker), at)
    maker = shop.resources.session_maker

    async def give_back() -> None:
        async with unit_of_work(maker) as session:
            refund = await request_refund(
                session, checkout.payment.id, amount=1_000, reason="Asked", requested_by_id=None, at=at
            )
        await send_refund(maker, shop.gateway, shop.resources.settings, refund.id, at=at)

    overtake(shop, give_back, monkeypatch)
    await shop.work(at + VERIFY_AFTER)
    assert (await shop.the(Refund)).status is RefundStatus.SUCCEEDED
    assert await shop.all(OperatorCase) == []
    assert (await shop.the(Payment)).next_inquiry_at is not None
    await shop.work(at + timedelta(hours=1))
    assert ((await shop.the(Payment)).next_inquiry_at, await shop.all(OperatorCase)) == (None, [])


async def test_a_refunds_own_answer_that_comes_after_paytrs_list_told_it_is_no_second_refund(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = await open_till(shop.resources, total=PRICE + 3_000)
    refund = await till.ask()
    await overtaken_by_the_list(till, refund, monkeypatch)
    assert (await till.reread(refund)).status is RefundStatus.SUCCEEDED
    assert till.gateway.given_back(till.oid) == {refund.reference: [100_000]}
    assert await till.shop.all(OperatorCase) == []
    assert (await till.reread(refund)).unanswered == 0


async def overtaken_by_the_list(till: Till, refund: Refund, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let another worker ask about a refund while its own answer is on its way."""
    send = till.gateway.refund

    async def slowly(*, merchant_oid: str, amount: int, reference: str) -> RefundAnswer:
        answer = await send(merchant_oid=merchant_oid, amount=amount, reference=reference)
        await till.send(refund, RUNGS[1])
        return answer

    monkeypatch.setattr(till.gateway, "refund", slowly)
    await till.send(refund)
