"""How orders are shown: as JSON for tests and tools, and where templates and files lie."""

from collections import Counter, defaultdict
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

from app.domain.payments.paytr.messages import FRAME_PATH
from app.sandbox.book import Attempt, Book, Notice, Order, OrderState, Refund, StoredCard
from app.sandbox.payouts import Payout, ledger, local_day
from app.sandbox.simulator import Simulator

STATIC: Final = Path(__file__).parent / "static"
TEMPLATES: Final = Path(__file__).parent / "templates"


def order_view(simulator: Simulator, order: Order) -> dict[str, Any]:
    """Return an order as the control API shows it; amounts in kuruş, instants in ISO 8601."""
    return {
        **entry_view(order),
        "email": order.form["email"],
        "frame_open": order.frame_open,
        "frame_url": f"{simulator.config.base_url}{FRAME_PATH}/{order.token}",
        "created_at": order.created_at.isoformat(),
        "expires_at": order.expires_at.isoformat(),
        "faults": sorted(simulator.faults.of(order.merchant_oid)),
        "callbacks": [notice_view(notice) for notice in order.notices],
    }


def entry_view(order: Order) -> dict[str, Any]:
    """Return what the book says of the money of an order, in kuruş."""
    return {
        "merchant_oid": order.merchant_oid,
        "merchant_id": order.merchant.merchant_id,
        "channel": order.channel.value,
        "state": order.state.value,
        "amount": order.amount,
        "total_amount": order.total_amount,
        "commission": order.commission,
        "currency": order.currency,
        "test_mode": order.test_mode == "1",
        "installment_count": order.installment_count,
        "reason_code": order.reason_code,
        "refunded": order.refunded,
        "refunds": [refund_view(refund) for refund in order.refunds],
    }


def refund_view(refund: Refund) -> dict[str, Any]:
    """Return one refund, in kuruş."""
    return {"amount": refund.amount, "reference": refund.reference, "at": refund.at.isoformat()}


def notice_view(notice: Notice) -> dict[str, Any]:
    """Return one callback and how it was answered; the hash stays out."""
    return {
        "form": {name: value for name, value in notice.form.items() if name != "hash"},
        "accepted": notice.accepted,
        "owed": notice.is_owed,
        "held_days": notice.held_days,
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


def book_view(simulator: Simulator, at: datetime) -> dict[str, Any]:
    """Return the whole book. It is at rest when no callback is owed and no order undecided."""
    book = simulator.book
    return {
        "seed": simulator.faults.seed,
        "at": at.isoformat(),
        "callbacks": callback_counts(book),
        "undecided": sum(order.decides_at is not None for order in book),
        "totals": totals(book),
        "cards": sum(not card.is_deleted for card in book.cards()),
        "payouts": [payout_view(payout, at) for payout in payouts(simulator)],
        "orders": [entry_view(order) for order in reversed(book)],
    }


def callback_counts(book: Book) -> dict[str, int]:
    """Count callbacks: those still owed, those of them held back, deliveries made and accepted."""
    counts = Counter({"owed": 0, "held": 0, "deliveries": 0, "accepted": 0})
    for notice in chain.from_iterable(order.notices for order in book):
        counts["owed"] += notice.is_owed
        counts["held"] += notice.is_held
        counts["deliveries"] += len(notice.attempts)
        counts["accepted"] += sum(attempt.accepted for attempt in notice.attempts)
    return dict(counts)


def totals(book: Book) -> dict[str, dict[str, int]]:
    """Return what was collected, refunded and kept as commission, in kuruş by currency."""
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for order in book:
        if order.state is OrderState.PAID:
            returned = sum(refund.commission for refund in order.refunds)
            sums[order.currency]["orders"] += 1
            sums[order.currency]["collected"] += order.total_amount or 0
            sums[order.currency]["refunded"] += order.refunded
            sums[order.currency]["commission"] += order.commission - returned
    return {currency: dict(amounts) for currency, amounts in sorted(sums.items())}


def payouts(simulator: Simulator) -> list[Payout]:
    """Return the payouts of every merchant, past and to come, merchant by merchant."""
    by_merchant: dict[str, list[Order]] = defaultdict(list)
    for order in simulator.book:
        by_merchant[order.merchant.merchant_id].append(order)
    return [payout for sold in by_merchant.values() for payout in ledger(simulator.config, sold).payouts]


def payout_view(payout: Payout, at: datetime) -> dict[str, Any]:
    """Return one payout, in kuruş after commission; one of a day to come is announced."""
    return {
        "day": payout.day.isoformat(),
        "currency": payout.currency,
        "sales": payout.sales,
        "refunds": payout.refunds,
        "net": payout.net,
        "orders": len({share.merchant_oid for share in payout.shares}),
        "announced": payout.day > local_day(at),
    }


def card_view(card: StoredCard) -> dict[str, Any]:
    """Return one stored card without its tokens."""
    return {
        "merchant_id": card.merchant_id,
        "number": f"{card.bin_number[:6]} ···· {card.last_four}",
        "expiry": f"{card.month}/{card.year}",
        "owner": card.owner,
        "added_at": card.added_at.isoformat(),
        "charges": card.charges,
        "deleted": card.is_deleted,
    }
