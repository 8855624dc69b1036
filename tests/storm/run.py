"""One storm from the first order to two equal books."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
from sqlalchemy import func, select

from app.db.models import MONEY_TAKEN, Order, Payment, Refund, StoredCard
from app.db.schema import upgrade_database
from app.domain.billing.charging.service import request_charge
from app.domain.billing.checkout import ask_for_frame, frame_request, note_frame, place_order
from app.domain.billing.refunds.service import request_refund
from app.domain.plans.service import publish_catalogue
from app.lib.clock import now
from app.lib.errors import DomainError
from app.lib.uow import unit_of_work
from app.sandbox.faults import Fault, FaultPlan
from app.server.resources import build_resources, closing
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from tests.storm.books import Comparison, compare, our_book
from tests.storm.cards import keep, store_card
from tests.storm.customers import Customer, customers, move_in, name_by_seed, named, viewer
from tests.storm.world import World, world

FAULT_RATE = 0.2
AT_ONCE = 8
APPROVED = 0.8
SWEEPERS = 2
"""Workers that sweep at the same moment."""
MONEY_SWEEPS = ("sweep_charges", "sweep_inquiries", "sweep_refunds")
HOURS_AFTER = (0, 1, 2, 4, 9, 16, 34, 60, 90, 130, 180, 240)
"""When the sweeps are made once the storm is over, on a clock that is put forward."""
REST_SECONDS = 120
SHORTEST_LULL, LONGEST_LULL, PER_SECOND = 3.0, 40.0, 50
"""How long callbacks have between two rounds, in seconds."""
CONTRADICTIONS = frozenset({Fault.SURCHARGE, Fault.OTHER_CURRENCY, Fault.TEST_FLAG})
"""Faults that would make it a matter of chance which of two payments is given back, and how much."""


@dataclass(frozen=True)
class Weathered:
    """The end of a storm."""

    seed: int
    orders: int
    comparison: Comparison
    deaths: dict[str, int]
    seconds: float


def storm(home: Path, *, seed: int, orders: int, fault_rate: float = FAULT_RATE) -> Weathered:
    """Run one storm under `home` and compare the books at rest."""
    name_by_seed()
    began = time.monotonic()
    with world(home, seed=seed, fault_rate=fault_rate) as whole:
        comparison = asyncio.run(Storm(whole, seed, customers(seed, orders), fault_rate).run())
        return Weathered(seed, orders, comparison, whole.deaths, time.monotonic() - began)


class Storm:
    """The people in it: buyers, an operator who refunds, and time that passes."""

    def __init__(self, whole: World, seed: int, crowd: list[Customer], fault_rate: float) -> None:
        self._world, self._seed, self._crowd = whole, seed, crowd
        self._plan = FaultPlan(str(seed), dict.fromkeys(Fault, fault_rate))
        self._cards: dict[UUID, UUID] = {}

    async def run(self) -> Comparison:
        """Let everybody pay while parts die, then wait until nothing moves any more."""
        settings = self._world.settings
        async with closing(build_resources(settings)) as resources:
            self._resources: Resources = resources
            # A kept connection is given up long before the sandbox closes it, after 5 s, under a request.
            kept = httpx.Limits(keepalive_expiry=1.0)
            self._sandbox = httpx.AsyncClient(base_url=settings.paytr_base_url, timeout=30, limits=kept)
            await self._settle_in()
            with self._world.thunder(self._seed):
                await in_parallel(self._crowd, self._buy)
                declined = await self._decide()
                await in_parallel([one for one in self._crowd if one.name("A") in declined], self._second_try)
                await self._decide()
                await self._lull()
            await self._come_to_rest(now())
            with self._world.thunder(self._seed + 1):
                await in_parallel(self._crowd, self._refund)
                await self._lull()
            await self._come_to_rest(now() + timedelta(hours=HOURS_AFTER[-1]))
            book = (await self._sandbox.get("/control/book")).json()
            await self._sandbox.aclose()
            async with resources.session_maker() as session:
                return compare(await our_book(session), book["orders"])

    async def _settle_in(self) -> None:
        sessions = self._resources.session_maker
        await upgrade_database(self._resources.engine)
        async with unit_of_work(sessions) as session:
            await publish_catalogue(session, at=now())
            await move_in(session, self._crowd)
        with_cards = [one for one in self._crowd if one.pays_by_card]
        cards: list[StoredCard] = []
        await in_parallel(with_cards, lambda one: self._store_card(one, cards))
        async with unit_of_work(sessions) as session:
            self._cards = await keep(session, cards)
        for mortal in self._world.mortals[1:]:
            mortal.start()

    async def _store_card(self, customer: Customer, cards: list[StoredCard]) -> None:
        cards.append(await store_card(self._sandbox, self._world.settings, customer, self._seed))

    async def _buy(self, customer: Customer) -> None:
        if customer.pays_by_card:
            await self._charge(customer, "A")
            return
        for attempt in ("A", "B") if customer.opens_two_pages else ("A",):
            if customer.opens_two_pages:
                await self._temper(customer.name(attempt))
            await self._open_page(customer, attempt)

    async def _second_try(self, customer: Customer) -> None:
        """Who was declined in the frame opens another page, before or after we hear of the decline."""
        await self._open_page(customer, "C")

    async def _open_page(self, customer: Customer, attempt: str) -> None:
        sessions, settings = self._resources.session_maker, self._resources.settings
        async with unit_of_work(sessions) as session:
            owner = await viewer(session, customer)
            with named(customer.name(attempt)):
                checkout = await place_order(
                    session, owner, plan_code=customer.plan, interval="month", at=now()
                )
        request = frame_request(checkout, owner, settings, address="192.0.2.1")
        answer = await ask_for_frame(self._resources.gateway, request)
        async with unit_of_work(sessions) as session:
            payment = await session.get_one(Payment, checkout.payment.id)
            await note_frame(session, payment, answer, at=now())

    async def _charge(self, customer: Customer, attempt: str) -> None:
        sessions = self._resources.session_maker
        async with unit_of_work(sessions) as session:
            owner = await viewer(session, customer)
            order_id = await session.scalar(select(Order.id).where(Order.company_id == customer.company_id))
            if order_id is None:
                with named(customer.name("X")):
                    checkout = await place_order(
                        session, owner, plan_code=customer.plan, interval="month", at=now()
                    )
                await session.delete(checkout.payment)  # nobody opened a page for it
                await session.flush()
                order_id = checkout.order.id
            with named(customer.name(attempt)):
                await request_charge(
                    session, order_id=order_id, card_id=self._cards[customer.company_id], at=now()
                )

    async def _refund(self, customer: Customer) -> None:
        if not customer.refund_share:
            return
        async with unit_of_work(self._resources.session_maker) as session:
            payment = await session.scalar(
                select(Payment).where(
                    Payment.company_id == customer.company_id,
                    Payment.status.in_(MONEY_TAKEN),
                    Payment.is_surplus.is_(False),
                )
            )
            if payment is None:
                return
            amount = max(1, int((payment.collected or 0) * customer.refund_share))
            with named(f"STORMR{customer.number:06d}"), contextlib.suppress(DomainError):
                await request_refund(
                    session, payment.id, amount=amount, reason="storm", requested_by_id=None, at=now()
                )

    async def _temper(self, name: str) -> None:
        faults = sorted(self._plan.of(name) - CONTRADICTIONS)
        expected = {"merchant_oid": name, "faults": faults}
        (await self._sandbox.post("/control/expect", json=expected)).raise_for_status()

    async def _decide(self) -> set[str]:
        """Let every buyer with an open page decide, also of pages we never heard of; return the declined."""
        answer = await self._sandbox.post("/control/orders/pay-many", json={"approve_rate": APPROVED})
        return set(answer.raise_for_status().json()["declined"])

    async def _come_to_rest(self, at: datetime) -> None:
        """Release what is late, hear every callback, and let the ladders run out on a clock put forward."""
        await self._hear_callbacks()
        (await self._sandbox.post("/control/release", json={})).raise_for_status()
        await self._hear_callbacks()
        for hours in HOURS_AFTER:
            await self._sweep(at + timedelta(hours=hours))
            await self._hear_callbacks()
        async with self._resources.session_maker() as session:
            still_due = await session.scalar(
                select(func.count()).select_from(Refund).where(Refund.next_attempt_at.is_not(None))
            )
        assert not still_due, f"{still_due} refunds are still due"

    async def _sweep(self, at: datetime) -> None:
        for name in MONEY_SWEEPS:
            for _ in range(1_000):
                tallies = await asyncio.gather(*(SWEEPS[name](self._resources, at) for _ in range(SWEEPERS)))
                if not any(tally.found for tally in tallies):
                    break

    async def _lull(self) -> None:
        """Let most of what is on its way arrive, under fire."""
        await asyncio.sleep(min(LONGEST_LULL, SHORTEST_LULL + len(self._crowd) / PER_SECOND))

    async def _hear_callbacks(self) -> None:
        deadline = time.monotonic() + REST_SECONDS
        while time.monotonic() < deadline:
            book = (await self._sandbox.get("/control/book")).json()
            if book["undecided"] == 0 and book["callbacks"]["owed"] == book["callbacks"]["held"]:
                return
            await asyncio.sleep(0.3)
        raise TimeoutError(f"callbacks are still on their way: {book['callbacks']}, {book['undecided']}")


async def in_parallel(crowd: Sequence[Customer], act: Callable[[Customer], Awaitable[None]]) -> None:
    """Let everybody act, a few at a time."""
    waiting = iter(crowd)

    async def one_after_the_other() -> None:
        for customer in waiting:
            await act(customer)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))


def report(end: Weathered) -> str:
    """Return the storm in a few lines."""
    facts = ", ".join(f"{name} {number}" for name, number in sorted(end.comparison.facts.items()))
    return "\n".join(
        [
            f"seed {end.seed}, {end.orders} orders, {end.seconds:.0f} s; killed: {Counter(end.deaths)}",
            f"  {facts}",
            f"  the same seed gives {end.comparison.digest}",
            f"  {len(end.comparison.differences)} differences between the two books",
            *(f"    {line}" for line in end.comparison.differences[:40]),
        ]
    )
