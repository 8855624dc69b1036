"""How orders are shown: as JSON for tests and tools, and where templates and files lie."""

from pathlib import Path
from typing import Any, Final

from app.domain.payments.paytr.messages import FRAME_PATH
from app.sandbox.book import Attempt, Notice, Order
from app.sandbox.config import SandboxConfig

STATIC: Final = Path(__file__).parent / "static"
TEMPLATES: Final = Path(__file__).parent / "templates"


def order_view(config: SandboxConfig, order: Order) -> dict[str, Any]:
    """Return an order as the control API shows it; amounts in kuruş, instants in ISO 8601."""
    return {
        "merchant_oid": order.merchant_oid,
        "state": order.state.value,
        "amount": order.amount,
        "total_amount": order.total_amount,
        "currency": order.currency,
        "test_mode": order.test_mode == "1",
        "email": order.form["email"],
        "reason_code": order.reason_code,
        "frame_open": order.frame_open,
        "frame_url": f"{config.base_url}{FRAME_PATH}/{order.token}",
        "created_at": order.created_at.isoformat(),
        "expires_at": order.expires_at.isoformat(),
        "callbacks": [notice_view(notice) for notice in order.notices],
    }


def notice_view(notice: Notice) -> dict[str, Any]:
    """Return one callback and how it was answered; the hash stays out."""
    return {
        "form": {name: value for name, value in notice.form.items() if name != "hash"},
        "accepted": notice.accepted,
        "attempts": [attempt_view(attempt) for attempt in notice.attempts],
    }


def attempt_view(attempt: Attempt) -> dict[str, Any]:
    """Return one delivery: when, HTTP status or none, the start of the answer, whether it was `OK`."""
    return {
        "at": attempt.at.isoformat(),
        "status": attempt.status,
        "answer": attempt.answer,
        "accepted": attempt.accepted,
    }
