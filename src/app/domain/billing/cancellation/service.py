"""Ending a subscription, in one transaction each: what is scheduled stops with it, and a letter says so.

A trial, an unpaid and a suspended subscription have no paid period to wait for; they end at once. A charge
that has left and is undecided may still take money: it is then held and given back (`settlement.rules`).
"""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import MONEY_TAKEN, OrderKind, Payment, Subscription, SubscriptionStatus
from app.domain.audit.service import record
from app.domain.billing.cancellation.departures import Departure, departure
from app.domain.billing.changes.reading import held_by, is_running
from app.domain.billing.changes.service import require_payer
from app.domain.billing.refunds.service import request_refund
from app.domain.billing.reminders import tell
from app.domain.billing.renewals.ending import end_subscription
from app.domain.billing.renewals.orders import cancel_open_orders
from app.domain.billing.settlement.unused import give_credit, rooms_of
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.domain.ledger.credits import credit_of
from app.domain.notifications.messages import CancellationNoted, CancellationUndone, SubscriptionEndedNow
from app.domain.subscriptions.queries import newest_subscription
from app.lib.crypto import seal, unseal
from app.lib.errors import DomainError
from app.lib.i18n import N_
from app.lib.money import TURKISH_LIRA
from app.lib.settings import Settings
from app.lib.uow import defer

PURPOSE = "cancellation"
CANCELED = N_("The subscription was canceled")


class AmountChanged(DomainError):
    """What would go back is no longer what was shown; nothing was done."""


class Seen(msgspec.Struct, frozen=True):
    """What a page said would go back, in minor units, and from when it counted."""

    at: datetime
    refunded: int
    credited: int

    @classmethod
    def of(cls, leaving: Departure) -> "Seen":
        """Return what a page says of it."""
        return cls(leaving.at, leaving.refunded, leaving.credited)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Everything the page of a cancellation says."""

    subscription: Subscription
    leaving: Departure
    credit: int
    """What credit there is already; it stays."""
    currency: str
    data_kept_until: datetime
    """When everything is deleted after an end now."""

    @property
    def is_over(self) -> bool:
        """Say whether the subscription has ended already."""
        return self.subscription.status is SubscriptionStatus.CANCELED

    def waits_for_period(self, at: datetime) -> bool:
        """Say whether there is a paid period that it can run to the end of."""
        return is_running(self.subscription, at) and not self.subscription.cancel_at_period_end


async def outlook(session: AsyncSession, viewer: Viewer, *, settings: Settings, at: datetime) -> Outlook:
    """Return what ending the viewer's subscription means at this moment."""
    require_payer(viewer)
    subscription = await _subscription(session, viewer)
    return Outlook(
        subscription=subscription,
        leaving=await _leaving(session, subscription, at=at),
        credit=await credit_of(session, viewer.company.id, TURKISH_LIRA),
        currency=TURKISH_LIRA,
        data_kept_until=at + settings.data_kept,
    )


def sealed(leaving: Departure, settings: Settings, *, expires_at: datetime) -> str:
    """Return what was shown as a form may carry it."""
    text = msgspec.json.encode(Seen.of(leaving)).decode()
    return seal(settings.keys, PURPOSE, text, expires_at=expires_at)


async def cancel_at_period_end(
    session: AsyncSession, viewer: Viewer, *, settings: Settings, at: datetime
) -> None:
    """Let the subscription end with its paid period; until then it can be resumed. A repeat changes nothing.

    Raises `DomainError` when no paid period runs.
    """
    require_payer(viewer)
    subscription = await _subscription(session, viewer, lock=True)
    end = subscription.current_period_end
    if not is_running(subscription, at) or end is None:
        raise DomainError(N_("No paid period runs that could be waited for. The subscription can end now."))
    if subscription.cancel_at_period_end:
        return
    subscription.cancel_at_period_end = True
    subscription.pending_price_id = subscription.pending_since = None
    subscription.next_attempt_at = None
    await cancel_open_orders(session, subscription.id, kinds=(OrderKind.RENEWAL, OrderKind.CHANGE))
    _note(session, viewer, subscription, "subscription.cancellation_noted", at=at, ends_at=end.isoformat())
    await tell(
        session,
        viewer.company.id,
        occasion=f"cancellation-noted:{subscription.id}:{at.isoformat()}",
        write=lambda reader: CancellationNoted(
            full_name=reader.user.full_name,
            company_name=reader.company.name,
            plan_name=subscription.plan.name,
            ends_at=end,
            kept_until=end + settings.data_kept,
            billing_url=f"{settings.base_url}/billing",
        ),
        at=at,
    )


