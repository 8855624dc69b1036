"""Refunds whose answer arrives: what goes back, what is refused, and who is told."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.db.models import (
    CaseKind,
    Invoice,
    InvoiceKind,
    OperatorCase,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    Role,
)
from app.lib.errors import DomainError
from app.tasks.context import Resources
from tests.factories import add_member
from tests.scenarios.till import PRICE, RUNGS, Till, open_till
from tests.waiting import until

CONNECTIONS = 10
"""As many as the pool of these tests has."""


@pytest.fixture
async def till(resources: Resources) -> Till:
    return await open_till(resources)


async def test_a_part_goes_back_and_the_customer_is_told_once(till: Till) -> None:
    refund = await till.send(await till.ask(100_000))
    assert (refund.status, refund.returned, refund.succeeded_at) == (
        RefundStatus.SUCCEEDED,
        100_000,
        till.start,
    )
    assert (refund.next_attempt_at, refund.unanswered) == (None, 0)
    assert till.gateway.given_back(till.oid) == {refund.reference: [100_000]}
    assert await till.sums() == (PaymentStatus.PARTLY_REFUNDED, 100_000, 100_000)
    (mail,) = await till.mails()
    assert (mail.recipient, mail.language) == (till.customer.email, "tr")
    assert (mail.context["amount"], mail.context["refund_reference"]) == (100_000, refund.reference)
    assert await till.actions() == ["refund.requested", "refund.succeeded"]
    assert await till.shop.all(OperatorCase) == []


async def test_the_mail_reaches_the_billing_person_in_the_companys_language(resources: Resources) -> None:
    till = await open_till(resources, language="en")
    member = await add_member(resources.session_maker, till.customer, Role.BILLING)
    await till.send(await till.ask())
    await till.shop.work(till.start + timedelta(minutes=2))
    (mail,) = await till.mails()
    assert (mail.recipient, mail.language) == (member.email, "en")
    letters = [mail["Subject"] for mail in till.shop.mailer.messages if mail["To"] == member.email]
    assert sum("₺1,000.00" in subject for subject in letters) == 1


async def test_parts_add_up_to_the_whole(till: Till) -> None:
    refunds = [await till.ask(amount) for amount in (97_000, 100_000, 100_000)]
    for refund in refunds:
        await till.send(refund)
    assert await till.sums() == (PaymentStatus.REFUNDED, PRICE, PRICE)
    assert sum(map(sum, till.gateway.given_back(till.oid).values())) == PRICE
    assert len(await till.mails()) == 3
    with pytest.raises(DomainError):
        await till.ask(1)


async def test_the_task_may_run_as_often_as_it_likes(till: Till) -> None:
    refund = await till.send(await till.ask())
    for _ in range(2):
        await till.send(refund, timedelta(days=1))
    assert till.gateway.calls == {"refund": 1}
    assert till.gateway.given_back(till.oid) == {refund.reference: [100_000]}
    assert len(await till.mails()) == 1
    assert await till.actions() == ["refund.requested", "refund.succeeded"]


async def test_of_workers_that_reach_for_one_refund_at_once_one_takes_it(till: Till) -> None:
    refund, maker = await till.ask(), till.shop.resources.session_maker
    waiting = text("SELECT count(*) = 4 FROM pg_locks WHERE NOT granted")
    async with maker() as holder, maker() as watcher:
        await holder.get_one(Payment, refund.payment_id, with_for_update=True)
        workers = [asyncio.create_task(till.send(refund)) for _ in range(4)]
        await until(lambda: watcher.scalar(waiting))
        await holder.rollback()
        await asyncio.gather(*workers)
    assert (await till.reread(refund)).attempts == 1
    assert till.gateway.calls == {"refund": 1}
    assert len(await till.mails()) == 1


async def test_the_whole_principal_takes_the_surcharge_of_instalments_with_it(resources: Resources) -> None:
    till = await open_till(resources, total=PRICE + 12_345)
    refund = await till.send(await till.ask(PRICE))
    assert (refund.amount, refund.returned) == (PRICE, PRICE + 12_345)
    assert await till.sums() == (PaymentStatus.REFUNDED, PRICE + 12_345, PRICE + 12_345)
    (mail,) = await till.mails()
    assert mail.context["amount"] == PRICE + 12_345
    assert await till.shop.all(OperatorCase) == []


async def test_a_surcharge_that_went_back_already_leaves_nothing_for_a_refund_that_waits(
    resources: Resources,
) -> None:
    till = await open_till(resources, total=PRICE + 5_000)
    whole, rest = await till.ask(PRICE), await till.ask(5_000)
    await till.send(whole)
    assert await till.sums() == (PaymentStatus.REFUNDED, PRICE + 5_000, PRICE + 5_000)
    rest = await till.send(rest)
    assert (rest.status, rest.error_code) == (RefundStatus.FAILED, "009")
    assert await till.sums() == (PaymentStatus.REFUNDED, PRICE + 5_000, PRICE + 5_000)


@pytest.mark.parametrize("code", ["005", "006", "008", "009", "011"])
async def test_a_final_refusal_frees_what_was_reserved_and_opens_a_case(till: Till, code: str) -> None:
    till.gateway.line.refunds = [code]
    refund = await till.send(await till.ask())
    assert (refund.status, refund.error_code, refund.next_attempt_at) == (RefundStatus.FAILED, code, None)
    assert await till.sums() == (PaymentStatus.SUCCEEDED, 0, 0)
    case = await till.shop.the(OperatorCase)
    assert (case.kind, case.subject, case.facts["code"]) == (CaseKind.REFUND_REFUSED, refund.reference, code)
    assert case.facts["answer"] == refund.error_message
    assert await till.mails() == []
    whole = await till.send(await till.ask(PRICE))
    assert whole.status is RefundStatus.SUCCEEDED


@pytest.mark.parametrize("code", ["000", "007", "010"])
async def test_a_passing_refusal_is_tried_again_up_the_ladder(till: Till, code: str) -> None:
    till.gateway.line.refunds = [code, code]
    refund = await till.send(await till.ask())
    assert (refund.status, refund.next_attempt_at) == (RefundStatus.CREATED, till.start + RUNGS[1])
    assert await till.sums() == (PaymentStatus.SUCCEEDED, 100_000, 0)
    await till.send(refund, RUNGS[1])
    refund = await till.send(refund, RUNGS[2])
    assert (refund.status, refund.attempts) == (RefundStatus.SUCCEEDED, 3)
    assert till.gateway.calls == {"refund": 3}, "a refusal is an answer: nothing has to be asked"
    assert await till.shop.all(OperatorCase) == []


async def test_a_refusal_that_never_passes_fails_at_the_ladders_end(till: Till) -> None:
    till.gateway.line.refunds = ["010"] * 20
    refund = await till.climb(await till.ask())
    assert (refund.status, refund.failed_at) == (RefundStatus.FAILED, till.start + RUNGS[-1])
    assert await till.sums() == (PaymentStatus.SUCCEEDED, 0, 0)
    assert (await till.shop.the(OperatorCase)).kind is CaseKind.REFUND_REFUSED


async def test_sixty_four_refunds_sent_at_once_and_twice_give_back_exactly_what_was_promised(
    till: Till,
) -> None:
    refunds = [await till.ask(PRICE // 64) for _ in range(64)]
    connections = asyncio.Semaphore(CONNECTIONS)

    async def send(refund: Refund) -> None:
        async with connections:  # nobody waits for the pool, all of them for the payment's row
            await till.send(refund)

    await asyncio.gather(*(send(refund) for refund in refunds + refunds))
    book = till.gateway.given_back(till.oid)
    assert book == {refund.reference: [PRICE // 64] for refund in refunds}
    assert await till.sums() == (PaymentStatus.PARTLY_REFUNDED, PRICE // 64 * 64, PRICE // 64 * 64)
    notes = [one.refund_id for one in await till.shop.all(Invoice) if one.kind is InvoiceKind.CREDIT_NOTE]
    assert sorted(notes) == sorted(refund.id for refund in refunds), "each brings its letter along"
