"""Cases as the engine opens them, and decisions as operators make them."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    OperatorCase,
    Payment,
)
from app.domain.accounts.operators import Operator
from app.domain.billing.checkout import Checkout
from app.domain.billing.settlement.service import Arrival, Outcome, settle
from app.domain.ops.case_decisions import Decision, decide
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.clock import now
from app.lib.settings import Settings
from app.lib.uow import DEFERRED, unit_of_work
from tests.factories import make_customer, start_checkout

Maker = async_sessionmaker[AsyncSession]
NOTE = "PayTR's panel shows the same."


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
