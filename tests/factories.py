"""Builders: companies as real sign-ups make them, and payments as PayTR reports them."""

import itertools
from dataclasses import dataclass
from datetime import datetime

import httpx
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import Company, Membership, Role, User, Workspace, WorkspaceStatus
from app.domain.accounts.passwords import hasher
from app.domain.billing import registration
from app.domain.billing.checkout import Checkout, place_order
from app.domain.billing.registration import Registration
from app.domain.billing.settlement import Arrival, Outcome, settle
from app.domain.companies.viewer import Viewer, viewer_of
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.payments.paytr.signing import sign
from app.lib.clock import now
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.conftest import Browser

PASSWORD = "correct horse battery"
numbers = itertools.count(1)


@dataclass(frozen=True)
class Customer:
    """A company with its owner."""

    user: User
    company: Company
    email: str

    async def viewer(self, session: AsyncSession) -> Viewer:
        """Return the owner as a request sees them."""
        viewer = await viewer_of(
            session, user_id=self.user.id, company_id=self.company.id, session_epoch=self.user.session_epoch
        )
        assert viewer is not None
        return viewer

    async def log_in(self, client: Browser) -> Browser:
        """Log the owner in."""
        answer = await client.submit("/login", email=self.email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        return client


async def make_customer(
    session_maker: async_sessionmaker[AsyncSession],
    *,
    name: str = "Işık Yazılım",
    plan: str = "team",
    language: str = "tr",
    at: datetime | None = None,
) -> Customer:
    """Sign a company up; its trial begins at `at`."""
    email = f"owner{next(numbers)}@example.com"
    form = Registration(name, "Ada Çağlar", email, PASSWORD, plan, accept_terms=True)
    async with unit_of_work(session_maker) as session:
        user, company = await registration.register(
            session,
            form,
            language=language,
            address="203.0.113.7",
            base_url="http://tezgah.localhost",
            at=at or now(),
        )
    return Customer(user, company, email)


async def add_member(
    session_maker: async_sessionmaker[AsyncSession], customer: Customer, role: Role
) -> Customer:
    """Add a person with a role to the customer's company."""
    email = f"{role.value}{next(numbers)}@example.com"
    async with unit_of_work(session_maker) as session:
        user = User(
            email=email,
            full_name="Deniz Er",
            password_hash=hasher.hash(PASSWORD),
            language="tr",
            color_scheme="auto",
            session_epoch=0,
        )
        session.add(user)
        await session.flush()
        session.add(Membership(user_id=user.id, company_id=customer.company.id, role=role))
    return Customer(user, customer.company, email)


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
        return await place_order(
            session, viewer, plan_code=plan, interval=interval, language="tr", at=at or now()
        )


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
