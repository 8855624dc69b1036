"""Orders made without a process, to look at a book over weeks."""

from datetime import UTC, datetime

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.sandbox.book import Attempt, Notice, Order
from app.sandbox.config import SandboxConfig
from app.sandbox.rates import commission

AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""A Monday morning."""

CONFIG = SandboxConfig()


def paid_order(
    oid: str,
    total: int,
    at: datetime,
    *,
    currency: str = "TL",
    installments: int = 1,
    amount: int | None = None,
) -> Order:
    """A paid order whose callback was accepted; amounts in kuruş."""
    order = Order(
        merchant=SANDBOX_MERCHANT,
        token=f"T{oid}",
        form={"merchant_oid": oid, "currency": currency},
        created_at=at,
        amount=total if amount is None else amount,
    )
    order.pay(at, total_amount=total, installment_count=installments, masked_pan="435508AAA4358")
    order.commission = commission(CONFIG, order)
    order.notices = [Notice({"status": "success"}, attempts=[Attempt(at, 200, "OK", True)])]
    return order
