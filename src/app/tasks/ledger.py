"""Proving the book: every few minutes, and when an operator asks for it."""

from datetime import datetime

from saq.types import Context

from app.domain.ledger.proof import open_breaks, prove
from app.domain.ops.runs import Tally, recorded_run
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources, resources_of


async def prove_ledger(context: Context) -> None:
    """Prove the whole book and keep what was found."""
    await prove_now(resources_of(context), now())


async def prove_now(resources: Resources, at: datetime) -> Tally:
    """Prove the book as a recorded run, which finds and fails on the rules that do not hold."""
    async with (
        recorded_run(resources.session_maker, "prove_ledger") as tally,
        unit_of_work(resources.session_maker) as session,
    ):
        await prove(session, at=at)
        tally.found = tally.failed = len({one.rule for one in await open_breaks(session)})
    return tally
