"""Which company somebody means who quotes it to support."""

from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select, union
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Invoice, Membership, Order, Payment, User
from app.lib.errors import InvalidInput
from app.lib.i18n import N_

MANY: Final = 5
"""Companies that a refusal names at most."""


async def company_meant(session: AsyncSession, quoted: str) -> Company:
    """Return the one company that has this short name, member's address, or number of an order or an invoice.

    Exactly, never by a part: nobody gets into the company next to the one that asked for help. Raises
    `InvalidInput` at `company` when there is none, or more than one.
    """
    quoted = quoted.strip()
    found = select(Company).where(Company.id.in_(union(*_meanings(quoted)))).order_by(Company.slug)
    companies = list(await session.scalars(found.limit(MANY)))
    if not companies:
        raise InvalidInput(
            N_("No company is known by this. Write its short name, a member's address, or a number."),
            field="company",
        )
    if len(companies) > 1:
        raise InvalidInput(
            N_("This fits several companies. Write one of: %(names)s."),
            field="company",
            names=", ".join(company.slug for company in companies),
        )
    return companies[0]


def _meanings(quoted: str) -> list[Select[*tuple[Any, ...]]]:
    members = select(Membership.company_id).join(User, User.id == Membership.user_id)
    found: list[Select[*tuple[Any, ...]]] = [
        select(Company.id).where(Company.slug == quoted.lower()),
        members.where(func.lower(User.email) == quoted.lower()),
        select(Payment.company_id).where(Payment.merchant_oid == quoted.upper()),
        select(Invoice.company_id).where(Invoice.number == quoted.upper()),
    ]
    with suppress(ValueError):  # no number of an order
        found.append(select(Order.company_id).where(Order.id == UUID(quoted)))
    return found
