"""`/account/two-factor`: a person's second factor, of customers and of operators alike."""

from dataclasses import dataclass
from typing import Any, Final

from litestar import Controller, Response, get, post
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.accounts.limits import FACTOR_CHANGE_OF_ACCOUNT
from app.domain.accounts.operators import Operator
from app.domain.companies import sessions as company_sessions
from app.domain.companies.viewer import Viewer
from app.domain.people.two_factor.codes import LONGEST, in_groups
from app.domain.people.two_factor.letters import PATH
from app.domain.people.two_factor.requirement import lacks_two_factor
from app.domain.people.two_factor.service import SetupEnded, confirm, is_needed, renew_codes, switch_off
from app.domain.people.two_factor.setup import Setup, begin_setup, open_setup
from app.domain.people.two_factor.verification import codes_left, factor_of, prove
from app.lib.clock import real_now
from app.lib.errors import DomainError, InvalidInput
from app.lib.http import BEFORE_TWO_FACTOR, FOR_EITHER_SIDE, AnyRequest, Injected, redirect
from app.lib.i18n import N_, translate
from app.lib.sessions import SessionConfig
from app.lib.settings import Settings
from app.lib.templating import current_language, form_page, page
from app.lib.throttles import Throttle
from app.lib.uow import roll_back

SETUP, RENEWAL, REMOVAL = "setup", "recovery-codes", "removal"
"""What a password, and a code where there is one, may open: the addresses below `PATH`."""
FILE_NAME: Final = N_("tezgah-recovery-codes.txt")


@dataclass
class Proof:
    """The form that asks who it is; what is typed is never shown again."""

    password: str = ""
    code: str = ""


@dataclass
class Confirmation:
    """The form below the picture."""

    sealed: str = ""
    code: str = ""


class TwoFactorController(Controller):
    """`/account/two-factor` and what is below it."""

    path = PATH
    opt = FOR_EITHER_SIDE | BEFORE_TWO_FACTOR

    @get("/", name="two-factor:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        after: FromQuery[str] = "",
    ) -> Template:
        """Show whether there is a second factor, and what can be done about it."""
        viewer = person_of(request)
        factor = await factor_of(db_session, viewer.user.id)
        return page(
            request,
            "accounts/two_factor.html.j2",
            block="content",
            factor=factor,
            left=await codes_left(db_session, factor) if factor else 0,
            is_needed=await is_needed(db_session, viewer.user, settings),
            is_missing=lacks_two_factor(viewer, settings),
            after=after,
        )

    @get(["/setup", "/recovery-codes", "/removal"], name="two-factor:ask")
    async def ask(self, request: AnyRequest, db_session: Injected[AsyncSession]) -> Response[Any]:
        """Ask who it is."""
        aim = request.url.path.rstrip("/").rpartition("/")[2]
        has_factor = await factor_of(db_session, person_of(request).user.id) is not None
        if aim != SETUP and not has_factor:
            return redirect(request, PATH)
        return proof_page(request, aim, has_factor=has_factor)

    @post("/setup", name="two-factor:begin", status_code=200)
    async def begin(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        data: URLEncodedBody[Proof],
    ) -> Template:
        """Show a new key, to be taken into an app."""
        user, at = person_of(request).user, real_now()
        await throttle.take(FACTOR_CHANGE_OF_ACCOUNT, str(user.id))
        try:
            await prove(db_session, user, password=data.password, code=data.code, settings=settings, at=at)
        except InvalidInput as refusal:
            return await refused(request, db_session, user, SETUP, refusal)
        await throttle.forgive(FACTOR_CHANGE_OF_ACCOUNT, str(user.id))
        return key_page(request, begin_setup(settings.keys, user, at=at))

    @post("/confirmation", name="two-factor:confirm", status_code=200)
    async def confirm(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        data: URLEncodedBody[Confirmation],
    ) -> Template | Response[Any]:
        """Keep the key once the app has shown a code of it; show the recovery codes, this once."""
        user, at = person_of(request).user, real_now()
        try:
            codes = await confirm(
                db_session, user, sealed=data.sealed, code=data.code, settings=settings, at=at
            )
        except SetupEnded as ended:
            return await refused(request, db_session, user, SETUP, ended)
        except InvalidInput as refusal:
            await roll_back(db_session)
            return key_page(request, open_setup(settings.keys, user, data.sealed, at=at), refusal)
        await begin_anew(request, sessions, db_session)
        return company_sessions.known_from_now_on(codes_page(request, codes), user, settings, by_code=True)

    @post("/recovery-codes", name="two-factor:renew", status_code=200)
    async def renew(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        data: URLEncodedBody[Proof],
    ) -> Template:
        """Make new recovery codes and show them, this once."""
        user, typed = person_of(request).user, {"password": data.password, "code": data.code}
        await throttle.take(FACTOR_CHANGE_OF_ACCOUNT, str(user.id))
        try:
            codes = await renew_codes(db_session, user, **typed, settings=settings, at=real_now())
        except InvalidInput as refusal:
            return await refused(request, db_session, user, RENEWAL, refusal)
        await throttle.forgive(FACTOR_CHANGE_OF_ACCOUNT, str(user.id))
        return codes_page(request, codes)

    @post("/removal", name="two-factor:remove", status_code=200)
    async def remove(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        sessions: Injected[SessionConfig],
        settings: Injected[Settings],
        throttle: Injected[Throttle],
        data: URLEncodedBody[Proof],
    ) -> Template | Response[Any]:
        """Let the password alone do again."""
        user, typed = person_of(request).user, {"password": data.password, "code": data.code}
        await throttle.take(FACTOR_CHANGE_OF_ACCOUNT, str(user.id))
        try:
            await switch_off(db_session, user, **typed, settings=settings, at=real_now())
        except InvalidInput as refusal:
            return await refused(request, db_session, user, REMOVAL, refusal)
        await throttle.forgive(FACTOR_CHANGE_OF_ACCOUNT, str(user.id))
        await begin_anew(request, sessions, db_session)
        return redirect(request, f"{PATH}?after=removal")


