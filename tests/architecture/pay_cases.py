"""The page behind a payment link in each of its states."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from app.db.models import PaymentStatus
from app.domain.billing.link_payments import LinkState, LinkView
from app.domain.payments.values import FrameToken
from tests.architecture import samples
from tests.architecture.case import Case

FRAME = FrameToken("t", "https://paytr.example/odeme/guvenli/t", "https://paytr.example/js/resizer.js")


def pay_cases(at: datetime) -> Iterator[Case]:
    """Yield every state, before and after a try."""
    order = samples.payment(PaymentStatus.CREATED, at=at).order
    order.credit, order.period_start, order.period_end = 30_000, at, at + 30 * samples.DAY
    late = LinkView(
        order, samples.RAW_NAME, LinkState.OPEN, covers_period=True, stops_at=at + 5 * samples.DAY
    )
    suspended = replace(late, covers_period=False, stops_at=None, ends_at=at + 9 * samples.DAY)
    views = {
        "open": late,
        "suspended": suspended,
        "checking": replace(late, state=LinkState.CHECKING),
        "paid": replace(late, state=LinkState.PAID),
        "over": replace(suspended, state=LinkState.OVER, ends_at=None),
    }
    for name, view in views.items():
        yield _case(name, view)
    yield _case("frame", late, frame=FRAME)
    yield _case("away", late, is_away=True)
    yield _case("refused", suspended, refusal=samples.refusal(None))


def _case(name: str, view: LinkView, **differing: object) -> Case:
    context = {"view": view, "token": "token", "frame": None, "refusal": None, "is_away": False, **differing}
    return Case(f"pay-{name}", "billing/pay.html.j2", "/pay/token", None, context, blocks=("pay_state",))
