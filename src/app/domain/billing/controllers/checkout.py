"""Paying: the order, PayTR's frame, and the way back, which changes nothing."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Order, OrderKind
from app.domain.accounts.legal import CARD_STORAGE
from app.domain.accounts.limits import CHECKOUT_OF_COMPANY
from app.domain.billing import metrics
from app.domain.billing.agreements.service import NotConcluded, conclude
from app.domain.billing.card_checkout import Choice, place_order_with_card, sign_card_form
from app.domain.billing.changes.service import Wish
from app.domain.billing.checkout import (
    ChangesPlan,
    Checkout,
    CreditCovers,
    FrameAnswer,
    ask_for_frame,
    frame_request,
    note_frame,
    place_order,
)
from app.domain.billing.controllers.agreement import AgreementForm, answer_of, consent_page, review_page
from app.domain.billing.controllers.cards import address_of_attempt, expiry_choices, way_back_page
from app.domain.billing.controllers.change_pages import preview_page
from app.domain.billing.controllers.pages import require_billing
from app.domain.billing.settlement.free import settle_with_credit
from app.domain.billing.views import PaymentRow, payment_of
from app.domain.companies.viewer import Viewer
from app.domain.payments.declines import reason_of
from app.domain.payments.gateway import PaymentGateway
from app.domain.payments.values import FrameToken
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.http import MACHINE, PUBLIC, AnyRequest, Injected, address_of, limited, redirect
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.templating import page, wants_fragment
from app.lib.uow import commit, roll_back


@dataclass
class CheckoutForm(AgreementForm):
    """What is bought."""

    plan: str = ""
    interval: str = "month"

    @property
    def wish(self) -> Wish:
        """The same as a change of the plan that runs."""
        return Wish(plan=self.plan, interval=self.interval)


@dataclass
class CardCheckoutForm(CheckoutForm):
    """What is bought with a card that is kept; the card itself is typed into PayTR's form."""

    consent: str = ""
    order: str = ""
    """The open change of plan that is to be paid, if it is one."""


class CheckoutController(Controller):
    """`/billing/checkout/...`, `/billing/return/...`, `/billing/payments/...`."""

    @post("/billing/checkout", name="checkout:create", status_code=200, opt=limited(CHECKOUT_OF_COMPANY))
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        gateway: Injected[PaymentGateway],
        data: URLEncodedBody[CheckoutForm],
    ) -> Template | Response[Any]:
        """Show the contract; once it is accepted commit order and payment, then show PayTR's frame."""
        try:
            return await order_page(request, db_session, viewer, settings, gateway, data)
        except NotConcluded as refusal:
            await roll_back(db_session)
            return review_page(request, data.plan, data.interval, refusal)

    @get("/billing/checkout", name="checkout:show", sync_to_thread=False)
    def show(self, request: AnyRequest) -> Response[Any]:
        """A reloaded checkout begins anew at the plans."""
        return redirect(request, "/billing")

    @post("/billing/checkout/card", name="checkout:card", status_code=200, opt=limited(CHECKOUT_OF_COMPANY))
    async def create_with_card(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        gateway: Injected[PaymentGateway],
        data: URLEncodedBody[CardCheckoutForm],
    ) -> Template | Response[Any]:
        """Commit order, payment and consent, then show the form that the browser posts to PayTR."""
        require_billing(viewer)
        try:
            return await card_form_page(request, db_session, viewer, settings, gateway, data)
        except InvalidInput as refusal:
            await roll_back(db_session)
            return consent_page(request, data, refusal)

    @get("/billing/checkout/card", name="checkout:show_card", sync_to_thread=False)
    def show_card(self, request: AnyRequest) -> Response[Any]:
        """A reloaded card form begins anew at the plans, too."""
        return redirect(request, "/billing")

    @post(
        "/billing/return/{result:str}",
        name="checkout:return_post",
        opt=MACHINE,
        status_code=200,
        sync_to_thread=False,
    )
    def come_back_by_post(
        self, settings: Injected[Settings], result: FromPath[str], oid: FromQuery[str] = ""
    ) -> Template:
        """Lead on from PayTR's card form, which posts here from its own site (paytr.md §6).

        No cookie comes along, so this page knows nobody; nothing of what is posted is read.
        """
        address = address_of_attempt("/billing/payments", oid, otherwise="/billing")
        return way_back_page(settings, address, title=N_("Your payment"))

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
            address = address_of_attempt("/billing/payments", oid, otherwise="/billing")
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


