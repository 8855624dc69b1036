"""Reconciliation over HTTP: a sandbox whose reports go wrong on command, and our book beside it."""

from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import ReconciliationRun
from app.domain.billing.checkout import frame_request
from app.domain.billing.reconciliation.book import day_of
from app.domain.billing.reconciliation.proof import Totals
from app.domain.billing.reconciliation.service import reconcile_day
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.lib.clock import ISTANBUL, now
from app.lib.settings import Settings
from tests.domain.billing.books import Shop, found
from tests.factories import pay
from tests.sandbox.conftest import Receiver, Sandbox, running_sandbox

Maker = async_sessionmaker[AsyncSession]


class Counter(Shop):
    """A shop whose PayTR is a sandbox of its own; both keep today's date."""

    def __init__(
        self, session_maker: Maker, settings: Settings, sandbox: Sandbox, paytr: PaytrGateway
    ) -> None:
        super().__init__(session_maker, settings)
        self.sandbox, self.paytr = sandbox, paytr

    async def sell_now(self, *faults: str) -> str:
        """Sell a plan today, here and there; its row in the reports goes wrong as told."""
        customer = await self.customer(now() - timedelta(minutes=5))
        checkout = await pay(self.session_maker, customer, self.settings, at=now())
        async with self.session_maker() as session:
            viewer = await customer.viewer(session)
        oid = checkout.payment.merchant_oid
        if faults:
            self.sandbox.expect(merchant_oid=oid, faults=list(faults))
        await self.paytr.request_frame(frame_request(checkout, viewer, self.settings, address="203.0.113.7"))
        self.sandbox.control(oid, "pay").raise_for_status()
        self.sandbox.delivered(oid)
        return oid

    async def compare(self) -> ReconciliationRun:
        """Compare today, seen from tomorrow morning."""
        today = day_of(now())
        at = datetime.combine(today + timedelta(days=1), time(5, 30), ISTANBUL)
        run = await reconcile_day(self.session_maker, self.paytr, today, at=at)
        assert run is not None
        return run


@pytest.fixture
async def counter(
    session_maker: Maker, settings: Settings, receiver: Receiver, tmp_path: Path
) -> AsyncIterator[Counter]:
    with running_sandbox(receiver, tmp_path) as sandbox:
        async with httpx.AsyncClient() as http:
            paytr = PaytrGateway(SANDBOX_MERCHANT, sandbox.url, http)
            yield Counter(session_maker, settings, sandbox, paytr)


async def test_a_day_is_proven_and_each_wrong_row_found_under_its_cause(
    counter: Counter,
) -> None:
    await counter.sell_now()
    true = await counter.compare()
    assert (true.error, true.difference_count) == (None, 0)
    assert Totals(**true.totals["TRY"]).adds_up
    wrong = {
        fault: await counter.sell_now(fault)
        for fault in ("row_missing", "row_doubled", "row_amount", "row_currency")
    }
    run = await counter.compare()
    assert sorted(await found(counter, run)) == sorted(
        [
            ("missing_there", "sale", wrong["row_missing"]),
            ("duplicated", "sale", wrong["row_doubled"]),
            ("amount", "sale", wrong["row_amount"]),
            ("currency", "sale", wrong["row_currency"]),
        ]
    )


async def test_a_row_dated_back_by_a_day_is_said_once(counter: Counter) -> None:
    await counter.sell_now()
    oid = await counter.sell_now("row_date")
    assert await found(counter, await counter.compare()) == [("date", "sale", oid)]
