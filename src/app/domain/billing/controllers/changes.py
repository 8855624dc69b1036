"""Changing the plan: the preview, the decision, and taking back what waits for the period's end."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from litestar import Controller, Response, delete, get, post
from litestar.params import URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import OrderStatus
from app.domain.billing.agreements.service import NotConcluded, conclude
from app.domain.billing.changes.quotes import NothingChanges
from app.domain.billing.changes.service import Confirmed, QuoteChanged, Wish, confirm, undo_pending
from app.domain.billing.checkout import add_attempt
from app.domain.billing.controllers.agreement import AgreementForm, answer_of
from app.domain.billing.controllers.change_pages import preview_page
from app.domain.billing.controllers.checkout import frame_page
from app.domain.companies.viewer import Viewer
from app.domain.payments.gateway import PaymentGateway
from app.lib.clock import now
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.settings import Settings
from app.lib.uow import roll_back


@dataclass
class ChangeForm(AgreementForm):
    """Which plan is wanted."""

    plan: str = ""
    interval: str = "month"

    @property
    def wish(self) -> Wish:
        """The form as the service reads it."""
        return Wish(plan=self.plan, interval=self.interval)


@dataclass
class ConfirmationForm(ChangeForm):
    """The same once its cost was shown."""

    quote: str = ""
    means: str = "card"
    """`card` charges the stored card; anything else leads to the checkout."""

    @property
    def wish(self) -> Wish:
        """The form as the service reads it."""
        return Wish(plan=self.plan, interval=self.interval, by_card=self.means == "card")


class PlanChangeController(Controller):
    """`/billing/plan-change/...`."""

    path = "/billing/plan-change"

    @get("/", name="changes:show", sync_to_thread=False)
    def show(self, request: AnyRequest) -> Response[Any]:
        """A reloaded change begins anew at the plans."""
        return redirect(request, "/billing")

    @post("/preview", name="changes:preview", status_code=200)
    async def preview(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        data: URLEncodedBody[ChangeForm],
    ) -> Template:
        """Show to the kuruş what a change costs, and from when it counts."""
        return await preview_page(request, db_session, viewer, settings, data.wish)

    @post("/", name="changes:confirm", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        gateway: Injected[PaymentGateway],
        data: URLEncodedBody[ConfirmationForm],
    ) -> Response[Any] | Template:
        """Do what was shown; when it does not hold any more, show it once more."""
        try:
            done = await confirmed(request, db_session, viewer, settings, data)
        except NothingChanges:
            return redirect(request, "/billing")
        except (QuoteChanged, NotConcluded) as refusal:
            await roll_back(db_session)
            return await preview_page(request, db_session, viewer, settings, data.wish, refusal=refusal)
        return await answer_to(request, db_session, viewer, settings, gateway, done)

    @delete("/", name="changes:delete", status_code=200)
    async def erase(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Response[Any]:
        """Keep the plan as it is."""
        await undo_pending(db_session, viewer, at=now())
        return redirect(request, "/billing")

    @post("/undo", name="changes:undo", status_code=200)
    async def undo(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Response[Any]:
        """Keep the plan as it is (form without JavaScript)."""
        await undo_pending(db_session, viewer, at=now())
        return redirect(request, "/billing")


async def confirmed(
    request: AnyRequest, session: AsyncSession, viewer: Viewer, settings: Settings, data: ConfirmationForm
) -> Confirmed:
    """Do what was shown, once the contract of its order is accepted."""
    at, answer = now(), answer_of(request, data, viewer)
    agree = partial(conclude, session, answer=answer, settings=settings, at=at)
    return await confirm(session, viewer, data.wish, data.quote, settings=settings, at=at, conclude=agree)


async def answer_to(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    gateway: PaymentGateway,
    done: Confirmed,
) -> Response[Any] | Template:
    """Return where a confirmed change goes on: nowhere, to its charge, or to the checkout."""
    order, payment = done.order, done.payment
    if order is None or order.status is OrderStatus.PAID:
        return redirect(request, "/billing")
    if payment is not None:
        return redirect(request, f"/billing/payments/{payment.merchant_oid}")
    checkout = await add_attempt(session, viewer, order, at=now())
    return await frame_page(request, session, viewer, settings, gateway, checkout)
