"""When the merchant gets its money: a sale is paid out some business days later, less its commission.

A refund is taken off the payout of its own sale, or of the next business day when that one has left;
what a payout cannot bear waits for the next, in order. So no payout is ever negative, none changes after
its day, and to the kuruş: sales - refunds - commission = payouts + payouts to come - what is still owed.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from app.lib.clock import ISTANBUL
from app.sandbox.book import Order, OrderState
from app.sandbox.business_days import business_days_after
from app.sandbox.config import SandboxConfig


@dataclass(frozen=True, slots=True)
class Share:
    """One order inside a payout, in kuruş: what it brings, or below zero what its refund takes."""

    merchant_oid: str
    amount: int


@dataclass(slots=True)
class Payout:
    """One day's transfer in one currency, in kuruş after commission."""

    day: date
    currency: str
    sales: int = 0
    refunds: int = 0
    shares: list[Share] = field(default_factory=list)

    @property
    def net(self) -> int:
        return self.sales - self.refunds


@dataclass(frozen=True, slots=True)
class Ledger:
    """All payouts of a merchant by day and currency; `owed` is what refunds still wait for, by currency."""

    payouts: tuple[Payout, ...]
    owed: dict[str, int]

    def balance(self, currency: str, today: date) -> int:
        """Return what is still to be paid out after a day, in kuruş."""
        coming = sum(
            payout.net for payout in self.payouts if payout.currency == currency and payout.day > today
        )
        return coming - self.owed.get(currency, 0)


def ledger(config: SandboxConfig, orders: Iterable[Order]) -> Ledger:
    """Return every payout, past and to come, of these orders of one merchant."""
    by_currency: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        if order.state is OrderState.PAID:
            by_currency[order.currency].append(order)
    payouts: list[Payout] = []
    owed: dict[str, int] = {}
    for currency, sold in by_currency.items():
        made, owed[currency] = _settle(config, currency, sold)
        payouts += made
    return Ledger(tuple(sorted(payouts, key=lambda payout: (payout.day, payout.currency))), owed)


def payout_day(config: SandboxConfig, order: Order) -> date:
    """Return the day a paid order is paid out."""
    return business_days_after(local_day(order.paid_at or order.created_at), config.payout_business_days)


def local_day(at: datetime) -> date:
    """Return the calendar day of an instant in Türkiye, where PayTR's books are kept."""
    return at.astimezone(ISTANBUL).date()


def _settle(config: SandboxConfig, currency: str, sold: list[Order]) -> tuple[list[Payout], int]:
    payouts: dict[date, Payout] = {}
    refunds: list[tuple[date, datetime, Share]] = []
    for order in sold:
        day = payout_day(config, order)
        net = (order.total_amount or 0) - order.commission
        payout = payouts.setdefault(day, Payout(day, currency))
        payout.sales += net
        payout.shares.append(Share(order.merchant_oid, net))
        for refund in order.refunds:
            due = max(day, business_days_after(local_day(refund.at), 1))
            refunds.append((due, refund.at, Share(order.merchant_oid, refund.amount - refund.commission)))
    waiting = deque(sorted(refunds, key=lambda refund: refund[:2]))
    for day in sorted(payouts):
        _deduct(payouts[day], waiting)
    return list(payouts.values()), sum(share.amount for _, _, share in waiting)


def _deduct(payout: Payout, waiting: deque[tuple[date, datetime, Share]]) -> None:
    """Take off a payout what is due by its day, as far as it goes; the rest keeps its place."""
    while waiting and waiting[0][0] <= payout.day and payout.net > 0:
        due, at, share = waiting.popleft()
        taken = min(share.amount, payout.net)
        payout.refunds += taken
        payout.shares.append(Share(share.merchant_oid, -taken))
        if taken < share.amount:
            waiting.appendleft((due, at, Share(share.merchant_oid, share.amount - taken)))
