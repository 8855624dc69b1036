"""Signing up."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import Beyond, beyond
from app.domain.accounts.limits import REGISTRATION_OF_ADDRESS
from app.domain.billing import metrics
from app.domain.billing.registration import Registration, register
from app.domain.companies import sessions as company_sessions
from app.domain.plans.queries import current_offers
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.http import PUBLIC, AnyRequest, Injected, address_of, redirect
from app.lib.sessions import SessionConfig
from app.lib.settings import Settings
from app.lib.templating import current_language, form_page
from app.lib.throttles import Throttle, network_of
from app.lib.uow import roll_back


@dataclass
class RegistrationForm:
    """The form as it was typed; the password is never shown again."""

    company_name: str = ""
    full_name: str = ""
    email: str = ""
    password: str = ""
    plan: str = "team"
    accept_terms: str = ""

    def read(self) -> Registration:
        """Return the form as the service takes it."""
        return Registration(
            company_name=self.company_name,
            full_name=self.full_name,
            email=self.email,
            password=self.password,
            plan=self.plan,
            accept_terms=bool(self.accept_terms),
        )


class RegistrationController(Controller):
    """`/register`."""

    opt = PUBLIC

    @get("/register", name="registration:show")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], plan: FromQuery[str] = "team"
    ) -> Response[Any] | Template:
        """Show the form, or go on when already inside."""
        if (viewer := request.scope["user"]) is not None:
            return redirect(request, viewer.home)
        return await registration_page(request, db_session, RegistrationForm(plan=plan))

    @post("/register", name="registration:create", status_code=200, opt=beyond(Beyond.REGISTRATION))
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        data: URLEncodedBody[RegistrationForm],
    ) -> Response[Any] | Template:
        """Sign up and go straight in; a refusal shows the form again with all that was typed."""
        await throttle.take(REGISTRATION_OF_ADDRESS, network_of(address_of(request)))
        where = {"language": current_language.get(), "address": address_of(request)}
        try:
            user, company = await register(db_session, data.read(), **where, settings=settings, at=now())
        except InvalidInput as refusal:
            await roll_back(db_session)
            return await registration_page(request, db_session, data, refusal)
        metrics.count_after_commit(db_session, metrics.registrations)
        await company_sessions.begin(request, sessions, db_session, user, company.id)
        return company_sessions.known_from_now_on(redirect(request, "/dashboard"), user, settings)


async def registration_page(
    request: AnyRequest,
    session: AsyncSession,
    form: RegistrationForm,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the form with what was typed and, after a refusal, the sentence at its field."""
    return form_page(
        request,
        "accounts/register.html.j2",
        block="registration_form",
        form=form,
        refusal=refusal,
        offers=await current_offers(session),
    )
