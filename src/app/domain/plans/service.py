"""Publishing the catalogue."""

import tomllib
from datetime import datetime
from importlib.resources import files
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Interval, Plan, PlanPrice
from app.lib.locks import advisory_lock
from app.lib.money import split_gross

LIMITS = ("name", "workspace_limit", "disk_gb", "memory_mb", "cpu_count", "idle_stop_minutes")


def read_catalogue() -> dict[str, Any]:
    """Return the seed catalogue, the one place where plans are typed."""
    return tomllib.loads(files("app.db.seed").joinpath("plans.toml").read_text(encoding="utf-8"))


async def publish_catalogue(session: AsyncSession, *, at: datetime) -> None:
    """Add the plans of the seed and the first version of each price; what is published stays."""
    await advisory_lock(session, "catalogue", "publish")
    catalogue = read_catalogue()
    known = {plan.code: plan for plan in await session.scalars(select(Plan))}
    for rank, entry in enumerate(catalogue["plans"], start=1):
        if entry["code"] in known:
            continue
        session.add(Plan(code=entry["code"], rank=rank, **{name: entry.get(name) for name in LIMITS}))
        await session.flush()
        for interval in Interval:
            session.add(
                new_price(
                    plan_code=entry["code"],
                    interval=interval,
                    currency=catalogue["currency"],
                    gross=entry[interval.value],
                    vat_basis_points=catalogue["vat_basis_points"],
                    version=1,
                    at=at,
                )
            )
    await session.flush()


def new_price(
    *,
    plan_code: str,
    interval: Interval,
    currency: str,
    gross: int,
    vat_basis_points: int,
    version: int,
    at: datetime,
) -> PlanPrice:
    """Return a price version; raises `UnreachableGross` when no whole net amount yields `gross`."""
    split = split_gross(gross, vat_basis_points)
    return PlanPrice(
        plan_code=plan_code,
        interval=interval,
        currency=currency,
        version=version,
        gross=gross,
        net=split.net,
        vat=split.vat,
        vat_basis_points=vat_basis_points,
        published_at=at,
    )
