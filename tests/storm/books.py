"""Two books side by side: what the sandbox took and gave back, and what ours says of it."""

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import (
    MONEY_TAKEN,
    Invoice,
    InvoiceKind,
    OperatorCase,
    Order,
    OrderStatus,
    Payment,
    PaymentChannel,
    Refund,
    RefundStatus,
)
from app.domain.ledger.proof import find_breaks
from app.lib.clock import now
from tests.storm.cards import PREFIX


@dataclass
class Ours:
    """Our book, by merchant_oid."""

    payments: dict[str, Payment]
    returned: Counter[str]
    """What our refunds say was given back."""
    unsettled: set[str]
    """Payments with a refund that nobody has answered for."""
    cases: dict[str, set[str]]
    """Kinds of cases by the payment they are about, a refund's by the payment it belongs to."""
    orders: dict[Any, Order]
    invoices: Counter[Any]
    breaks: list[str]
    """What our own ledger says does not hold."""
    """Invoices by order."""


@dataclass
class Comparison:
    """What was found; the storm is weathered when nothing differs."""

    differences: list[str] = field(default_factory=list)
    facts: Counter[str] = field(default_factory=Counter)
    digest: str = ""


async def our_book(session: AsyncSession) -> Ours:
    """Read all of it."""
    payments = {payment.merchant_oid: payment for payment in await session.scalars(select(Payment))}
    names = {payment.id: name for name, payment in payments.items()}
    returned: Counter[str] = Counter()
    unsettled: set[str] = set()
    about: dict[str, str] = {}
    for refund in await session.scalars(select(Refund)):
        about[refund.reference] = names[refund.payment_id]
        if refund.status is RefundStatus.SUCCEEDED:
            returned[names[refund.payment_id]] += refund.returned or 0
        elif refund.status is not RefundStatus.FAILED:
            unsettled.add(names[refund.payment_id])
    cases: dict[str, set[str]] = defaultdict(set)
    for case in await session.scalars(select(OperatorCase)):
        cases[about.get(case.subject, case.subject)].add(case.kind.value)
    orders = {order.id: order for order in await session.scalars(select(Order))}
    issued = select(Invoice.order_id).where(Invoice.kind == InvoiceKind.INVOICE)
    invoices = Counter(await session.scalars(issued))
    breaks = [f"{one.rule}: {one.rows}" for one in (await find_breaks(session, at=now())).found]
    return Ours(payments, returned, unsettled, cases, orders, invoices, breaks)


def compare(ours: Ours, theirs: list[dict[str, Any]]) -> Comparison:
    """Compare to the kuruş, attempt by attempt, then order by order."""
    found = Comparison()
    book = {entry["merchant_oid"]: entry for entry in theirs if not entry["merchant_oid"].startswith(PREFIX)}
    for name in book.keys() - ours.payments.keys():
        found.differences.append(f"{name}: the sandbox knows it, we do not")
    for name, payment in ours.payments.items():
        _compare_attempt(found, name, payment, book.get(name), ours)
    _compare_orders(found, ours)
    found.differences += ours.breaks
    found.digest = _digest(ours)
    return found


def _compare_attempt(
    found: Comparison, name: str, payment: Payment, entry: dict[str, Any] | None, ours: Ours
) -> None:
    is_paid = entry is not None and entry["state"] == "paid"
    found.facts[payment.status.value] += 1
    if is_paid is not (payment.status in MONEY_TAKEN):
        found.differences.append(f"{name}: {payment.status} here, {entry and entry['state']} there")
    if payment.is_undecided and not ours.cases.get(name):
        found.differences.append(f"{name}: {payment.status} and nobody is told")
    if entry is None or not is_paid:
        return
    if payment.collected != entry["total_amount"]:
        found.differences.append(f"{name}: {payment.collected} here, {entry['total_amount']} there")
    if not (payment.refunded == ours.returned[name] == entry["refunded"]):
        told = (payment.refunded, ours.returned[name], entry["refunded"])
        found.differences.append(f"{name}: refunds {told} by payment, refund rows and sandbox")
    if ours.unsettled & {name} and not _has_refund_case(ours, payment):
        found.differences.append(f"{name}: a refund without an end and without a case")


def _has_refund_case(ours: Ours, payment: Payment) -> bool:
    return bool({"refund_refused", "outcome_unknown"} & ours.cases.get(payment.merchant_oid, set()))


def _compare_orders(found: Comparison, ours: Ours) -> None:
    taken: dict[Any, list[Payment]] = defaultdict(list)
    for payment in ours.payments.values():
        if payment.status in MONEY_TAKEN:
            taken[payment.order_id].append(payment)
            _count(found, payment)
    for order in ours.orders.values():
        surplus = [payment for payment in taken[order.id] if payment.is_surplus]
        kept = len(taken[order.id]) - len(surplus)
        if kept > 1:
            found.differences.append(f"order {order.id}: charged {kept} times")
        if (order.status is OrderStatus.PAID) is not bool(kept) or ours.invoices[order.id] != kept:
            told = f"{order.status}, {kept} payments, {ours.invoices[order.id]} invoices"
            found.differences.append(f"order {order.id}: {told}")
        for payment in surplus:
            _compare_surplus(found, payment, ours)


def _compare_surplus(found: Comparison, payment: Payment, ours: Ours) -> None:
    name = payment.merchant_oid
    if not ours.cases.get(name):
        found.differences.append(f"{name}: surplus and nobody is told")
    if "paid_twice" in ours.cases.get(name, set()):
        found.facts["paid twice"] += 1
        if payment.refunded != payment.collected and not _has_refund_case(ours, payment):
            found.differences.append(f"{name}: paid twice and not given back")


def _count(found: Comparison, payment: Payment) -> None:
    found.facts["surplus"] += payment.is_surplus
    found.facts["refunded kuruş"] += payment.refunded
    found.facts["collected kuruş"] += payment.collected or 0


def _digest(ours: Ours) -> str:
    """Return what the seed alone decides, in one line: every order paid in a frame, with its cases.

    A charge whose worker was killed between noting and sending it takes no money and ends as a case; when
    that happens no seed decides, so charges are compared but stay out of the line.
    """
    orders: dict[str, list[Any]] = defaultdict(lambda: [0, 0, 0, set()])
    for name, payment in ours.payments.items():
        if payment.channel is PaymentChannel.STORED_CARD:
            continue
        line = orders[name[: len("STORM000000")]]
        line[0] += payment.collected or 0
        line[1] += payment.refunded
        line[2] += payment.status in MONEY_TAKEN
        line[3] |= ours.cases.get(name, set())
    told = [[name, *line[:3], sorted(line[3])] for name, line in sorted(orders.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
