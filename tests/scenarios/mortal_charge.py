"""A process that charges one order and is killed at a boundary of its choice; a bank that outlives it.

Run as `python -m tests.scenarios.mortal_charge FACTS`, in the way of `tests.scenarios.mortal`.
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from asyncpg.transaction import Transaction as DriverCommit
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.domain.billing.charging.service import charge_order
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.values import ChargeAnswer, ChargeOutcome, Inquiry, PaymentRequest
from app.lib.clock import now
from app.lib.settings import Settings
from app.server.database import build_engine
from tests.scenarios.mortal import Boundaries


class Bank(InMemoryGateway):
    """Takes money, and has it on disk before it answers."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    async def charge_stored_card(
        self, payment: PaymentRequest, *, user_token: str, card_token: str
    ) -> ChargeAnswer:
        """Note the charge durably, then answer."""
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, f"{payment.merchant_oid} {payment.amount}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return ChargeAnswer(ChargeOutcome.PAID, "paid")

    async def inquire(self, merchant_oid: str) -> Inquiry:
        """Answer from what is on disk."""
        for oid, amount in self.charges():
            if oid == merchant_oid:
                return Inquiry(found=True, raw="{}", amount=amount, total=amount, currency="TRY")
        return Inquiry(found=False, raw="{}")

    def charges(self) -> list[tuple[str, int]]:
        """Return every charge that was taken, in order."""
        lines = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []
        return [(oid, int(amount)) for oid, amount in (line.split() for line in lines)]


async def charge(facts: dict[str, Any], debtor: dict[str, str], fatal: int | None) -> int:
    """Write down, commit to sending, ask, note; return how many boundaries that took."""
    boundaries = Boundaries(fatal)
    DriverCommit.commit = boundaries.around(DriverCommit.commit)
    settings = Settings(env="test", database_url=facts["database_url"], secret_key=facts["secret_key"])
    bank = Bank(Path(facts["bank"]))
    bank.charge_stored_card = boundaries.around(bank.charge_stored_card)  # type: ignore[method-assign]
    engine = build_engine(settings)
    await charge_order(
        async_sessionmaker(engine, expire_on_commit=False),
        bank,
        settings,
        order_id=UUID(debtor["order"]),
        card_id=UUID(debtor["card"]),
        at=now(),
    )
    await engine.dispose()
    return boundaries.count


def lives_through(facts: dict[str, Any], debtor: dict[str, str], fatal: int | None) -> int:
    """Charge in a process of its own; return its exit status, negative for the signal that ended it."""
    child = os.fork()
    if child == 0:
        os._exit(asyncio.run(charge(facts, debtor, fatal)))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def main(facts: dict[str, Any]) -> None:
    """Print the number of boundaries, then how each further process ended."""
    undisturbed, *others = facts["debtors"]
    boundaries = lives_through(facts, undisturbed, None)
    ends = [lives_through(facts, debtor, fatal) for fatal, debtor in enumerate(others[:boundaries], start=1)]
    print(json.dumps([boundaries, ends]))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
