"""Reading cases: the list, paged by key, and one case with everything it is about."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import AuditEntry, CardRegistration, CaseKind, Company, OperatorCase, User
from app.domain.ops.case_actions import Matter
from app.domain.ops.payment_files import PaymentFile, file_of, trail_of
from app.lib.errors import NotFound
from app.lib.i18n import N_

Cases = Select[*tuple[Any, ...]]
PAGE = 50


class CaseState(StrEnum):
    """Which cases are listed."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """What is looked for; `after` is the last case of the page before."""

    state: CaseState = CaseState.OPEN
    kind: CaseKind | None = None
    newest_first: bool = False
    after: UUID | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in the list."""

    case: OperatorCase
    company: Company | None
    decided_by: User | None


@dataclass(frozen=True, slots=True)
class CasePage:
    """One page of the list, and the case that the next page begins after."""

    rows: list[CaseRow]
    next_after: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A case with the rows involved and who did what about it."""

    row: CaseRow
    matter: Matter
    payment: PaymentFile | None
    """The payment it is about; of an unknown order only what PayTR said."""
    registration: CardRegistration | None
    """The storing of a card, whose verification payment it is about instead."""
    trail: list[tuple[AuditEntry, User | None]]

    @property
    def about(self) -> str:
        """What kind of thing it is about, for its sentence."""
        if self.matter.refund is not None:
            return "refund"
        return "card" if self.registration else "payment"


async def list_cases(session: AsyncSession, wanted: CaseFilter, *, limit: int = PAGE) -> CasePage:
    """Return a page of cases in the order they were opened."""
    statement = _in_order(_selection().where(*_conditions(wanted)), wanted).limit(limit + 1)
    rows = [CaseRow(*row) for row in await session.execute(statement)]
    return CasePage(rows[:limit], rows[limit - 1].case.id if len(rows) > limit else None)


async def case_row(session: AsyncSession, case_id: UUID) -> CaseRow:
    """Return one case as it stands in the database now."""
    statement = _selection().where(OperatorCase.id == case_id).execution_options(populate_existing=True)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such case."))
    return CaseRow(*row)


async def case_file(session: AsyncSession, case_id: UUID) -> CaseFile:
    """Return one case with everything it is about."""
    row = await case_row(session, case_id)
    case = row.case
    file = await file_of(session, case.facts.get("merchant_oid") or case.subject)
    payment = file.payment if file else None
    refunds = file.refunds if file else []
    refund = next((refund for refund in refunds if refund.reference == case.subject), None)
    return CaseFile(
        row=row,
        matter=Matter(case, payment, refund),
        payment=file,
        registration=await _registration_of(session, case.subject) if payment is None else None,
        trail=await trail_of(session, case.company_id, {case.id}),
    )


async def _registration_of(session: AsyncSession, merchant_oid: str) -> CardRegistration | None:
    statement = select(CardRegistration).where(
        CardRegistration.merchant_oid == merchant_oid, CardRegistration.payment_id.is_(None)
    )
    return (await session.scalars(statement)).one_or_none()


def _selection() -> Cases:
    return (
        select(OperatorCase, Company, User)
        .outerjoin(Company, Company.id == OperatorCase.company_id)
        .outerjoin(User, User.id == OperatorCase.decided_by_id)
    )


def _conditions(wanted: CaseFilter) -> list[Any]:
    conditions: list[Any] = []
    if wanted.state is CaseState.OPEN:
        conditions.append(OperatorCase.closed_at.is_(None))
    if wanted.state is CaseState.CLOSED:
        conditions.append(OperatorCase.closed_at.is_not(None))
    if wanted.kind is not None:
        conditions.append(OperatorCase.kind == wanted.kind)
    return conditions


def _in_order(statement: Cases, wanted: CaseFilter) -> Cases:
    columns = (OperatorCase.opened_at, OperatorCase.id)
    if wanted.after is not None:
        last = select(*columns).where(OperatorCase.id == wanted.after).scalar_subquery()
        key = tuple_(*columns)
        statement = statement.where(key < last if wanted.newest_first else key > last)
    return statement.order_by(*((column.desc() if wanted.newest_first else column) for column in columns))
