"""Probes and metrics for machines."""

import asyncio
from typing import Any

from litestar import Controller, Response, get
from litestar.exceptions import NotFoundException
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.ops.health import readiness
from app.lib.http import MACHINE, AnyRequest, Injected


class HealthController(Controller):
    """`/health/live`, `/health/ready`, `/metrics`."""

    opt = MACHINE

    @get("/health/live", name="health:live", sync_to_thread=False)
    def live(self) -> dict[str, str]:
        """Say that the process answers; touches nothing else."""
        return {"status": "ok"}

    @get("/health/ready", name="health:ready")
    async def ready(self, engine: Injected[AsyncEngine], redis: Injected[Redis]) -> Response[Any]:
        """Say whether database, schema and Redis are fit to serve, each within two seconds."""
        checks = await readiness(engine, redis)
        return Response(checks, status_code=200 if all(value == "ok" for value in checks.values()) else 503)

    @get("/metrics", name="metrics:show")
    async def metrics(self, request: AnyRequest) -> Response[bytes]:
        """Give Prometheus its numbers; never through the public proxy."""
        if "x-forwarded-for" in request.headers:
            raise NotFoundException
        return Response(await asyncio.to_thread(generate_latest), media_type=CONTENT_TYPE_LATEST)
