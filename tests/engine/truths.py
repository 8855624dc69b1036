"""What holds whatever happens: in our book, between the companies, and beside PayTR's book."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.base import Base
from app.db.models import MONEY_TAKEN, OperatorCase, Payment, Refund, SubscriptionStatus
from app.domain.ledger.proof import find_breaks
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from tests.engine.dealings import Dealings
from tests.engine.world import World

S = SubscriptionStatus
OWNED = sorted(table.name for table in Base.metadata.sorted_tables if "company_id" in table.columns)
EVERYTHING = text(
    " UNION ALL ".join(
        f"SELECT company_id, CAST('{name}' AS text) AS name, md5(string_agg(md5(CAST(t AS text)), ''"  # noqa: S608 names of our own tables
        f" ORDER BY md5(CAST(t AS text)))) FROM {name} t WHERE company_id IS NOT NULL GROUP BY company_id"
        for name in OWNED
    )
)
Fingerprints = dict[UUID, dict[str, str]]
"""What each table says of each company, in 32 characters."""


async def fingerprints(session: AsyncSession) -> Fingerprints:
    """Return all that is written about each company, so that any change of it shows."""
    found: Fingerprints = {}
    for company_id, table, digest in await session.execute(EVERYTHING):
        found.setdefault(company_id, {})[table] = digest
    return found


async def assert_book_holds(session: AsyncSession, world: World) -> None:
    """Every rule of the book holds."""
    findings = await find_breaks(session, at=world.at)
    assert findings.found == [], findings.found


async def assert_access_is_paid_for(session: AsyncSession, dealings: Dealings) -> None:
    """A company may do what it has paid for or is granted, and nothing else."""
    at = dealings.world.at
    subscription = await newest_subscription(session, dealings.customer.company.id)
    assert subscription is not None
    may = entitlement_of(subscription, at).may_run_workspaces
    if subscription.status in {S.SUSPENDED, S.CANCELED}:
        assert not may
    if subscription.current_period_end and at < subscription.current_period_end:
        assert may == (subscription.status is not S.CANCELED)


async def assert_books_are_equal(session: AsyncSession, world: World) -> None:
    """To the kuruş, what PayTR took and gave back is what we say of it, attempt by attempt.

    Money that bought nothing went back, or somebody has been told.
    """
    attempts = world.cashier.gateway.attempts
    cases = {case.subject for case in await session.scalars(select(OperatorCase))}
    for payment in await session.scalars(select(Payment)):
        attempt = attempts.get(payment.merchant_oid)
        taken = attempt.total if attempt else None
        assert (payment.collected if payment.status in MONEY_TAKEN else None) == taken, payment.merchant_oid
        given_back = sum(refund.amount for refund in attempt.refunds) if attempt else 0
        assert payment.refunded == given_back, payment.merchant_oid
        if payment.is_surplus:
            assert payment.refunded == taken or payment.merchant_oid in cases
    for refund in await session.scalars(select(Refund)):
        assert refund.is_decided or refund.reference in cases, refund.reference
