"""The pages of cases: the list, one case, and the decision."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import CaseKind, OperatorCase
from app.domain.accounts.operators import Operator
from app.domain.companies.clocks import time_of_row
from app.domain.ops.case_actions import TAKES_AMOUNT, CaseAction
from app.domain.ops.case_decisions import NOTE_LENGTH, AlreadyDecided, Decision, decide
from app.domain.ops.case_queries import CaseFilter, CaseState, case_file, list_cases
from app.domain.ops.controllers.forms import amount_text, read_amount, require_confirmation
from app.lib.clock import now
from app.lib.errors import DomainError, InvalidInput, NotFound
from app.lib.http import FOR_OPERATORS, AnyRequest, Injected, redirect
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.templating import form_page, page
from app.lib.uow import roll_back


@dataclass
class DecisionForm:
    """The decision as it was typed."""

    action: str = ""
    amount: str = ""
    note: str = ""
    confirm: str = ""

    def read(self) -> Decision:
        """Return the decision, or the sentence for the first field that cannot be accepted."""
        if self.action not in set(CaseAction):
            raise InvalidInput(N_("Choose what is to be done."), field="action")
        action = CaseAction(self.action)
        amount = read_amount(self.amount) if action in TAKES_AMOUNT else 0
        require_confirmation(self.confirm)
        return Decision(action, self.note, amount)


class CaseController(Controller):
    """`/operator/cases`."""

    path = "/operator/cases"
    opt = FOR_OPERATORS

    @get("/", name="cases:list")
    async def list_all(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        status: FromQuery[str] = "open",
        kind: FromQuery[str] = "",
        order: FromQuery[str] = "oldest",
        after: FromQuery[UUID | None] = None,
    ) -> Template:
        """Show cases, the open ones and the oldest first unless asked otherwise."""
        if status not in set(CaseState) or (kind and kind not in set(CaseKind)):
            raise NotFound(N_("There is nothing at this address."))
        wanted = CaseFilter(CaseState(status), CaseKind(kind) if kind else None, order == "newest", after)
        return page(
            request,
            "operator/cases.html.j2",
            block="content",
            wanted=wanted,
            found=await list_cases(db_session, wanted),
            kinds=list(CaseKind),
        )

    @get("/{case_id:uuid}", name="cases:show")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], case_id: FromPath[UUID]
    ) -> Template:
        """Show one case with everything it is about and what may be decided."""
        return await case_page(request, db_session, case_id)

    @post("/{case_id:uuid}/decision", name="cases:decide", status_code=200)
    async def decide(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        operator: Injected[Operator],
        settings: Injected[Settings],
        case_id: FromPath[UUID],
        data: URLEncodedBody[DecisionForm],
    ) -> Response[Any] | Template:
        """Carry a decision out; a refused one shows the case as it stands now, with all that was typed."""
        try:
            at = await time_of_row(db_session, OperatorCase, case_id, now())
            await decide(db_session, operator, case_id, data.read(), settings=settings, at=at)
        except NotFound:
            raise
        except DomainError as refusal:
            return await refused_page(request, db_session, case_id, data, refusal)
        return redirect(request, f"/operator/cases/{case_id}")


async def refused_page(
    request: AnyRequest, session: AsyncSession, case_id: UUID, form: DecisionForm, refusal: DomainError
) -> Template:
    """Return the case as it is after the refused decision has been undone."""
    await roll_back(session)
    return await case_page(request, session, case_id, form=form, refusal=refusal)


async def case_page(
    request: AnyRequest,
    session: AsyncSession,
    case_id: UUID,
    *,
    form: DecisionForm | None = None,
    refusal: DomainError | None = None,
) -> Template:
    """Return the page of one case; a fresh form proposes the usual decision and all that is left."""
    file = await case_file(session, case_id)
    actions = file.matter.actions
    if refusal is not None and file.row.case.closed_at is not None:
        refusal = AlreadyDecided()  # whatever else was wrong with what was typed
    usual = actions[0].value if actions else ""
    return form_page(
        request,
        "operator/case.html.j2",
        block="content",
        file=file,
        actions=actions,
        takes_amount=TAKES_AMOUNT,
        form=form or DecisionForm(action=usual, amount=amount_text(file.matter.left)),
        refusal=refusal,
        note_length=NOTE_LENGTH,
    )
