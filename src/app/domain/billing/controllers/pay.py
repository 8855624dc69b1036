"""The page behind a payment link: nobody logs in, one order is seen and paid."""

from datetime import datetime
from functools import partial
from typing import Any

from litestar import Controller, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.plugins.htmx import HTMXTemplate
from litestar.response import Response, Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Order
from app.db.scopes import Beyond, beyond
from app.domain.billing import metrics
from app.domain.billing.checkout import FrameAnswer, ask_for_frame, note_frame
from app.domain.billing.controllers.agreement import AgreementForm, answer_of
from app.domain.billing.link_payments import (
    LinkAttempt,
    LinkState,
    begin_link_payment,
    link_frame_request,
    view_of_link,
)
from app.domain.billing.paylinks import EVER, order_of_link
from app.domain.companies.clocks import time_of_row
from app.domain.payments.gateway import PaymentGateway
from app.domain.payments.values import FrameToken
from app.lib.clock import now
from app.lib.errors import DomainError, InvalidInput
from app.lib.http import PUBLIC, AnyRequest, Injected
from app.lib.settings import Settings
from app.lib.templating import current_language, page, wants_fragment
from app.lib.uow import commit, roll_back

LINK = PUBLIC | beyond(Beyond.PAYMENT_LINK)


class PayController(Controller):
    """`/pay/{token}` and the way back from PayTR's page."""

    @get("/pay/{token:str}", name="pay:show", opt=LINK)
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        token: FromPath[str],
        in_frame: FromQuery[bool] = False,
    ) -> Template | Response[None]:
        """Show what is owed; a page with PayTR's frame keeps it until something has become of the order."""
        at = await time_of_link(db_session, settings, token)
        order_id = order_of_link(settings, token, at=at)
        view = await view_of_link(db_session, order_id, settings, language=current_language.get(), at=at)
        if wants_fragment(request) and in_frame and view.state is LinkState.OPEN:
            return Response(None, status_code=204)
        return pay_page(request, token, view=view)

    @post("/pay/{token:str}", name="pay:create", opt=LINK, status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        settings: Injected[Settings],
        gateway: Injected[PaymentGateway],
        token: FromPath[str],
        data: URLEncodedBody[AgreementForm],
    ) -> Template:
        """Commit an attempt, then ask PayTR for its page, then show it."""
        at = await time_of_link(db_session, settings, token)
        order_id, said = order_of_link(settings, token, at=at), answer_of(request, data)
        shown = partial(view_of_link, db_session, order_id, settings, language=said.language, at=at)
        try:
            attempt = await begin_link_payment(db_session, order_id, said, settings=settings, at=at)
        except DomainError as refusal:
            await roll_back(db_session)
            return pay_page(request, token, view=await shown(), refusal=refusal, status_code=refusal.status)
        await commit(db_session)
        answer = await open_link_frame(db_session, gateway, attempt, settings, token, said.address, at)
        status = 200 if answer.frame else 503
        return pay_page(request, token, view=await shown(), frame=answer.frame, status_code=status)

    @get("/pay/return/{token:str}", name="pay:return", opt=PUBLIC, sync_to_thread=False)
    def come_back(self, token: FromPath[str]) -> Template:
        """Lead out of PayTR's frame to the link's own page; coming back proves nothing (paytr.md §4.1)."""
        return Template("billing/out_of_frame.html.j2", context={"address": f"/pay/{token}"})


async def time_of_link(session: AsyncSession, settings: Settings, token: str) -> datetime:
    """Return what time it is for whoever opens a link: that of the company whose order it pays."""
    if settings.is_production:
        return now()
    return await time_of_row(session, Order, order_of_link(settings, token, at=EVER), now())


async def open_link_frame(
    session: AsyncSession,
    gateway: PaymentGateway,
    attempt: LinkAttempt,
    settings: Settings,
    token: str,
    address: str,
    at: datetime,
) -> FrameAnswer:
    """Ask PayTR for its page and note what it answered, committed also when there is none."""
    answer = await ask_for_frame(gateway, link_frame_request(attempt, settings, token, address=address))
    metrics.checkouts.labels("link" if answer.frame else answer.status.value).inc()
    await note_frame(session, attempt.payment, answer, at=at)
    await commit(session)
    if answer.objection:
        raise answer.objection
    return answer


def pay_page(
    request: AnyRequest,
    token: str,
    *,
    view: object,
    frame: FrameToken | None = None,
    refusal: DomainError | None = None,
    status_code: int = 200,
) -> HTMXTemplate:
    """Return the page in the state of its order."""
    at_field = isinstance(refusal, InvalidInput) and refusal.field is not None
    context: dict[str, Any] = {
        "view": view,
        "token": token,
        "frame": frame,
        "refusal": None if at_field else refusal,
        "errors": {refusal.field: refusal} if isinstance(refusal, InvalidInput) else {},
    }
    return page(
        request,
        "billing/pay.html.j2",
        block="pay_state",
        status_code=status_code,
        is_away=status_code == 503,
        **context,
    )
