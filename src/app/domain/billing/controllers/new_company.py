"""`/account/companies/new`: one more company of somebody who has an account."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.db.scopes import Beyond, beyond
from app.domain.accounts.limits import COMPANIES_OF_ACCOUNT
from app.domain.billing import metrics
from app.domain.billing.new_company import NewCompany, begin_another
from app.domain.billing.trials.guard import has_had_trial
from app.domain.companies import sessions as company_sessions
from app.domain.companies.person import COMPANIES, Person
from app.domain.companies.viewer import Viewer
from app.domain.plans.queries import current_offers
from app.lib.clock import real_now
from app.lib.errors import InvalidInput
from app.lib.http import BEFORE_TWO_FACTOR, FOR_PERSON, AnyRequest, Injected, address_of, redirect
from app.lib.settings import Settings
from app.lib.templating import current_language, form_page
from app.lib.throttles import Throttle
from app.lib.uow import roll_back


class NewCompanyController(Controller):
    """`/account/companies/new`: a new company lives in real time, wherever its founder looks from."""

    path = f"{COMPANIES}/new"
    opt = FOR_PERSON | BEFORE_TWO_FACTOR | beyond(Beyond.REGISTRATION)

    @get("/", name="new-company:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        viewer: Injected[Viewer | Person],
    ) -> Template:
        """Show the form, and whether the company begins with a trial."""
        return await new_company_page(request, db_session, settings, viewer, NewCompany())

    @post("/", name="new-company:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer | Person],
        data: URLEncodedBody[NewCompany],
    ) -> Response[Any] | Template:
        """Begin the company and look at it."""
        await throttle.take(COMPANIES_OF_ACCOUNT, str(viewer.user.id))
        where = {"language": current_language.get(), "address": address_of(request)}
        try:
            company = await begin_another(
                db_session, viewer.user, data, **where, settings=settings, at=real_now()
            )
        except InvalidInput as refusal:
            await roll_back(db_session)
            return await new_company_page(request, db_session, settings, viewer, data, refusal)
        metrics.count_after_commit(db_session, metrics.registrations)
        company_sessions.look_at(request, company.id)
        return redirect(request, Viewer.home)


async def new_company_page(
    request: AnyRequest,
    session: AsyncSession,
    settings: Settings,
    viewer: Viewer | Person,
    form: NewCompany,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the form with what was typed and, after a refusal, the sentence at its field."""
    user = await session.get_one(User, viewer.user.id)  # a refusal has let go of the viewer's
    return form_page(
        request,
        "accounts/new_company.html.j2",
        block="company_form",
        form=form,
        refusal=refusal,
        offers=await current_offers(session),
        has_had_trial=await has_had_trial(session, user, settings),
    )
