"""Confirming an e-mail address: the page behind the link in the letter, and the letter once more."""

from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.scopes import Beyond, beyond
from app.domain.accounts.limits import VERIFICATION_OF_ACCOUNT
from app.domain.companies.viewer import Viewer
from app.domain.people.links import LinkUseless
from app.domain.people.verification import PATH, holder_of, send_link, verify
from app.lib.clock import real_now
from app.lib.http import PUBLIC, AnyRequest, Injected, redirect
from app.lib.settings import Settings
from app.lib.templating import form_page, wants_fragment
from app.lib.throttles import Throttle


class VerificationController(Controller):
    """`/email-verification`: for whoever has the link, on any device.

    Opening it changes nothing: the programs that look at mail before its reader does open every link.
    """

    path = PATH
    opt = PUBLIC | beyond(Beyond.EMAIL_LINK)

    @get("/{token:str}", name="email-verification:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        token: FromPath[str],
    ) -> Template:
        """Ask for the one press that confirms, or say that it is done."""
        try:
            user = await holder_of(db_session, token, settings=settings, at=real_now())
        except LinkUseless as useless:
            return link_page(request, refusal=useless)
        return link_page(request, holder=user, token=token)

    @post("/{token:str}", name="email-verification:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        token: FromPath[str],
    ) -> Response[Any] | Template:
        """Confirm the address."""
        try:
            await verify(db_session, token, settings=settings, at=real_now())
        except LinkUseless as useless:
            return link_page(request, refusal=useless)
        return redirect(request, f"{PATH}/{token}")


@post("/account/email/verification", name="account-email:verify", status_code=200)
async def send_again(
    request: AnyRequest,
    db_session: Injected[AsyncSession],
    throttle: Injected[Throttle],
    viewer: Injected[Viewer],
) -> Response[Any] | Template:
    """Send the link once more; what is typed on the page it was asked from stays there."""
    await throttle.take(VERIFICATION_OF_ACCOUNT, str(viewer.user.id))
    await send_link(db_session, viewer.user, at=real_now())
    if wants_fragment(request):
        return Template("accounts/verification_sent.html.j2", context={"email": viewer.user.email})
    return redirect(request, "/account/email?sent=true")


def link_page(
    request: AnyRequest, *, holder: Any = None, token: str = "", refusal: LinkUseless | None = None
) -> Template:
    """Return what stands behind a link: the button, that it is done, or why it opens nothing."""
    return form_page(
        request,
        "accounts/verify.html.j2",
        block="verification",
        holder=holder,
        token=token,
        refusal=refusal,
    )
