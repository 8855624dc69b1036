"""A process killed at every boundary of a charge: nobody is charged twice, and no money stays unnoticed."""

import asyncio
import json
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.db.models import CaseKind, OperatorCase, Payment, PaymentStatus
from app.domain.billing.verification.rules import LADDER
from app.lib.clock import now
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from tests.factories import make_customer
from tests.scenarios.cashier import Cashier, Debtor
from tests.scenarios.mortal_charge import Bank

ROOT = Path(__file__).parents[2]
BOUNDARIES = 8
"""Before and after: write down, commit to sending, ask, note."""
NOTHING_WRITTEN = {1}
NEVER_LEFT = {4, 5}
"""Killed after `sent` was committed and before the request: only a person can say that nothing happened."""


async def test_a_process_killed_at_any_boundary_charges_nobody_twice(
    cashier: Cashier, resources: Resources, tmp_path: Path
) -> None:
    bank = Bank(tmp_path / "bank")
    debtors = [await a_debtor(cashier) for _ in range(BOUNDARIES + 1)]
    boundaries, ends = await run_mortals(resources, tmp_path / "bank", debtors)
    assert boundaries == BOUNDARIES
    assert ends == [-signal.SIGKILL] * BOUNDARIES

    at, later = now(), replace(resources, gateway=bank)
    for wait in (timedelta(minutes=1), *LADDER, timedelta(hours=25)):
        for sweep in ("sweep_charges", "sweep_inquiries"):
            assert (await SWEEPS[sweep](later, at + timedelta(minutes=1) + wait)).failed == 0

    taken = [oid for oid, _ in bank.charges()]
    assert len(taken) == len(set(taken)), "one attempt reaches the bank once"
    for boundary, debtor in enumerate(debtors):
        payments = await payments_of(resources, debtor)
        if boundary in NOTHING_WRITTEN:
            assert payments == []
            continue
        (payment,) = payments
        reached = payment.merchant_oid in taken
        assert reached == (boundary not in NEVER_LEFT), f"killed at boundary {boundary}"
        wanted = PaymentStatus.SUCCEEDED if reached else PaymentStatus.UNKNOWN
        assert (payment.status, payment.next_inquiry_at) == (wanted, None), f"killed at boundary {boundary}"
    cases = await cashier.all(OperatorCase)
    assert [case.kind for case in cases] == [CaseKind.OUTCOME_UNKNOWN] * len(NEVER_LEFT)


async def a_debtor(cashier: Cashier) -> Debtor:
    return await cashier.owes(await make_customer(cashier.resources.session_maker), now())


async def run_mortals(resources: Resources, bank: Path, debtors: list[Debtor]) -> tuple[int, list[int]]:
    """Let the processes live and die; return the number of boundaries and how each ended."""
    facts: dict[str, Any] = {
        "database_url": resources.settings.database_url,
        "secret_key": resources.settings.secret_key,
        "bank": str(bank),
        "debtors": [{"order": str(debtor.order.id), "card": str(debtor.card.id)} for debtor in debtors],
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.scenarios.mortal_charge", json.dumps(facts)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0
    boundaries, ends = json.loads(output)
    return boundaries, ends


async def payments_of(resources: Resources, debtor: Debtor) -> list[Payment]:
    async with resources.session_maker() as session:
        return list(await session.scalars(select(Payment).where(Payment.order_id == debtor.order.id)))
