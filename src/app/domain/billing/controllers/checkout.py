"""Paying: the order, PayTR's frame, and the way back, which changes nothing."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing import metrics
from app.domain.billing.checkout import (
    Checkout,
    FrameAnswer,
    ask_for_frame,
    frame_request,
    note_frame,
    place_order,
)
from app.domain.billing.controllers.pages import require_billing
from app.domain.billing.views import PaymentRow, payment_of
from app.domain.companies.viewer import Viewer
from app.domain.payments.declines import reason_of
from app.domain.payments.gateway import PaymentGateway
from app.domain.payments.values import FrameToken
from app.lib.clock import now
from app.lib.http import PUBLIC, AnyRequest, Injected, address_of, redirect
from app.lib.settings import Settings
from app.lib.templating import current_language, page, wants_fragment
from app.lib.uow import commit


@dataclass
class CheckoutForm:
    """What is bought."""

    plan: str = ""
    interval: str = "month"


class CheckoutController(Controller):
    """`/billing/checkout`, `/billing/return/...`, `/billing/payments/...`."""

    @post("/billing/checkout", name="checkout:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        gateway: Injected[PaymentGateway],
        data: URLEncodedBody[CheckoutForm],
    ) -> Template:
        """Commit order and payment, then ask PayTR for its frame, then show it."""
        language = current_language.get()
        checkout = await place_order(
            db_session, viewer, plan_code=data.plan, interval=data.interval, language=language, at=now()
        )
        await commit(db_session)
        answer = await open_frame(gateway, checkout, viewer, settings, address=address_of(request))
        await note_frame(db_session, checkout.payment, answer, at=now())
        await commit(db_session)  # also when the page says 503, whose request would be rolled back
        return checkout_page(request, checkout, answer.frame)

    @get("/billing/checkout", name="checkout:show", sync_to_thread=False)
    def show(self, request: AnyRequest) -> Response[Any]:
        """A reloaded checkout begins anew at the plans."""
        return redirect(request, "/billing")

    @get("/billing/return/{result:str}", name="checkout:return", opt=PUBLIC)
    async def come_back(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        result: FromPath[str],
        oid: FromQuery[str] = "",
    ) -> Template:
        """Say that the payment is being checked; the buyer's browser proves nothing (paytr.md §4.1).

        PayTR may bring this page up inside its frame, where the browser sends no cookie of ours: without
        a session it only leads out of the frame.
        """
        viewer = request.scope["user"]
        if not isinstance(viewer, Viewer):
            address = f"/billing/payments/{quote(oid)}" if oid else "/billing"
            return Template("billing/out_of_frame.html.j2", context={"address": address})
        require_billing(viewer)
        row = await payment_of(db_session, viewer.company.id, oid)
        return page(request, "billing/return.html.j2", block="payment_state", **payment_context(row))

    @get("/billing/payments/{merchant_oid:str}", name="payments:show")
    async def payment(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        merchant_oid: FromPath[str],
    ) -> Template | Response[None]:
        """Show where one payment stands; the pages ask until it is final, and 204 leaves them as they are."""
        require_billing(viewer)
        row = await payment_of(db_session, viewer.company.id, merchant_oid)
        if wants_fragment(request) and row.payment.is_undecided:
            return Response(None, status_code=204)
        return page(request, "billing/return.html.j2", block="payment_state", **payment_context(row))


def checkout_page(request: AnyRequest, checkout: Checkout, frame: FrameToken | None) -> Template:
    """Return the page with PayTR's frame, or with the way to try again."""
    return page(
        request,
        "billing/checkout.html.j2",
        block="content",
        status_code=200 if frame else 503,
        checkout=checkout,
        frame=frame,
        **payment_context(PaymentRow(checkout.payment, None)),
    )


async def open_frame(
    gateway: PaymentGateway, checkout: Checkout, viewer: Viewer, settings: Settings, *, address: str
) -> FrameAnswer:
    """Ask PayTR for its frame and count what it answered; without one the order stays open."""
    answer = await ask_for_frame(gateway, frame_request(checkout, viewer, settings, address=address))
    metrics.checkouts.labels("frame" if answer.frame else answer.status.value).inc()
    return answer


def payment_context(row: PaymentRow) -> dict[str, Any]:
    """Return what the payment's block shows; a decline comes with its sentence."""
    code = row.payment.failure_code
    return {"payment": row.payment, "invoice": row.invoice, "reason": reason_of(code) if code else None}