async def order_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    gateway: PaymentGateway,
    data: CheckoutForm,
) -> Template | Response[Any]:
    """Place the order and conclude its contract, then lead on to where it is paid."""
    at = now()
    try:
        checkout = await place_order(session, viewer, plan_code=data.plan, interval=data.interval, at=at)
    except (ChangesPlan, CreditCovers) as other:
        return await other_way(request, session, viewer, settings, data, other)
    await conclude(session, checkout.order, answer_of(request, data, viewer), settings=settings, at=at)
    return await frame_page(request, session, viewer, settings, gateway, checkout)


async def other_way(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    data: CheckoutForm,
    other: ChangesPlan | CreditCovers,
) -> Template | Response[Any]:
    """Lead where no card is to be typed: to what a change costs, or on, once credit has paid the order."""
    if isinstance(other, ChangesPlan):
        return await preview_page(request, session, viewer, settings, data.wish)
    order = await session.get_one(Order, other.order_id)
    await conclude(session, order, answer_of(request, data, viewer), settings=settings, at=now())
    await settle_with_credit(session, other.order_id, settings=settings, at=now())
    return redirect(request, "/billing")


async def frame_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    gateway: PaymentGateway,
    checkout: Checkout,
) -> Template:
    """Commit order and attempt, ask PayTR for its frame, and return the page with it."""
    await commit(session)
    answer = await open_frame(gateway, checkout, viewer, settings, address=address_of(request))
    await note_frame(session, checkout.payment, answer, at=now())
    await commit(session)  # also when the page says 503, whose request would be rolled back
    if answer.objection:
        raise answer.objection
    return checkout_page(request, checkout, answer.frame)


async def card_form_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    gateway: PaymentGateway,
    data: CardCheckoutForm,
) -> Template | Response[Any]:
    """Commit the order with its card's registration and return PayTR's form for exactly this attempt."""
    answer, at = answer_of(request, data, viewer), now()
    choice = Choice(data.plan, data.interval, consents=bool(data.consent), order=data.order)
    try:
        checkout = await place_order_with_card(session, viewer, choice, answer, settings=settings, at=at)
    except (ChangesPlan, CreditCovers) as other:
        return await other_way(request, session, viewer, settings, data, other)
    card_form = await sign_card_form(session, gateway, checkout, viewer, settings, address=answer.address)
    await commit(session)
    metrics.checkouts.labels("card_form").inc()
    return page(
        request,
        "billing/checkout_card.html.j2",
        block="content",
        order=checkout.order,
        card_form=card_form,
        **expiry_choices(at),
    )


def checkout_page(request: AnyRequest, checkout: Checkout, frame: FrameToken | None) -> Template:
    """Return the page with PayTR's frame, or with the way to try again."""
    return page(
        request,
        "billing/checkout.html.j2",
        block="content",
        status_code=200 if frame else 503,
        checkout=checkout,
        frame=frame,
        plan=checkout.order.plan_code,
        interval=checkout.order.interval,
        order_id=checkout.order.id if checkout.order.kind is OrderKind.CHANGE else "",
        errors={},
        version=CARD_STORAGE.version,
        papers=None,
        ticked={},
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
    return {
        "payment": row.payment,
        "invoice": row.invoice,
        "registration": row.registration,
        "reason": reason_of(code) if code else None,
    }