def person_of(request: AnyRequest) -> Viewer | Operator:
    """Return who is looking, of either side."""
    viewer: Viewer | Operator = request.scope["user"]
    return viewer


async def begin_anew(request: AnyRequest, sessions: SessionConfig, session: AsyncSession) -> None:
    """End every session of the person, and begin the one they are in under a new id."""
    viewer = person_of(request)
    await sessions.directory.end_others(viewer.user.id, sessions.get_store_from_app(request.app))
    company_id = viewer.company.id if isinstance(viewer, Viewer) else None
    await company_sessions.begin(request, sessions, session, viewer.user, company_id)


async def refused(
    request: AnyRequest, session: AsyncSession, user: User, aim: str, refusal: DomainError
) -> Template:
    """Return the form that asks who it is, with the sentence that led back to it."""
    await roll_back(session)
    return proof_page(request, aim, refusal, has_factor=await factor_of(session, user.id) is not None)


def proof_page(
    request: AnyRequest, aim: str, refusal: DomainError | None = None, *, has_factor: bool
) -> Template:
    """Return the form that asks for the password, and for a code where there is a second factor."""
    return form_page(
        request,
        "accounts/two_factor_proof.html.j2",
        block="proof_form",
        refusal=refusal,
        aim=aim,
        has_factor=has_factor,
        code_length=LONGEST,
    )


def key_page(request: AnyRequest, setup: Setup | None, refusal: InvalidInput | None = None) -> Template:
    """Return the key as a picture and as text, and the field for the first code."""
    return form_page(
        request, "accounts/two_factor_key.html.j2", block="content", refusal=refusal, setup=setup
    )


def codes_page(request: AnyRequest, codes: list[str]) -> Template:
    """Return the recovery codes, to be kept on paper or in a file."""
    return page(
        request,
        "accounts/two_factor_codes.html.j2",
        block="content",
        codes=[in_groups(code) for code in codes],
        file_name=translate(current_language.get(), FILE_NAME),
    )
