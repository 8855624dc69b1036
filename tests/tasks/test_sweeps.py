"""Sweeps: they find what the queue missed, leave the rest, and record what they did."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from saq.types import Context
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import EmailMessage, Invoice, JobRun
from app.domain.notifications.mailer import MemoryMailer
from app.domain.ops.runs import recorded_run
from app.lib.clock import now
from app.lib.ids import uuid7
from app.lib.storage import MemoryStorage
from app.lib.uow import unit_of_work
from app.server.commands import billing_pass
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from app.tasks.forecasts import make_forecast
from app.tasks.maintenance import KEEP_IDLE_RUNS, forget_idle_runs
from app.tasks.registry import CRONS
from app.tasks.sweeping import sweep
from tests.factories import make_customer, pay

Cron = Callable[[Context], Awaitable[Any]]


async def runs(resources: Resources) -> list[JobRun]:
    async with resources.session_maker() as session:
        return list(await session.scalars(select(JobRun).order_by(JobRun.id)))


# tomorrow is told also of an empty house; tests/scenarios/test_forecast.py
@pytest.mark.parametrize(
    "task", [task for _, _, task in CRONS if task is not make_forecast], ids=lambda task: task.__name__
)
async def test_every_cron_leaves_a_record_and_finds_nothing_in_an_empty_house(
    resources: Resources, context: Context, task: Cron
) -> None:
    for _ in range(2):
        await task(context)
    first, second = await runs(resources)
    assert first.name == second.name == task.__name__
    for run in (first, second):
        assert run.finished_at is not None
        assert (run.found, run.done, run.failed, run.error) == (0, 0, 0, None)


async def test_one_pass_renders_and_sends_what_the_queue_missed_and_a_second_finds_nothing(
    resources: Resources,
) -> None:
    customer = await make_customer(resources.session_maker)
    await pay(resources.session_maker, customer, resources.settings)
    later = now() + timedelta(minutes=2)
    first = {line["sweep"]: line["done"] for line in await billing_pass(resources, later)}
    second = {line["sweep"]: line["found"] for line in await billing_pass(resources, later)}
    assert first == dict.fromkeys(SWEEPS, 0) | {"sweep_inquiries": 1, "sweep_invoices": 1, "sweep_emails": 2}
    assert second == dict.fromkeys(SWEEPS, 0)
    assert isinstance(resources.mailer, MemoryMailer)
    subjects = [letter["Subject"] for letter in resources.mailer.messages]
    assert len(subjects) == 2
    attached = [part for letter in resources.mailer.messages for part in letter.iter_attachments()]
    assert [part.get_content_type() for part in attached] == ["application/pdf"]


async def test_the_queue_has_a_minute_before_the_sweeper_renders(resources: Resources) -> None:
    customer = await make_customer(resources.session_maker)
    at = now()
    await pay(resources.session_maker, customer, resources.settings, at=at)
    early = await SWEEPS["sweep_invoices"](resources, at + timedelta(seconds=59))
    assert early.found == 0
    assert (await SWEEPS["sweep_invoices"](resources, at + timedelta(seconds=60))).done == 1


async def test_one_invoice_that_cannot_be_stored_stops_no_other(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await make_customer(resources.session_maker)
    for _ in range(3):
        await pay(resources.session_maker, customer, resources.settings)
    assert isinstance(resources.storage, MemoryStorage)
    put = resources.storage.put

    async def full(key: str, data: bytes, content_type: str) -> None:
        if key.endswith("000000002.pdf"):
            raise OSError("No space left on device")
        await put(key, data, content_type)

    monkeypatch.setattr(resources.storage, "put", full)
    at = now() + timedelta(minutes=2)
    tally = await SWEEPS["sweep_invoices"](resources, at)
    assert (tally.found, tally.done, tally.failed) == (3, 2, 1)
    monkeypatch.undo()
    assert (await SWEEPS["sweep_invoices"](resources, at)).done == 1
    async with resources.session_maker() as session:
        assert not list(await session.scalars(select(Invoice).where(Invoice.pdf_rendered_at.is_(None))))
        receipts = select(EmailMessage).where(EmailMessage.template == "payment_receipt")
        assert len(list(await session.scalars(receipts))) == 3


async def test_a_run_that_breaks_is_recorded_with_its_reason(resources: Resources) -> None:
    async def breaks() -> None:
        async with recorded_run(resources.session_maker, "breaks") as tally:
            tally.found = 2
            raise RuntimeError("no such luck")

    with pytest.raises(RuntimeError):
        await breaks()
    (run,) = await runs(resources)
    assert (run.name, run.found, run.error) == ("breaks", 2, "RuntimeError: no such luck")
    assert run.finished_at is not None


async def test_only_old_runs_that_found_nothing_are_forgotten(resources: Resources, context: Context) -> None:
    old, recent = now() - KEEP_IDLE_RUNS - timedelta(hours=1), now() - timedelta(hours=1)
    async with unit_of_work(resources.session_maker) as session:
        for name, started_at, found, error in (
            ("old and idle", old, 0, None),
            ("old and busy", old, 1, None),
            ("old and broken", old, 0, "broken"),
            ("recent and idle", recent, 0, None),
        ):
            session.add(JobRun(name=name, started_at=started_at, found=found, done=0, failed=0, error=error))
    await forget_idle_runs(context)
    left = {run.name for run in await runs(resources)}
    assert left == {"old and busy", "old and broken", "recent and idle", "forget_idle_runs"}


async def test_a_row_that_waits_does_not_hold_up_the_others(resources: Resources) -> None:
    rows = [uuid7() for _ in range(6)]
    release, done = asyncio.Event(), list[UUID]()

    async def find(session: AsyncSession, *, at: datetime) -> list[UUID]:
        return rows

    async def do(_: Resources, row: UUID, at: datetime) -> None:
        if row == rows[0]:
            await release.wait()
        done.append(row)
        if len(done) == len(rows) - 1:
            release.set()

    tally = await asyncio.wait_for(sweep(resources, now(), name="sweep_of_a_test", find=find, do=do), 10)
    assert (tally.found, tally.done, tally.failed) == (6, 6, 0)
    assert done == [*rows[1:], rows[0]]
