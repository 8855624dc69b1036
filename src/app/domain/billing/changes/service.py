"""Changing the plan: shown first, to the kuruş, and then exactly that.

A larger plan or a longer interval begins when its order is paid, counted from the instant of the preview; a
smaller one is noted and begins with the next period, and until then it can be undone.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Interval, Order, Payment, StoredCard, Subscription
from app.domain.audit.changes import difference
from app.domain.audit.service import record
from app.domain.billing.cards.choice import default_fit_card
from app.domain.billing.cards.store import cards_of
from app.domain.billing.changes.orders import cancel_changes, order_of
from app.domain.billing.changes.promises import Promise, opened
from app.domain.billing.changes.quotes import Quote, quote
from app.domain.billing.changes.reading import charge_under_way, held_by, is_running
from app.domain.billing.charging.service import request_charge
from app.domain.billing.settlement.free import settle_with_credit
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.domain.plans.queries import current_price
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.domain.workspaces.quotas import places_of
from app.lib.errors import DomainError, InvalidInput
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import defer


class QuoteChanged(DomainError):
    """What was shown does not hold any more; nothing was done."""


Conclude = Callable[[Order], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a form asks for."""

    plan: str
    interval: str
    by_card: bool = True
    """A stored card may be charged; otherwise the buyer types one in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Everything the page of a change says."""

    quote: Quote
    promise: Promise
    card: StoredCard | None
    """What would be charged without typing."""
    workspaces: int
    reserved: int
    """Places that quotas keep for somebody and that are not in use."""
    takes_back_cancellation: bool
    """The subscription was to end with its period; paying for more lets it go on."""

    @property
    def too_many(self) -> int:
        """How many workspaces there are more than the new plan holds."""
        limit = self.quote.price.plan.workspace_limit
        return max(self.workspaces - limit, 0) if limit is not None else 0

    @property
    def promises_too_many(self) -> int:
        """How many places more than the new plan holds are in use or kept by quotas."""
        limit = self.quote.price.plan.workspace_limit
        return max(self.workspaces + self.reserved - limit, 0) if limit is not None and self.reserved else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What confirming has begun: nothing more to do, a charge that is under way, or an order to be paid."""

    order: Order | None = None
    payment: Payment | None = None


async def preview(session: AsyncSession, viewer: Viewer, wish: Wish, *, at: datetime) -> Preview:
    """Return what a change costs now. Raises `NothingRuns`, `NothingChanges` and plain refusals."""
    require_payer(viewer)
    subscription = await _subscription(session, viewer)
    return await _preview(session, subscription, await _quote(session, subscription, wish, at=at), at=at)


async def confirm(
    session: AsyncSession,
    viewer: Viewer,
    wish: Wish,
    sealed: str,
    *,
    settings: Settings,
    at: datetime,
    conclude: Conclude | None = None,
) -> Confirmed:
    """Do what was promised, once, however often it is asked; `conclude` sees an order before it is paid.

    Raises `QuoteChanged` when the promise has ended or does not hold any more, `AlreadyUnderWay` while an
    earlier change is being charged, and as `preview` does.
    """
    require_payer(viewer)
    subscription = await _subscription(session, viewer)
    promise = opened(sealed, settings, at=at)
    found = await _quote(session, subscription, wish, at=min(promise.at, at) if promise else at)
    if promise is None or promise != Promise.of(subscription, found) or not is_running(subscription, at):
        raise QuoteChanged(
            N_("The amount has changed since you saw it. See it once more; nothing was charged.")
        )
    if not found.is_now:
        await _note_pending(session, viewer, subscription, found, at=at)
        return Confirmed()
    order = await order_of(session, viewer, subscription, found)
    if conclude is not None:
        await conclude(order)
    _record(session, viewer, subscription, "subscription.change_asked", found, at=at)
    return await _pay(session, order, wish, settings=settings, at=at)


async def undo_pending(session: AsyncSession, viewer: Viewer, *, at: datetime) -> None:
    """Keep the plan as it is; a change that waits for the period's end is forgotten."""
    require_payer(viewer)
    subscription = await _subscription(session, viewer)
    if subscription.pending_price_id is None:
        return
    subscription.pending_price_id = subscription.pending_since = None
    _record(session, viewer, subscription, "subscription.change_undone", None, at=at)
    defer(session, Job.ANNOUNCE, company_id=str(viewer.company.id))


