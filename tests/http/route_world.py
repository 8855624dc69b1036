"""One company with something behind every address, and the people who ask for it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from litestar import Litestar
from sqlalchemy import select, update

from app.db.models import Invoice, LegalAcceptance, Membership, Role, Subscription, SubscriptionStatus
from app.domain.billing.clocks.service import begin_clock
from app.domain.billing.paylinks import pay_path
from app.domain.billing.receipts import render_invoice
from app.domain.people.departures import end_membership
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.cards import add_card, add_registration
from tests.conftest import Browser
from tests.domain.billing.books import add_run
from tests.factories import (
    Customer,
    Person,
    add_case,
    add_member,
    add_support_access,
    add_workspace,
    make_customer,
    make_operator,
    pay,
)
from tests.people import invited, membership_of


@dataclass
class World:
    """One company with something behind every address, and what stands in its addresses."""

    customer: Customer
    known: dict[str, str]
    spare: list[str] = field(default_factory=list)
    """Workspaces that stand ready; each change takes one of its own."""
    spare_cards: list[str] = field(default_factory=list)

    removable: str = ""
    """A membership that may end; the known one stays."""

    def address(self, method: str, path: str) -> str:
        path = path.replace("/legal/{document:str}", "/legal/terms")
        values = dict(self.known)
        if method != "GET" and "{workspace_id" in path:
            values["workspace_id:uuid"] = self.spare.pop()
        if method != "GET" and path.endswith("/removal") and "{membership_id" in path:
            values["membership_id:uuid"] = self.removable
        if "{card_id" in path:
            values["card_id:uuid"] = self.spare_cards.pop()
        for name, value in values.items():
            path = path.replace("{" + name + "}", value)
        return path + (f"?oid={self.known['merchant_oid:str']}" if "/return/" in path else "")


async def build_world(resources: Resources) -> World:
    customer = await make_customer(resources.session_maker)
    checkout = await pay(resources.session_maker, customer, resources.settings)
    async with resources.session_maker() as session:
        invoice = (await session.scalars(select(Invoice))).one()
    await render_invoice(resources.session_maker, resources.storage, resources.settings, invoice.id, at=now())
    shown = await add_workspace(resources.session_maker, customer, "shown")
    spare = [
        str((await add_workspace(resources.session_maker, customer, f"spare-{number}")).id)
        for number in range(5)
    ]
    registration = await add_registration(resources.session_maker, customer)
    cards = [str((await add_card(resources, customer, number=number)).id) for number in range(4)]
    async with resources.session_maker() as session:
        acceptance = await session.scalar(select(LegalAcceptance.id))
    async with unit_of_work(resources.session_maker) as session:
        await begin_clock(session, resources.settings, customer.company.slug, actor_id=None, at=now())
    access = await add_support_access(resources.session_maker, customer)
    yesterday = (now() - timedelta(days=1)).date()
    _, report = await add_run(resources.session_maker, yesterday)
    member = await add_member(resources.session_maker, customer, Role.DEVELOPER)
    membership = await membership_of(resources.session_maker, member, customer)
    assert membership is not None
    invitation = await invited(resources.session_maker, customer, "invited@example.com")
    known = {
        "membership_id:uuid": str(membership.id),
        "invitation_id:uuid": str(invitation.id),
        "day:date": yesterday.isoformat(),
        "report_id:uuid": str(report.id),
        "document:str": f"{invoice.number}.pdf",
        "number:str": invoice.number,
        "token:str": pay_path(resources.settings, checkout.order, at=now()).rpartition("/")[2],
        "result:str": "ok",
        "access_id:uuid": str(access.id),
        "registration_oid:str": registration.merchant_oid,
        "merchant_oid:str": checkout.payment.merchant_oid,
        "case_id:uuid": str(await add_case(resources.session_maker, checkout.payment)),
        "workspace_id:uuid": str(shown.id),
        "label:str": f"shown--{customer.company.slug}",
        "company_id:uuid": str(customer.company.id),
        "file_path:path": "app.css",
        "handle:str": "0" * 32,
        "name:str": "trial_ends",
        "wanted:str": "tr",
        "version:str": "2026-11",
        "archive_id:uuid": "0199c0de-0000-7000-8000-000000000000",
        "acceptance_id:uuid": str(acceptance),
    }
    known["membership_id:uuid"], removable, gone = await memberships(resources, customer)
    async with unit_of_work(resources.session_maker) as session:
        membership = await session.get_one(Membership, UUID(gone))
        removal = await end_membership(session, membership, by=customer.user.id, at=now())
        known["removal_id:uuid"] = str(removal.id)
    return World(customer, known, spare, cards, removable)


async def memberships(resources: Resources, customer: Customer) -> list[str]:
    """Add three developers and return their memberships."""
    people = [await add_member(resources.session_maker, customer, Role.DEVELOPER) for _ in range(3)]
    async with resources.session_maker() as session:
        found = select(Membership.id).where(Membership.user_id.in_([one.user.id for one in people]))
        return [str(membership_id) for membership_id in await session.scalars(found)]


async def person(resources: Resources, customer: Customer, who: str) -> Person | None:
    match who:
        case "visitor":
            return None
        case "owner" | "suspended":
            return customer if who == "owner" else await suspended(resources, customer)
        case "stranger":
            return await make_customer(resources.session_maker, name="Başka Şirket")
        case "unverified":
            return await add_member(resources.session_maker, customer, Role.ADMIN, verified=False)
        case "operator":
            return await make_operator(resources.session_maker)
        case role:
            return await add_member(resources.session_maker, customer, Role(role))


async def suspended(resources: Resources, customer: Customer) -> Customer:
    """Let the company's trial be long over, and unpaid."""
    async with unit_of_work(resources.session_maker) as session:
        await session.execute(
            update(Subscription)
            .where(Subscription.company_id == customer.company.id)
            .values(status=SubscriptionStatus.SUSPENDED, suspended_at=now())
        )
    return customer


async def first_status(application: Litestar, client: Browser, path: str) -> int:
    """Return the status of an answer that never ends."""
    status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start" and not status.done():
            status.set_result(message["status"])

    async def receive() -> Any:
        await asyncio.sleep(60)

    request = client.build_request("GET", path)
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": ("tezgah.localhost", 80),
        "client": ("203.0.113.7", 40000),
    }
    streaming = asyncio.ensure_future(application(scope, receive, send))  # type: ignore[arg-type]
    try:
        return await asyncio.wait_for(status, 10)
    finally:
        streaming.cancel()
        with suppress(asyncio.CancelledError):
            await streaming
