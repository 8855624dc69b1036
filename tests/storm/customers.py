"""Who pays in a storm: companies, their one order each, and a card where it is charged without them.

What a seed decides hangs on the number of the customer alone, so that the same seed makes the same storm.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    Company,
    Membership,
    Role,
    Subscription,
    SubscriptionStatus,
    User,
)
from app.db.models.plan_price import Interval
from app.domain.billing import checkout
from app.domain.billing.charging import attempts as charge_attempts
from app.domain.billing.refunds import service as refunds
from app.domain.companies.viewer import Viewer, viewer_of
from app.lib.clock import now
from app.lib.ids import random_reference, uuid7

PLANS = ("starter", "team", "enterprise")
PAYER = UUID(int=1)
_next_name: ContextVar[str] = ContextVar("next_name", default="")


@dataclass(frozen=True, slots=True)
class Customer:
    """One company of the storm and what it is going to do."""

    number: int
    company_id: UUID
    plan: str
    pays_by_card: bool
    """Charged on a stored card by the worker; the others pay in PayTR's frame."""
    opens_two_pages: bool
    """Two tabs, both paid: the second payment has to go back."""
    refund_share: float
    """How much of the payment an operator gives back in the middle of the storm; 0 for none."""

    def name(self, attempt: str) -> str:
        """Return the merchant_oid of an attempt."""
        return f"STORM{self.number:06d}{attempt}"


def customers(seed: int, count: int) -> list[Customer]:
    """Return the customers of a seed."""
    return [_customer(seed, number) for number in range(count)]


async def move_in(session: AsyncSession, moving: list[Customer]) -> None:
    """Write the companies with their owner and a trial each."""
    at = now()
    payer = {"email": "payer@example.com", "full_name": "Payer", "password_hash": "none"}
    await session.execute(insert(User).values(id=PAYER, **payer))
    companies = [
        {"id": one.company_id, "name": f"Storm {one.number}", "slug": f"storm-{one.number}", "language": "tr"}
        for one in moving
    ]
    await session.execute(insert(Company), companies)
    members = [{"user_id": PAYER, "company_id": one.company_id, "role": Role.OWNER} for one in moving]
    await session.execute(insert(Membership), members)
    subscriptions = [
        {
            "company_id": one.company_id,
            "plan_code": one.plan,
            "interval": Interval.MONTH,
            "status": SubscriptionStatus.TRIALING,
            "trial_ends_at": at,
        }
        for one in moving
    ]
    await session.execute(insert(Subscription), subscriptions)


async def viewer(session: AsyncSession, customer: Customer) -> Viewer:
    """Return the owner as they look at their company."""
    found = await viewer_of(session, user_id=PAYER, company_id=customer.company_id, session_epoch=0)
    assert found is not None
    return found


@contextmanager
def named(name: str) -> Iterator[None]:
    """Give the next attempt a name that the seed knows; the product draws its names at random."""
    token = _next_name.set(name)
    try:
        yield
    finally:
        _next_name.reset(token)


def name_by_seed() -> None:
    """Let attempts written in this process take the names of the storm."""
    for module in (checkout, charge_attempts, refunds):
        module.random_reference = _name  # type: ignore[attr-defined]


def _name(prefix: str) -> str:
    return _next_name.get() or random_reference(prefix)


def _customer(seed: int, number: int) -> Customer:
    dice = random.Random(f"{seed}/{number}")  # noqa: S311 a seed is the point
    return Customer(
        number=number,
        company_id=uuid7(),
        plan=dice.choice(PLANS),
        pays_by_card=dice.random() < 0.3,
        opens_two_pages=dice.random() < 0.1,
        refund_share=dice.choice((0.25, 0.5, 1.0)) if dice.random() < 0.25 else 0.0,
    )