def require_payer(viewer: Viewer) -> None:
    """Refuse people who may not decide about the company's plan."""
    viewer.require(Permission.CHANGE_PLAN)


async def _subscription(session: AsyncSession, viewer: Viewer) -> Subscription:
    subscription = await newest_subscription(session, viewer.company.id, lock=True)
    if subscription is None:
        raise DomainError(N_("This company has no subscription to pay for."))
    return subscription


async def _quote(session: AsyncSession, subscription: Subscription, wish: Wish, *, at: datetime) -> Quote:
    if wish.interval not in set(Interval):
        raise InvalidInput(N_("Choose monthly or yearly."), field="interval")
    held = await held_by(session, subscription, at=at)
    price = await current_price(session, wish.plan, Interval(wish.interval), held.price.currency)
    found = quote(held, price, at)
    if subscription.cancel_at_period_end and not found.is_now:
        raise DomainError(
            N_("Your subscription ends with its period. Resume it first, then change the plan.")
        )
    return found


async def _preview(
    session: AsyncSession, subscription: Subscription, found: Quote, *, at: datetime
) -> Preview:
    places = await places_of(session, subscription.company_id, entitlement_of(subscription, at))
    return Preview(
        quote=found,
        promise=Promise.of(subscription, found),
        card=default_fit_card(await cards_of(session, subscription.company_id), at) if found.due else None,
        workspaces=places.used,
        reserved=places.reserved,
        takes_back_cancellation=subscription.cancel_at_period_end,
    )


async def _note_pending(
    session: AsyncSession, viewer: Viewer, subscription: Subscription, found: Quote, *, at: datetime
) -> None:
    if subscription.pending_price_id == found.price.id:
        return
    await cancel_changes(session, subscription)
    subscription.pending_price_id, subscription.pending_since = found.price.id, at
    _record(session, viewer, subscription, "subscription.change_noted", found, at=at)
    defer(session, Job.ANNOUNCE, company_id=str(viewer.company.id))


async def _pay(
    session: AsyncSession, order: Order, wish: Wish, *, settings: Settings, at: datetime
) -> Confirmed:
    if not order.due:
        await settle_with_credit(session, order.id, settings=settings, at=at)
        return Confirmed(order=order)
    under_way = await charge_under_way(session, order.id)
    if under_way is not None:
        return Confirmed(order=order, payment=under_way)
    subscription = await session.get_one(Subscription, order.subscription_id)
    card = default_fit_card(await cards_of(session, subscription.company_id), at) if wish.by_card else None
    if card is None:
        return Confirmed(order=order)
    payment = await request_charge(session, order_id=order.id, card_id=card.id, at=at)
    return Confirmed(order=order, payment=payment)


def _record(
    session: AsyncSession,
    viewer: Viewer,
    subscription: Subscription,
    action: str,
    found: Quote | None,
    *,
    at: datetime,
) -> None:
    facts, changes = {}, None
    if found is not None:
        held = {"plan": subscription.plan_code, "interval": subscription.interval}
        changes = difference(held, {"plan": found.price.plan_code, "interval": found.price.interval})
        facts = {
            "plan": found.price.plan_code,
            "interval": found.price.interval,
            "from": found.at.isoformat(),
            "gross": found.gross,
            "unused": found.unused,
            "credit": found.credit,
        }
    record(
        session,
        at=at,
        action=action,
        subject=subscription.id,
        company_id=viewer.company.id,
        actor_id=viewer.user.id,
        facts=facts,
        changes=changes,
    )
