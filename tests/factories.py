"""Builders: companies as real sign-ups make them, and payments as PayTR reports them."""

import itertools
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import (
    CaseKind,
    Company,
    Membership,
    OperatorCase,
    Payment,
    Role,
    SupportAccess,
    User,
    Workspace,
    WorkspaceStatus,
)
from app.domain.accounts import passwords
from app.domain.accounts.legal import asked_of_people
from app.domain.accounts.operators import create_operator
from app.domain.billing import registration
from app.domain.billing.cases import open_case
from app.domain.billing.checkout import Checkout, place_order
from app.domain.billing.registration import Registration
from app.domain.billing.settlement.service import Arrival, Outcome, settle
from app.domain.companies.viewer import Viewer, viewer_of
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.payments.paytr.signing import sign
from app.domain.people import support
from app.lib.clock import now, real_now
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.conftest import Browser

PASSWORD = "correct horse battery"
numbers = itertools.count(1)


@dataclass(frozen=True)
class Person:
    """Somebody who can log in."""

    user: User
    email: str

    async def log_in(self, client: Browser) -> Browser:
        """Log them in."""
        answer = await client.submit("/login", email=self.email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return client


@dataclass(frozen=True)
class Customer(Person):
    """A company with its owner."""

    company: Company

    async def viewer(self, session: AsyncSession) -> Viewer:
        """Return the owner as a request sees them."""
        viewer = await viewer_of(
            session, user_id=self.user.id, company_id=self.company.id, session_epoch=self.user.session_epoch
        )
        assert viewer is not None
        return viewer


async def make_customer(
    session_maker: async_sessionmaker[AsyncSession],
    *,
    name: str = "Işık Yazılım",
    plan: str = "team",
    language: str = "tr",
    at: datetime | None = None,
    verified: bool = True,
) -> Customer:
    """Sign a company up, with its owner's address confirmed; its trial begins at `at`."""
    email = f"owner{next(numbers)}@example.com"
    form = Registration(name, "Ada Çağlar", email, PASSWORD, plan, accept_terms=True)
    async with unit_of_work(session_maker) as session:
        user, company = await registration.register(
            session,
            form,
            language=language,
            address="203.0.113.7",
            settings=Settings(public_url="http://tezgah.localhost"),
            at=at or now(),
        )
        user.email_verified_at = (at or now()) if verified else None
    return Customer(user, email, company)


async def add_member(
    session_maker: async_sessionmaker[AsyncSession], customer: Customer, role: Role, *, verified: bool = True
) -> Customer:
    """Add a person with a role to the customer's company."""
    email = f"{role.value}{next(numbers)}@example.com"
    async with unit_of_work(session_maker) as session:
        user = User(
            email=email,
            full_name="Deniz Er",
            password_hash=passwords.hasher.hash(PASSWORD),
            language="tr",
            color_scheme="auto",
            session_epoch=0,
            accepted_documents=asked_of_people(now()),
            email_verified_at=now() if verified else None,
        )
        session.add(user)
        await session.flush()
        session.add(Membership(user_id=user.id, company_id=customer.company.id, role=role))
    return Customer(user, email, customer.company)


async def make_operator(session_maker: async_sessionmaker[AsyncSession], *, language: str = "tr") -> Person:
    """Add an operator of the service."""
    email = f"operator{next(numbers)}@example.com"
    async with unit_of_work(session_maker) as session:
        user = await create_operator(
            session, email=email, password=PASSWORD, full_name="Seda Bakıcı", at=now()
        )
        user.language = language
    return Person(user, email)


async def add_support_access(
    session_maker: async_sessionmaker[AsyncSession], customer: Customer, operator: Person | None = None
) -> SupportAccess:
    """Let an operator look at the customer's company."""
    who = (operator or await make_operator(session_maker)).user
    async with unit_of_work(session_maker) as session:
        return await support.begin(
            session,
            who,
            customer.company.id,
            reason="A workspace does not open, ticket 4711",
            minutes=15,
            base_url="http://tezgah.localhost",
            at=real_now(),
        )


async def add_case(
    session_maker: async_sessionmaker[AsyncSession],
    payment: Payment | None,
    kind: CaseKind = CaseKind.VERIFICATION_DIFFERS,
    *,
    subject: str = "",
    facts: dict[str, object] | None = None,
    at: datetime | None = None,
) -> UUID:
    """Open a case about a payment, or about nothing we know."""
    async with unit_of_work(session_maker) as session:
        about = subject or (payment.merchant_oid if payment else "TZGNOBODY")
        company_id = payment.company_id if payment else None
        await open_case(session, kind, about, company_id=company_id, facts=facts or {}, at=at or now())
        found = select(OperatorCase.id).where(OperatorCase.kind == kind, OperatorCase.subject == about)
        return (await session.scalars(found)).one()


async def add_workspace(
    session_maker: async_sessionmaker[AsyncSession],
    customer: Customer,
    name: str,
    status: WorkspaceStatus = WorkspaceStatus.READY,
) -> Workspace:
    """Add a workspace of the owner's that stands at `status`; no driver knows of it."""
    async with unit_of_work(session_maker) as session:
        workspace = Workspace(
            company_id=customer.company.id,
            owner_id=customer.user.id,
            name=name,
            driver="fake",
            status=status,
            driver_state={},
            backend_url="http://127.0.0.1:9" if status is WorkspaceStatus.READY else None,
        )
        session.add(workspace)
    return workspace


async def pay(
    session_maker: async_sessionmaker[AsyncSession],
    customer: Customer,
    settings: Settings,
    *,
    plan: str = "team",
    at: datetime | None = None,
) -> Checkout:
    """Order a plan and settle PayTR's success at `at`."""
    checkout = await start_checkout(session_maker, customer, plan=plan, at=at)
    payment = checkout.payment
    message = PaytrCallback(merchant_oid=payment.merchant_oid, status="success", total_amount=payment.amount)
    async with unit_of_work(session_maker) as session:
        outcome = await settle(session, Arrival(message, {}), settings=settings, at=at or now())
    assert outcome is Outcome.APPLIED
    return checkout


async def start_checkout(
    session_maker: async_sessionmaker[AsyncSession],
    customer: Customer,
    *,
    plan: str = "team",
    interval: str = "month",
    at: datetime | None = None,
) -> Checkout:
    """Place an order with a pending payment."""
    async with unit_of_work(session_maker) as session:
        viewer = await customer.viewer(session)
        return await place_order(session, viewer, plan_code=plan, interval=interval, at=at or now())


def callback_form(
    merchant_oid: str, total_amount: int, *, status: str = "success", **fields: str
) -> dict[str, str]:
    """Return a callback as PayTR signs and sends it; further fields are unsigned, as with PayTR."""
    form = {"merchant_oid": merchant_oid, "status": status, "total_amount": str(total_amount)}
    form["hash"] = sign("callback", SANDBOX_MERCHANT, form)
    return {**form, **fields}


async def send_callback(client: httpx.AsyncClient, form: dict[str, str]) -> httpx.Response:
    """Post a callback as PayTR does: no cookie, no token."""
    return await client.post("/webhooks/paytr", data=form)
