"""A worker killed at every boundary: after one undisturbed pass nothing tells the difference."""

import asyncio
import hashlib
import json
import signal
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from litestar import Litestar
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.db.models import (
    AuditEntry,
    EmailMessage,
    Invoice,
    OperatorCase,
    Order,
    Payment,
    PaymentEvent,
    Subscription,
)
from app.domain.billing.receipts import document_of
from app.domain.invoices.pdf import render
from app.domain.notifications.service import LEASE
from app.lib.clock import now
from app.lib.storage import FileStorage
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from tests.conftest import browser
from tests.factories import Customer, callback_form, make_customer, send_callback, start_checkout
from tests.scenarios.letterbox import Letterbox

ROOT = Path(__file__).parents[2]
BOUNDARIES = 14
"""Before and after: settle, read, store, stamp, claim, send, mark."""
SENT = 12
"""Killed after the server took the letter and before that was noted: the one that may go twice."""


async def test_a_worker_killed_at_any_boundary_leaves_the_same_end(
    resources: Resources, application: Litestar, tmp_path: Path
) -> None:
    storage, letterbox = FileStorage(tmp_path / "storage"), Letterbox(tmp_path / "letters")
    customers = [await make_customer(resources.session_maker) for _ in range(BOUNDARIES + 1)]
    checkouts = [await start_checkout(resources.session_maker, customer) for customer in customers]
    payments = [checkout.payment.merchant_oid for checkout in checkouts]
    facts = {
        "database_url": resources.settings.database_url,
        "storage": str(tmp_path / "storage"),
        "letters": str(tmp_path / "letters"),
        "amount": checkouts[0].payment.amount,
        "payments": payments,
    }
    boundaries, ends = await run_mortals(facts)
    assert boundaries == BOUNDARIES
    assert ends == [-signal.SIGKILL] * BOUNDARIES

    async with browser(application) as paytr:  # which comes until it has read OK
        for oid in payments:
            answer = await send_callback(paytr, callback_form(oid, checkouts[0].payment.amount))
            assert answer.content == b"OK"
    later = replace(resources, storage=storage, mailer=letterbox)
    at = now() + LEASE + timedelta(minutes=2)
    for sweep in ("sweep_invoices", "sweep_emails"):
        assert (await SWEEPS[sweep](later, at)).failed == 0
        assert (await SWEEPS[sweep](later, at)).found == 0

    async with resources.session_maker() as session:
        undisturbed, *killed = [await end_state(session, storage, customer) for customer in customers]
        assert undisturbed["receipts"] == 1
        for number, state in enumerate(killed, start=1):
            assert state == undisturbed, f"killed at boundary {number}"
        numbers = list(await session.scalars(select(Invoice.sequence).order_by(Invoice.sequence)))
        occasions = await receipts_by_boundary(session, customers[1:])
        assert list(await session.scalars(select(OperatorCase))) == []
    assert numbers == list(range(1, BOUNDARIES + 2))
    assert_sent_once(letterbox, occasions)


async def run_mortals(facts: dict[str, Any]) -> tuple[int, list[int]]:
    """Let the processes live and die; return the number of boundaries and how each ended."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.scenarios.mortal", json.dumps(facts)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0
    boundaries, ends = json.loads(output)
    return boundaries, ends


async def end_state(session: AsyncSession, storage: FileStorage, customer: Customer) -> dict[str, Any]:
    """Return everything about a customer that must not depend on who died when."""

    async def rows(model: type[Any]) -> list[Any]:
        owned = select(model).where(model.company_id == customer.company.id)
        return list(await session.scalars(owned))

    (payment,), (order,), (subscription,) = await rows(Payment), await rows(Order), await rows(Subscription)
    mails = await rows(EmailMessage)
    (invoice,) = await session.scalars(
        select(Invoice)
        .options(selectinload(Invoice.lines), selectinload(Invoice.corrects))
        .where(Invoice.payment_id == payment.id)
    )
    events = await session.scalars(select(PaymentEvent).where(PaymentEvent.payment_id == payment.id))
    file = await storage.get(invoice.pdf_key or "")
    return {
        "payment": (payment.status, payment.collected, payment.is_surplus, payment.failure_code),
        "order": (order.status, order.paid_at == payment.succeeded_at),
        "subscription": (subscription.status, subscription.plan_code, subscription.price_id),
        "period": (
            subscription.current_period_start == payment.succeeded_at == subscription.anchor_at,
            invoice.period_end == subscription.current_period_end,
        ),
        "invoice": (invoice.status, invoice.net, invoice.vat, invoice.total, invoice.buyer["name"]),
        "file": (
            hashlib.sha256(file).hexdigest() == invoice.pdf_sha256,
            file == render(document_of(invoice)),
        ),
        "events": [(event.source, event.outcome) for event in events],
        "audit": Counter(entry.action for entry in await rows(AuditEntry)),
        "receipts": len([mail for mail in mails if mail.invoice_id == invoice.id]),
        "mails": Counter(
            (mail.template, mail.sent_at is not None, mail.next_attempt_at, mail.failed_at, mail.last_error)
            for mail in mails
        ),
    }


async def receipts_by_boundary(session: AsyncSession, killed: list[Customer]) -> dict[str, int]:
    """Return at which boundary the worker of each receipt's occasion was killed."""
    found = {}
    for number, customer in enumerate(killed, start=1):
        receipt = select(EmailMessage.dedupe_key).where(
            EmailMessage.company_id == customer.company.id, EmailMessage.invoice_id.is_not(None)
        )
        found[(await session.scalars(receipt)).one()] = number
    return found


def assert_sent_once(letterbox: Letterbox, occasions: dict[str, int]) -> None:
    """One letter per occasion; after the one unavoidable gap the very same letter twice."""
    letters = letterbox.letters()
    assert len({occasion for occasion, *_ in letters}) == len(letters), "an occasion has one Message-ID"
    for (occasion, _, attachments), times in letters.items():
        # Killed before the outcome is noted: the server has the letter, and we cannot know it.
        unnoted = occasions.get(occasion) in {SENT, SENT + 1}
        assert times == (2 if unnoted else 1), (occasion, times)
        assert attachments.endswith(".pdf") == occasion.startswith("invoice:")
