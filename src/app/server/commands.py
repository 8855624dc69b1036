"""What the commands do, on the resources of one process."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.db.models import OperatorCase
from app.db.schema import schema_drift, upgrade_database
from app.domain.accounts.operators import create_operator, find_operator, operators, remove_operator
from app.domain.billing.demo.service import seed_demo
from app.domain.billing.reconciliation.book import day_of
from app.domain.billing.reconciliation.service import reconcile_day
from app.domain.billing.reconciliation.views import day_file
from app.domain.ops.forecasts.sheets import day_as_json
from app.domain.ops.forecasts.views import day_file as forecast_file
from app.domain.plans.service import publish_catalogue
from app.lib.clock import now, real_now
from app.lib.uow import unit_of_work
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from app.tasks.forecasts import make_due


async def upgrade(resources: Resources) -> None:
    """Migrate the schema, then publish what the catalogue lacks."""
    await upgrade_database(resources.engine)
    async with unit_of_work(resources.session_maker) as session:
        await publish_catalogue(session, at=now())


async def drift(resources: Resources) -> list[str]:
    """Return how models and the migrated database differ."""
    return await schema_drift(resources.engine)


async def billing_pass(resources: Resources, at: datetime | None) -> list[dict[str, Any]]:
    """Make one pass of every sweep around money; return what each found, did and failed on."""
    at = at or now()
    tallies = {name: await sweep_once(resources, at) for name, sweep_once in SWEEPS.items()}
    return [{"sweep": name, **asdict(tally)} for name, tally in tallies.items()]


async def open_cases(resources: Resources) -> list[dict[str, Any]]:
    """Return the cases nobody has decided yet, oldest first."""
    statement = select(OperatorCase).where(OperatorCase.closed_at.is_(None)).order_by(OperatorCase.opened_at)
    async with unit_of_work(resources.session_maker) as session:
        return [
            {
                "opened": case.opened_at.isoformat(timespec="seconds"),
                "kind": case.kind.value,
                "about": case.subject,
                **case.facts,
            }
            for case in await session.scalars(statement)
        ]


async def operator_exists(resources: Resources, email: str) -> bool:
    """Say whether this is an operator's address; a customer's is refused."""
    async with unit_of_work(resources.session_maker) as session:
        return await find_operator(session, email) is not None


async def add_operator(resources: Resources, email: str, password: str, name: str) -> None:
    """Add an operator."""
    async with unit_of_work(resources.session_maker) as session:
        await create_operator(session, email=email, password=password, full_name=name, at=now())


async def list_operators(resources: Resources) -> list[dict[str, Any]]:
    """Return every operator by address."""
    async with unit_of_work(resources.session_maker) as session:
        return [
            {
                "email": operator.email,
                "name": operator.full_name,
                "since": operator.created_at.isoformat(timespec="seconds"),
                "last_login": (
                    operator.last_login_at.isoformat(timespec="seconds") if operator.last_login_at else None
                ),
            }
            for operator in await operators(session)
        ]


async def dismiss_operator(resources: Resources, email: str) -> None:
    """Take the role from an operator and end their sessions."""
    async with unit_of_work(resources.session_maker) as session:
        await remove_operator(session, email, at=now())


async def reconcile(resources: Resources, day: date) -> dict[str, Any]:
    """Compare one day with PayTR; return the proof of each currency and every difference."""
    run = await reconcile_day(resources.session_maker, resources.gateway, day, at=now())
    if run is None or run.error:
        return {"day": day, "error": run.error if run else "", "totals": {}, "differences": []}
    async with unit_of_work(resources.session_maker) as session:
        file = await day_file(session, day, at=now())
    differences = [
        {
            "cause": one.cause.value,
            "kind": one.kind,
            "merchant_oid": one.merchant_oid,
            "reference": one.reference,
            "currency": one.currency,
            "ours": one.ours,
            "theirs": one.theirs,
            **one.facts,
        }
        for one in file.differences
    ]
    return {"day": day, "error": None, "totals": run.totals, "differences": differences}


async def forecast_of(resources: Resources, day: date | None) -> dict[str, Any]:
    """Return what was expected of a day beside what it brought; its forecast is made if it still can be."""
    at = real_now()
    day = day or day_of(at) + timedelta(days=1)
    if day in (day_of(at), day_of(at) + timedelta(days=1)):
        await make_due(resources, day, at, by_hand=True)
    async with unit_of_work(resources.session_maker) as session:
        return day_as_json(await forecast_file(session, day, at=real_now()))


async def demo(resources: Resources, companies: int) -> list[str]:
    """Make the demo companies; return a line for each that says how to log in."""
    return await seed_demo(
        resources.session_maker, resources.settings, resources.http, companies=companies, at=now()
    )
