"""The demo companies in two books: what they have paid, PayTR's sandbox has as well, to the kuruş."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from app.db.models import (
    CaseKind,
    OperatorCase,
    Order,
    OrderKind,
    Payment,
    PaymentStatus,
    ReconciliationRun,
    Refund,
    RefundStatus,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.demo.service import seed_demo
from app.domain.billing.demo.stories import STORIES
from app.domain.billing.reconciliation.proof import Totals
from app.domain.payments.paytr import rehearsal
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.lib.clock import now
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from tests.conftest import msgspec_replace
from tests.sandbox.conftest import Receiver, Sandbox, free_port, running_sandbox

OLDEST = max(days for story in STORIES for days in story.paid)


def beside(resources: Resources, url: str) -> Resources:
    """The process with the sandbox at an address as its PayTR."""
    return replace(
        resources,
        settings=msgspec_replace(resources.settings, paytr_base_url=url),
        gateway=PaytrGateway(SANDBOX_MERCHANT, url, resources.http),
    )


async def seed(process: Resources) -> list[str]:
    return await seed_demo(process.session_maker, process.settings, process.http, companies=1, at=now())


async def sweep(process: Resources, name: str) -> None:
    """Make one sweep until it finds nothing any more."""
    for _ in range(OLDEST):
        tally = await SWEEPS[name](process, now())
        assert tally.failed == 0
        if tally.found == 0:
            return
    raise AssertionError(f"{name} finds no end")


async def open_cases(process: Resources) -> list[CaseKind]:
    async with process.session_maker() as session:
        return list(await session.scalars(select(OperatorCase.kind).where(OperatorCase.closed_at.is_(None))))


def book(sandbox: Sandbox) -> dict[str, tuple[str, int | None, int]]:
    orders = sandbox.http.get("/control/book").json()["orders"]
    return {one["merchant_oid"]: (one["state"], one["total_amount"], one["refunded"]) for one in orders}


async def our_book(process: Resources) -> dict[str, tuple[str, int | None, int]]:
    async with process.session_maker() as session:
        payments = list(await session.scalars(select(Payment)))
    return {
        one.merchant_oid: (
            "declined" if one.status is PaymentStatus.FAILED else "paid",
            one.collected,
            one.refunded,
        )
        for one in payments
    }


@pytest.fixture
async def sandbox(receiver: Receiver, tmp_path: Path) -> AsyncIterator[Sandbox]:
    """A sandbox with an empty book."""
    with running_sandbox(receiver, tmp_path) as running:
        yield running


async def test_every_day_of_the_demo_is_proven_and_only_its_own_case_is_open(
    resources: Resources, sandbox: Sandbox
) -> None:
    process = beside(resources, sandbox.url)
    assert not any("Note" in line for line in await seed(process))
    for name in ("sweep_inquiries", "sweep_refunds", "sweep_reconciliation"):
        await sweep(process, name)
    assert await open_cases(process) == [CaseKind.PAID_TWICE]
    async with process.session_maker() as session:
        refund = (await session.scalars(select(Refund))).one()
        runs = list(await session.scalars(select(ReconciliationRun)))
    assert refund.status is RefundStatus.SUCCEEDED
    assert len(runs) >= OLDEST - 1
    assert all(run.error is None and run.difference_count == 0 for run in runs)
    assert all(Totals(**totals).adds_up for run in runs for totals in run.totals.values())
    assert await our_book(process) == book(sandbox)


async def test_the_engine_follows_the_debts_of_the_demo(resources: Resources, sandbox: Sandbox) -> None:
    process = beside(resources, sandbox.url)
    await seed(process)
    assert (await SWEEPS["subscription_manager"](process, now())).failed == 0
    async with process.session_maker() as session:
        in_debt = select(Subscription).where(Subscription.past_due_since.is_not(None))
        owing = list(await session.scalars(in_debt))
        owed = list(await session.scalars(select(Order).where(Order.kind == OrderKind.RENEWAL)))
    assert {one.status for one in owing} == {SubscriptionStatus.PAST_DUE, SubscriptionStatus.SUSPENDED}
    assert {order.subscription_id for order in owed} == {one.id for one in owing}
    assert all(one.next_attempt_at and one.next_attempt_at > now() for one in owing)


async def test_seeding_again_changes_neither_book(resources: Resources, sandbox: Sandbox) -> None:
    process = beside(resources, sandbox.url)
    first = await seed(process)
    before = await our_book(process), book(sandbox)
    assert await seed(process) == first
    assert (await our_book(process), book(sandbox)) == before
    assert before[0] == before[1]


async def test_a_sandbox_that_lost_its_book_is_told_again_with_what_was_given_back(
    resources: Resources, sandbox: Sandbox, receiver: Receiver, tmp_path: Path
) -> None:
    process = beside(resources, sandbox.url)
    await seed(process)
    for name in ("sweep_inquiries", "sweep_refunds"):
        await sweep(process, name)
    before = book(sandbox)
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    with running_sandbox(receiver, other_folder) as fresh:
        assert book(fresh) == {}
        await seed(beside(resources, fresh.url))
        assert book(fresh) == before


async def test_without_a_sandbox_the_stories_are_told_all_the_same_and_said_to_be_unknown_to_it(
    resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "PATIENCE_SECONDS", 0.5)
    told = await seed(beside(resources, f"http://127.0.0.1:{free_port()}"))
    assert told[-1].startswith("Note: the PayTR sandbox was not told")
    async with resources.session_maker() as session:
        assert await session.scalar(select(func.count()).select_from(Subscription)) == len(STORIES) + 1


async def test_a_server_that_knows_no_such_call_is_told_apart_from_none(
    resources: Resources, sandbox: Sandbox
) -> None:
    told = await seed(beside(resources, f"{sandbox.url}/elsewhere"))
    assert "HTTP 404" in told[-1]


async def test_nobody_elses_paytr_is_told_of_demo_payments(resources: Resources) -> None:
    class Refusing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise AssertionError(f"{request.url} was asked")

    async with httpx.AsyncClient(transport=Refusing()) as http:
        process = replace(beside(resources, "https://gateway.invalid"), http=http)
        assert not any("Note" in line for line in await seed(process))
