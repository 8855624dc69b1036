"""A process that does one payment's whole work and is killed at a boundary of its choice.

Run as `python -m tests.scenarios.mortal FACTS`. It forks one child per payment once everything is
imported: the first is left alone and counts the boundaries, the n-th dies at the n-th, by SIGKILL.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from asyncpg.transaction import Transaction as DriverCommit
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.db.models import EmailMessage, Invoice, Payment
from app.domain.billing.post import send_email
from app.domain.billing.receipts import render_invoice
from app.domain.billing.settlement.service import Arrival
from app.domain.billing.webhooks import CallbackIntake
from app.domain.invoices.pdf import warm_up
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.clock import now
from app.lib.settings import Settings
from app.lib.statements import DriverTransaction
from app.lib.storage import FileStorage
from app.server.database import build_engine
from tests.scenarios.letterbox import Letterbox


class Boundaries:
    """Counts what outlives the process, before and after it happens, and dies at one of them."""

    def __init__(self, fatal: int | None) -> None:
        self.count, self._fatal = 0, fatal

    def around(self, step: Any) -> Any:
        """Return the step with a boundary before and one after it."""

        async def bounded(*arguments: Any, **more: Any) -> Any:
            self._reach()
            result = await step(*arguments, **more)
            self._reach()
            return result

        return bounded

    def _reach(self) -> None:
        self.count += 1
        if self.count == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


async def do_everything(facts: dict[str, Any], merchant_oid: str, fatal: int | None) -> int:
    """Settle, render, store, stamp, claim, send, mark; return how many boundaries that took."""
    boundaries = Boundaries(fatal)
    # the settlement's commit is its own; every other one ends in the driver's
    DriverTransaction.commit = boundaries.around(DriverTransaction.commit)  # type: ignore[method-assign]
    DriverCommit.commit = boundaries.around(DriverCommit.commit)
    settings = Settings(env="test", database_url=facts["database_url"])
    storage, letterbox = FileStorage(Path(facts["storage"])), Letterbox(Path(facts["letters"]))
    storage.put = boundaries.around(storage.put)  # type: ignore[method-assign]
    letterbox.send = boundaries.around(letterbox.send)  # type: ignore[method-assign]
    engine = build_engine(settings)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    message = PaytrCallback(merchant_oid=merchant_oid, status="success", total_amount=facts["amount"])
    await CallbackIntake(sessions, SANDBOX_MERCHANT, settings).take(Arrival(message, {}))
    async with sessions() as session:
        of_payment = select(Invoice.id).join(Payment, Payment.id == Invoice.payment_id)
        invoice_id = await session.scalar(of_payment.where(Payment.merchant_oid == merchant_oid))
    assert invoice_id is not None
    await render_invoice(sessions, storage, settings, invoice_id, at=now())
    async with sessions() as session:
        receipt = select(EmailMessage.id).where(EmailMessage.invoice_id == invoice_id)
        message_id = await session.scalar(receipt)
    assert message_id is not None
    assert await send_email(sessions, letterbox, storage, settings, message_id, at=now())
    await engine.dispose()
    return boundaries.count


def lives_through(facts: dict[str, Any], merchant_oid: str, fatal: int | None) -> int:
    """Do it in a process of its own; return its exit status, negative for the signal that ended it."""
    child = os.fork()
    if child == 0:
        os._exit(asyncio.run(do_everything(facts, merchant_oid, fatal)))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main(facts: dict[str, Any]) -> None:
    """Print the number of boundaries, then how each further process ended."""
    warm_up()
    undisturbed, *others = facts["payments"]
    boundaries = lives_through(facts, undisturbed, None)
    ends = [lives_through(facts, oid, fatal) for fatal, oid in enumerate(others[:boundaries], start=1)]
    print(json.dumps([boundaries, ends]))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
