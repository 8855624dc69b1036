"""Asking for a refund: what stands against it, what it reserves, and that no crowd exceeds what was paid."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import AuditEntry, Payment, PaymentStatus, Refund, RefundStatus
from app.domain.billing.refunds.rules import REFUNDABLE_FOR
from app.domain.billing.refunds.service import due_refunds, request_refund
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages.refund import refund_form
from app.lib.clock import now
from app.lib.errors import DomainError, InvalidInput, NotFound
from app.lib.i18n import translate
from app.lib.settings import Settings
from app.lib.uow import DEFERRED, unit_of_work
from app.server.database import build_engine
from tests.conftest import msgspec_replace
from tests.factories import Customer, make_customer, pay, start_checkout

Maker = async_sessionmaker[AsyncSession]
PRICE = 297_000


@pytest.fixture
async def customer(session_maker: Maker) -> Customer:
    return await make_customer(session_maker)


@pytest.fixture
async def paid(session_maker: Maker, settings: Settings, customer: Customer) -> Payment:
    return (await pay(session_maker, customer, settings)).payment


async def ask(maker: Maker, payment: Payment, amount: int, **differing: Any) -> Refund:
    facts: dict[str, Any] = {"reason": "Two seats too many", "requested_by_id": None, "at": now()}
    async with unit_of_work(maker) as session:
        return await request_refund(session, payment.id, amount=amount, **(facts | differing))


async def reread(maker: Maker, payment: Payment) -> Payment:
    async with maker() as session:
        return await session.get_one(Payment, payment.id)


async def test_a_refund_is_a_row_with_a_reference_before_paytr_hears_of_it(
    session_maker: Maker, customer: Customer, paid: Payment
) -> None:
    at = now()
    refund = await ask(session_maker, paid, 100_000, requested_by_id=customer.user.id, at=at)
    assert (refund.status, refund.amount, refund.currency) == (RefundStatus.CREATED, 100_000, "TRY")
    assert (refund.company_id, refund.next_attempt_at) == (paid.company_id, at)
    assert refund_form(
        SANDBOX_MERCHANT, merchant_oid=paid.merchant_oid, amount=1, reference=refund.reference
    ), "PayTR takes the reference"
    payment = await reread(session_maker, paid)
    assert (payment.refund_reserved, payment.refunded) == (100_000, 0)
    assert payment.status is PaymentStatus.SUCCEEDED
    async with session_maker() as session:
        assert await due_refunds(session, at=at) == [refund.id]
        asked = select(AuditEntry).where(AuditEntry.action == "refund.requested")
        (entry,) = await session.scalars(asked)
    assert (entry.subject, entry.actor, entry.actor_id) == (str(refund.id), "user", customer.user.id)
    assert entry.facts["reason"] == "Two seats too many"


async def test_a_refund_that_is_rolled_back_holds_nothing_and_is_never_sent(
    session_maker: Maker, paid: Payment
) -> None:
    async with session_maker() as session:
        await request_refund(
            session, paid.id, amount=1000, reason="Changed my mind", requested_by_id=None, at=now()
        )
        assert [deferred.job for deferred in session.info[DEFERRED]] != []
        await session.rollback()
    assert (await reread(session_maker, paid)).refund_reserved == 0
    async with session_maker() as session:
        assert await due_refunds(session, at=now() + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("amount", "field", "sentence"),
    [
        (PRICE + 1, "amount", "At most ₺2,970.00 of this payment can be given back."),
        (0, "amount", "Enter an amount above zero."),
        (-100, "amount", "Enter an amount above zero."),
    ],
)
async def test_an_amount_that_cannot_be_given_back_is_refused_at_its_field(
    session_maker: Maker, paid: Payment, amount: int, field: str, sentence: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await ask(session_maker, paid, amount)
    assert refusal.value.field == field
    assert translate("en", refusal.value.message, **refusal.value.facts) == sentence


async def test_what_is_reserved_cannot_be_asked_for_again(session_maker: Maker, paid: Payment) -> None:
    await ask(session_maker, paid, 200_000)
    with pytest.raises(InvalidInput, match=r"At most 970\.00 TRY"):
        await ask(session_maker, paid, 97_001)
    await ask(session_maker, paid, 97_000)
    with pytest.raises(DomainError, match="All of this payment has been given back or is on its way"):
        await ask(session_maker, paid, 1)


async def test_money_that_was_never_taken_cannot_be_given_back(
    session_maker: Maker, customer: Customer
) -> None:
    payment = (await start_checkout(session_maker, customer)).payment
    with pytest.raises(DomainError, match="took no money"):
        await ask(session_maker, payment, 1000)


async def test_after_a_year_paytr_gives_nothing_back(session_maker: Maker, paid: Payment) -> None:
    succeeded_at = (await reread(session_maker, paid)).succeeded_at
    assert isinstance(succeeded_at, datetime)
    await ask(session_maker, paid, 1000, at=succeeded_at + REFUNDABLE_FOR)
    with pytest.raises(DomainError, match="more than a year ago"):
        await ask(session_maker, paid, 1000, at=succeeded_at + REFUNDABLE_FOR + timedelta(seconds=1))


async def test_a_reason_has_to_be_given(session_maker: Maker, paid: Payment) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await ask(session_maker, paid, 1000, reason="  ")
    assert refusal.value.field == "reason"


async def test_an_unknown_payment_is_not_found(session_maker: Maker, paid: Payment) -> None:
    with pytest.raises(NotFound):
        async with unit_of_work(session_maker) as session:
            await request_refund(
                session, uuid4(), amount=1000, reason="Nobody's", requested_by_id=None, at=now()
            )


@pytest.mark.parametrize(
    "change",
    [
        {"refund_reserved": PRICE + 1},
        {"refund_reserved": -1},
        {"refunded": 1},
        {"refund_reserved": PRICE, "refunded": PRICE + 1},
    ],
)
async def test_the_database_itself_refuses_to_give_back_more_than_was_paid(
    session_maker: Maker, paid: Payment, change: dict[str, int]
) -> None:
    async with session_maker() as session:
        with pytest.raises(IntegrityError):
            await session.execute(update(Payment).where(Payment.id == paid.id).values(**change))


@pytest.fixture
async def crowd(settings: Settings, session_maker: Maker) -> AsyncIterator[Maker]:
    """Forty connections of their own; the database takes sixty."""
    engine = build_engine(msgspec_replace(settings, database_pool_size=40))
    yield async_sessionmaker(engine, expire_on_commit=False)
    await engine.dispose()


@pytest.mark.parametrize("amount", [7_000, 41_111, PRICE])
async def test_sixty_four_refunds_at_once_never_exceed_their_payment(
    crowd: Maker, paid: Payment, amount: int
) -> None:
    outcomes = await asyncio.gather(*(ask(crowd, paid, amount) for _ in range(64)), return_exceptions=True)
    taken = [outcome for outcome in outcomes if isinstance(outcome, Refund)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert len(taken) == min(64, PRICE // amount)
    assert len(taken) + len(refused) == 64
    assert len({refund.reference for refund in taken}) == len(taken)
    assert (await reread(crowd, paid)).refund_reserved == amount * len(taken) <= PRICE
