"""`/operator/support`: looking at a company in its owner's place, and giving that back."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import SupportAccess
from app.domain.accounts.limits import PASSWORD_OF_ACCOUNT
from app.domain.accounts.operators import Operator
from app.domain.companies.support import IN_SESSION, in_session
from app.domain.companies.viewer import Viewer
from app.domain.ops.support.finding import company_meant
from app.domain.people import support
from app.lib.clock import real_now
from app.lib.errors import DomainError, NotFound
from app.lib.http import FOR_OPERATORS, AnyRequest, Injected, redirect
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.templating import form_page
from app.lib.throttles import Throttle
from app.lib.uow import roll_back

PATH = "/operator/support"


@dataclass
class Wish:
    """Whom an operator wants to look at, as it was typed."""

    company: str = ""
    reason: str = ""
    minutes: str = "15"

    @property
    def length(self) -> int:
        """The minutes, or none of those that can be chosen."""
        return int(self.minutes) if self.minutes.isdecimal() else 0


@dataclass
class Changes:
    """Why something has to be changed, and who says so; the password is never shown again."""

    reason: str = ""
    password: str = ""


class SupportController(Controller):
    """`/operator/support`."""

    path = PATH
    opt = FOR_OPERATORS

    @get("/", name="operator_support:list")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], company: FromQuery[str] = ""
    ) -> Template:
        """Ask for company, reason and time, and show who looked at whom."""
        return await list_page(request, db_session, Wish(company=company))

    @post("/", name="operator_support:begin", status_code=200)
    async def begin(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        operator: Injected[Operator],
        settings: Injected[Settings],
        data: URLEncodedBody[Wish],
    ) -> Response[Any] | Template:
        """Begin an access, and go on in the company's place."""
        try:
            access = await look(db_session, operator, data, settings)
        except DomainError as refusal:
            await roll_back(db_session)
            return await list_page(request, db_session, data, refusal)
        request.session[IN_SESSION] = in_session(access)
        return redirect(request, Viewer.home)

    @get("/changes", name="operator_support:show-changes", sync_to_thread=False)
    def show_changes(self, request: AnyRequest, operator: Injected[Operator]) -> Template:
        """Ask for a reason and the operator's password."""
        return changes_page(request, operator, Changes())

    @post("/changes", name="operator_support:allow-changes", status_code=200)
    async def allow_changes(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        throttle: Injected[Throttle],
        operator: Injected[Operator],
        data: URLEncodedBody[Changes],
    ) -> Response[Any] | Template:
        """Allow changes for ten minutes, and go on in the company's place."""
        await throttle.take(PASSWORD_OF_ACCOUNT, str(operator.user.id))
        try:
            access, said = require_running(operator), {"reason": data.reason, "password": data.password}
            await support.allow_changes(db_session, operator.user, access.id, **said, at=real_now())
        except DomainError as refusal:
            await roll_back(db_session)
            return changes_page(request, operator, data, refusal)
        return redirect(request, Viewer.home)

    @post("/{access_id:uuid}/end", name="operator_support:end", status_code=200)
    async def end(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        operator: Injected[Operator],
        access_id: FromPath[UUID],
    ) -> Response[Any]:
        """Give the company back; works as often as it is pressed."""
        await support.end_own(db_session, operator.user, access_id, at=real_now())
        request.session.pop(IN_SESSION, None)
        return redirect(request, PATH)


async def look(session: AsyncSession, operator: Operator, wish: Wish, settings: Settings) -> SupportAccess:
    """Begin the access that the form describes."""
    company = await company_meant(session, wish.company)
    return await support.begin(
        session,
        operator.user,
        company.id,
        reason=wish.reason,
        minutes=wish.length,
        base_url=settings.base_url,
        at=real_now(),
    )


async def list_page(
    request: AnyRequest, session: AsyncSession, form: Wish, refusal: DomainError | None = None
) -> Template:
    """Return the form and the latest accesses and, after a refusal, the sentence at its field."""
    return form_page(
        request,
        "operator/support.html.j2",
        block="content",
        form=form,
        minutes=support.MINUTES,
        reason_length=support.LONGEST_REASON,
        accesses=await support.latest_accesses(session),
        at=real_now(),
        refusal=refusal,
    )


def changes_page(
    request: AnyRequest, operator: Operator, form: Changes, refusal: DomainError | None = None
) -> Template:
    """Return the form that asks for changes; without an access that runs there is nothing to change."""
    access = require_running(operator)
    return form_page(
        request,
        "operator/support_changes.html.j2",
        block="content",
        form=form,
        access=access,
        reason_length=support.LONGEST_REASON,
        refusal=refusal,
    )


def require_running(operator: Operator) -> SupportAccess:
    """Return the access under which the operator looks. Raises `NotFound` when there is none."""
    if operator.support is None:
        raise NotFound(N_("You look at no company now."))
    return operator.support
