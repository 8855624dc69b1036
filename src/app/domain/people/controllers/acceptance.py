"""`/legal/acceptance`: a new version of what everybody accepts, asked for once before going on."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.accounts.legal import ASKED_OF_PEOPLE
from app.domain.accounts.legal_acceptance import ACCEPT, ACCEPTANCE_PATH, accept_as_person, is_asked
from app.domain.audit.service import record
from app.domain.companies.viewer import Viewer
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.http import BEFORE_ACCEPTANCE, AnyRequest, Injected, address_of, local_address, redirect
from app.lib.settings import Settings
from app.lib.templating import current_language, form_page


@dataclass
class AcceptanceForm:
    """The one box, and where somebody was going."""

    accept_terms: str = ""
    next: str = ""


class AcceptanceController(Controller):
    """`/legal/acceptance`."""

    path = ACCEPTANCE_PATH
    opt = BEFORE_ACCEPTANCE

    @get("/", name="acceptance:show", sync_to_thread=False)
    def show(
        self,
        request: AnyRequest,
        viewer: Injected[Viewer],
        next: FromQuery[str] = "",  # noqa: A002 the parameter's public name
    ) -> Response[Any] | Template:
        """Ask; who has accepted already goes on."""
        if not is_asked(viewer.user):
            return redirect(request, local_address(next, viewer.home))
        return acceptance_page(request, AcceptanceForm(next=next))

    @post("/", name="acceptance:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        data: URLEncodedBody[AcceptanceForm],
    ) -> Response[Any] | Template:
        """Keep that they accept, and let them go on."""
        if not data.accept_terms:
            return acceptance_page(request, data, InvalidInput(ACCEPT, field="accept_terms"))
        await keep_acceptance(request, db_session, viewer, settings)
        return redirect(request, local_address(data.next, viewer.home))


async def keep_acceptance(
    request: AnyRequest, session: AsyncSession, viewer: Viewer, settings: Settings
) -> None:
    """Write the acceptance and its line of the trail."""
    at = now()
    where = {"language": current_language.get(), "address": address_of(request)}
    user = viewer.user
    await accept_as_person(session, user, company_id=viewer.company.id, **where, settings=settings, at=at)
    record(
        session,
        at=at,
        action="account.terms_accepted",
        subject=viewer.user.id,
        company_id=None,
        actor_id=viewer.user.id,
        facts={"documents": user.accepted_documents},
    )


def acceptance_page(
    request: AnyRequest, form: AcceptanceForm, refusal: InvalidInput | None = None
) -> Template:
    """Return the page that asks and, after a refusal, the sentence at its box."""
    return form_page(
        request,
        "accounts/acceptance.html.j2",
        block="acceptance_form",
        form=form,
        documents=ASKED_OF_PEOPLE,
        refusal=refusal,
    )
