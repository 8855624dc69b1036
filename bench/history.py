"""A company with two years of payments and a full plan of workspaces, made by the product's own services."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from app.db.models import Workspace, WorkspaceStatus
from app.domain.accounts.verification import mark_verified
from app.domain.billing.checkout import place_order
from app.domain.billing.registration import Registration, register
from app.domain.billing.settlement.service import Arrival, settle
from app.domain.companies.viewer import viewer_of
from app.domain.payments.paytr.messages import PaytrCallback
from app.lib.clock import now
from app.lib.ids import uuid7
from app.lib.uow import unit_of_work
from bench.stage import Stage

EMAIL, PASSWORD = "history@example.com", "correct horse battery"
PAYMENTS = 24
WORKSPACES = 20


async def company_with_history(stage: Stage) -> tuple[str, str]:
    """Make the company and return its owner's address and password."""
    engine = create_async_engine(stage.settings.database_url)
    began = now() - timedelta(days=30 * PAYMENTS)
    async with unit_of_work(async_sessionmaker(engine, expire_on_commit=False)) as session:
        form = Registration("History", "Ada Çağlar", EMAIL, PASSWORD, "team", accept_terms=True)
        user, company = await register(
            session, form, language="tr", address="127.0.0.1", settings=stage.settings, at=began
        )
        mark_verified(session, user, at=began)
        viewer = await viewer_of(session, user_id=user.id, company_id=company.id, session_epoch=0)
        if viewer is None:
            raise LookupError("the company has no owner")
        for month in range(PAYMENTS):
            at = began + timedelta(days=30 * month)
            checkout = await place_order(session, viewer, plan_code="team", interval="month", at=at)
            message = PaytrCallback(
                merchant_oid=checkout.payment.merchant_oid,
                status="success",
                total_amount=checkout.payment.amount,
            )
            await settle(session, Arrival(message, {}), settings=stage.settings, at=at)
        session.add_all(
            Workspace(
                id=uuid7(),
                company_id=company.id,
                owner_id=user.id,
                name=f"workspace-{number}",
                driver="process",
                driver_state={},
                status=WorkspaceStatus.STOPPED,
            )
            for number in range(WORKSPACES)
        )
    await engine.dispose()
    return EMAIL, PASSWORD
