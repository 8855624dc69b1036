"""An unpaid renewal on the billing page, and the page behind its payment link, in each of their states."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from app.db.models import PaymentStatus, Subscription
from app.domain.billing.dunning.outlook import DunningView, Outlook, outlook_of
from app.domain.billing.dunning.rules import Debt, schedule_of, timeline
from app.domain.billing.link_payments import LinkState, LinkView
from app.domain.payments.values import FrameToken
from app.lib.settings import Settings
from tests.architecture import samples
from tests.architecture.card_cases import card
from tests.architecture.case import Case
from tests.architecture.legal_cases import contract

SETTINGS = Settings()

FRAME = FrameToken("t", "https://paytr.example/odeme/guvenli/t", "https://paytr.example/js/resizer.js")


def pay_cases(at: datetime) -> Iterator[Case]:
    """Yield every state, before and after a try."""
    order = samples.payment(PaymentStatus.CREATED, at=at).order
    order.credit, order.period_start, order.period_end = 30_000, at, at + 30 * samples.DAY
    late = LinkView(
        order,
        samples.RAW_NAME,
        LinkState.OPEN,
        covers_period=True,
        outlook=Outlook(stops_at=at + 5 * samples.DAY),
    )
    suspended = replace(late, covers_period=False, outlook=Outlook(ends_at=at + 9 * samples.DAY))
    views = {
        "open": late,
        "suspended": suspended,
        "checking": replace(late, state=LinkState.CHECKING),
        "paid": replace(late, state=LinkState.PAID),
        "over": replace(suspended, state=LinkState.OVER, outlook=None),
    }
    for name, view in views.items():
        yield _case(name, view)
    yield _case("frame", late, frame=FRAME)
    yield _case("away", late, is_away=True)
    yield _case("refused", suspended, refusal=samples.refusal(None))
    yield _case("asked", replace(late, papers=contract()), errors={"accept_contract": samples.refusal(None)})


def _case(name: str, view: LinkView, **differing: object) -> Case:
    context = {
        "view": view,
        "token": "token",
        "frame": None,
        "refusal": None,
        "errors": {},
        "is_away": False,
        **differing,
    }
    return Case(f"pay-{name}", "billing/pay.html.j2", "/pay/token", None, context, blocks=("pay_state",))


def dunning(
    state: str, subscription: Subscription | None, at: datetime, *, filled: bool
) -> DunningView | None:
    """Return the unpaid renewal of a sample: past due with a card, suspended without, or being checked."""
    outlook = outlook_of(subscription, SETTINGS)
    if subscription is None or subscription.past_due_since is None or outlook is None:
        return None
    debt = Debt(
        since=subscription.past_due_since,
        attempts=subscription.charge_attempts or 0,
        suspended_at=subscription.suspended_at,
        undecided=not filled,
    )
    return DunningView(
        order=samples.payment(PaymentStatus.CREATED, at=at).order,
        outlook=outlook,
        timeline=timeline(debt, schedule_of(SETTINGS), at),
        is_undecided=not filled,
        card=card("default", is_default=True) if state == "past-due" else None,
        was_asked=state == "past-due",
        pay_path="/pay/token",
    )
