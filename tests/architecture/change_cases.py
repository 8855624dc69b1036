"""The pages of a change of plan and of the end of a subscription, in every state."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app.db.models import Interval, PlanPrice, Subscription, SubscriptionStatus
from app.domain.billing.cancellation.departures import CardRefund, Departure
from app.domain.billing.cancellation.service import Outlook
from app.domain.billing.changes.promises import Promise
from app.domain.billing.changes.quotes import Held, Quote, quote
from app.domain.billing.changes.service import Preview, QuoteChanged
from app.domain.billing.settlement.unused import Room, Taken
from app.domain.billing.terms import Terms
from app.domain.companies.viewer import Viewer
from app.domain.subscriptions.periods import Period
from app.domain.subscriptions.proration import Slice
from tests.architecture import samples
from tests.architecture.card_cases import card
from tests.architecture.case import Case
from tests.architecture.legal_cases import contract

DAY = timedelta(days=1)
CHANGE = "billing/change.html.j2"
CANCELLATION = "billing/cancellation.html.j2"


def price(plan: str, interval: Interval = Interval.MONTH) -> PlanPrice:
    """Return a price of the catalogue with its plan."""
    offer = next(offer for offer in samples.offers() if offer.plan.code == plan)
    found = offer.prices[interval]
    found.id, found.plan = samples.identifier(f"{plan}-{interval}"), offer.plan
    return found


def terms(state: str, *, filled: bool) -> Terms:
    """Return prices, what waits and credit in one of the states of `samples.subscriptions`."""
    agreed = price("starter") if filled and state == "active" else None
    return Terms(
        offers=samples.offers() if filled else [],
        agreed=agreed,
        is_change=agreed is not None,
        credit=12_345 if filled and state in {"ending", "canceled", "none"} else 0,
        cards=[card("default", is_default=True)] if filled else [],
        owed=None,
    )


def quotes(at: datetime) -> dict[str, Quote]:
    """Return a change of each kind, with and without credit."""
    covered = Period(at - 10 * DAY, at + 20 * DAY)
    held = Held(
        price=price("team"),
        anchor=covered.start,
        covered=covered,
        slices=[Slice(covered, covered.start, 297_000)],
        is_uniform=True,
        credit=0,
        creditable=297_000,
    )
    return {
        "larger": quote(held, price("enterprise"), at),
        "larger-credit": quote(replace(held, credit=123_456), price("enterprise"), at),
        "larger-free": quote(replace(held, credit=900_000), price("enterprise"), at),
        "yearly": quote(held, price("team", Interval.YEAR), at),
        "smaller": quote(held, price("starter"), at),
    }


def change_cases(at: datetime, viewer: Viewer, role: str) -> Iterator[Case]:
    """Yield the preview of each kind of change, with and without a card."""
    subscription = viewer.subscription or Subscription(id=samples.identifier("held"))
    subscription.id = samples.identifier("held")
    for name, found in quotes(at).items():
        for note, refusal in (("", None), ("-again", QuoteChanged("The amount has changed."))):
            preview = Preview(
                quote=found,
                promise=Promise.of(subscription, found),
                card=card("default", is_default=True) if name == "larger" else None,
                workspaces=8 if refusal else 2,
                reserved=9,
                takes_back_cancellation=bool(refusal),
            )
            context: dict[str, Any] = {
                "preview": preview,
                "quote": found,
                "promise": '"><script>',
                "refusal": refusal,
                "papers": contract() if found.is_now else None,
                "errors": {"accept_contract": samples.refusal(None)} if refusal else {},
            }
            yield Case(f"change-{name}{note}-{role}", CHANGE, "/billing", viewer, context, method="POST")


def cancellation_cases(at: datetime, viewer: Viewer, role: str) -> Iterator[Case]:
    """Yield the page of both ways out in each state of a subscription, and what ending has meant."""
    room = Room(samples.identifier("order"), samples.identifier("payment"), 200_000, 148_500, at)
    given = Departure(at, [CardRefund(samples.identifier("payment"), 148_500)], [Taken(room, 1_050)])
    for state, subscription in samples.subscriptions(at).items():
        if subscription is None:
            continue
        is_over = subscription.status is SubscriptionStatus.CANCELED
        if is_over:
            subscription.canceled_at, subscription.data_kept_until = at, at + 30 * DAY
        outlook = Outlook(
            subscription=subscription,
            leaving=given if state == "active" else Departure(at),
            credit=12_345 if state in {"ending", "canceled"} else 0,
            currency="TRY",
            data_kept_until=at + 30 * DAY,
        )
        context = {
            "outlook": outlook,
            "subscription": subscription,
            "waits": outlook.waits_for_period(at),
            "seen": '"><script>',
            "refusal": samples.refusal("when") if state == "yearly" else None,
        }
        path = "/billing/subscription/cancellation"
        yield Case(f"cancellation-{role}-{state}", CANCELLATION, path, viewer, context)