async def resume(session: AsyncSession, viewer: Viewer, *, settings: Settings, at: datetime) -> None:
    """Take a cancellation back while its period runs. A repeat changes nothing.

    Raises `DomainError` when the period is over.
    """
    require_payer(viewer)
    subscription = await _subscription(session, viewer, lock=True)
    end = subscription.current_period_end
    if not is_running(subscription, at) or end is None:
        raise DomainError(N_("The subscription has ended. Choose a plan and everything is back at once."))
    if not subscription.cancel_at_period_end:
        return
    subscription.cancel_at_period_end = False
    _note(session, viewer, subscription, "subscription.resumed", at=at)
    await tell(
        session,
        viewer.company.id,
        occasion=f"cancellation-undone:{subscription.id}:{at.isoformat()}",
        write=lambda reader: CancellationUndone(
            full_name=reader.user.full_name,
            company_name=reader.company.name,
            plan_name=subscription.plan.name,
            renews_at=end,
            billing_url=f"{settings.base_url}/billing",
        ),
        at=at,
    )


async def cancel_now(
    session: AsyncSession, viewer: Viewer, seen: str, *, settings: Settings, at: datetime
) -> Departure:
    """End the subscription at once and give back what was paid and not used. A repeat gives back nothing.

    Raises `AmountChanged` when that is no longer what was shown.
    """
    require_payer(viewer)
    subscription = await _subscription(session, viewer, lock=True)
    await _hold_payments(session, viewer)
    if subscription.status is SubscriptionStatus.CANCELED:
        return Departure(at)
    leaving = await _as_seen(session, subscription, seen, settings, at=at)
    reason = f"asked by {viewer.role}"
    await end_subscription(session, subscription, settings=settings, at=at, reason=reason)
    for refund in leaving.refunds:
        await request_refund(
            session,
            refund.payment_id,
            amount=refund.amount,
            reason=CANCELED,
            requested_by_id=viewer.user.id,
            at=at,
        )
    await session.flush()
    await give_credit(session, leaving.credits, viewer.company.id, TURKISH_LIRA, CANCELED, settings, at=at)
    facts = {"refunded": leaving.refunded, "credited": leaving.credited, "from": leaving.at.isoformat()}
    _note(session, viewer, subscription, "subscription.canceled_now", at=at, **facts)
    await _tell_end(session, viewer, subscription, leaving, settings, at=at)
    return leaving


async def _tell_end(
    session: AsyncSession,
    viewer: Viewer,
    subscription: Subscription,
    leaving: Departure,
    settings: Settings,
    *,
    at: datetime,
) -> None:
    await tell(
        session,
        viewer.company.id,
        occasion=f"ended-now:{subscription.id}:{at.isoformat()}",
        write=lambda reader: SubscriptionEndedNow(
            full_name=reader.user.full_name,
            company_name=reader.company.name,
            plan_name=subscription.plan.name,
            refunded=leaving.refunded,
            credited=leaving.credited,
            currency=TURKISH_LIRA,
            kept_until=at + settings.data_kept,
            billing_url=f"{settings.base_url}/billing",
        ),
        at=at,
    )


async def _hold_payments(session: AsyncSession, viewer: Viewer) -> None:
    """Take what may be refunded behind the subscription, as settlement does: nobody else gives it back."""
    paid = select(Payment.id).where(Payment.company_id == viewer.company.id, Payment.status.in_(MONEY_TAKEN))
    await session.execute(paid.order_by(Payment.id).with_for_update())


async def _as_seen(
    session: AsyncSession, subscription: Subscription, seen: str, settings: Settings, *, at: datetime
) -> Departure:
    """Return what was shown, counted from its instant, if it still holds."""
    text = unseal(settings.keys, PURPOSE, seen, at=at)
    shown = msgspec.json.decode(text, type=Seen) if text else None
    leaving = await _leaving(session, subscription, at=min(shown.at, at) if shown else at)
    nothing = not (leaving.refunded or leaving.credited)
    if not nothing and (shown is None or Seen.of(leaving) != shown):
        raise AmountChanged(N_("What goes back has changed since you saw it. See it once more, please."))
    return leaving


async def _leaving(session: AsyncSession, subscription: Subscription, *, at: datetime) -> Departure:
    if not is_running(subscription, at) or subscription.current_period_start is None:
        return Departure(at)
    held = await held_by(session, subscription, at=at)
    rooms = await rooms_of(session, subscription.id, since=held.covered.start, at=at)
    return departure(held.slices, rooms, at)


async def _subscription(session: AsyncSession, viewer: Viewer, *, lock: bool = False) -> Subscription:
    subscription = await newest_subscription(session, viewer.company.id, lock=lock)
    if subscription is None:
        raise DomainError(N_("There is no subscription."))
    return subscription


def _note(
    session: AsyncSession,
    viewer: Viewer,
    subscription: Subscription,
    action: str,
    *,
    at: datetime,
    **facts: object,
) -> None:
    record(
        session,
        at=at,
        action=action,
        subject=subscription.id,
        company_id=viewer.company.id,
        actor_id=viewer.user.id,
        facts=facts,
    )
    defer(session, Job.ANNOUNCE, company_id=str(viewer.company.id))
