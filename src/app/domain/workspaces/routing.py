"""Routes of workspaces in Traefik's Redis provider: one router and one service each.

Traefik reads the keys whenever one changes and complains about half a router, so that all keys of a
workspace are written and deleted in one MULTI/EXEC, by name and never by a scan.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from redis.asyncio import Redis

ENTRY_POINT = "web"
AUTHORIZE = "edge-authorize@file"
ROOT = "traefik/http"
# Traefik passes over an empty configuration and keeps the old one, so that without this key, which is
# never deleted and which nothing uses, the route of the last workspace would outlive it (seen with 3.7.15).
KEPT = {f"{ROOT}/middlewares/workspaces/headers/customRequestHeaders/X-Tezgah-Routes": "kept"}


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests for a workspace's host go."""

    workspace_id: UUID
    label: str
    backend_url: str


class Routes:
    """Writes and deletes routes; every call may be repeated."""

    def __init__(self, redis: Redis, domain: str) -> None:
        """Serve workspaces at `<label>.<domain>`; the domain may carry a port, the rule does not."""
        self._redis = redis
        self._host = domain.partition(":")[0]

    async def write(self, route: Route) -> None:
        """Make the route live."""
        async with self._redis.pipeline(transaction=True) as transaction:
            transaction.mset({**self._keys(route), **KEPT})
            await transaction.execute()

    async def remove(self, workspace_id: UUID) -> None:
        """Take the route away; none is fine."""
        keys = self._keys(Route(workspace_id, "", ""))
        async with self._redis.pipeline(transaction=True) as transaction:
            transaction.delete(*keys)
            await transaction.execute()

    async def restore(self, routes: Iterable[Route]) -> int:
        """Write those that are missing, as after a loss of Redis' memory, and return how many were."""
        wanted = list(routes)
        if not wanted:
            return 0
        rules = await self._redis.mget([f"{_router(route.workspace_id)}/rule" for route in wanted])
        missing = [route for route, rule in zip(wanted, rules, strict=True) if rule is None]
        for route in missing:
            await self.write(route)
        return len(missing)

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    def _keys(self, route: Route) -> dict[str, str]:
        name = _name(route.workspace_id)
        router = _router(route.workspace_id)
        return {
            f"{router}/rule": f"Host(`{route.label}.{self._host}`)",
            f"{router}/entryPoints/0": ENTRY_POINT,
            f"{router}/middlewares/0": AUTHORIZE,
            f"{router}/service": name,
            f"{ROOT}/services/{name}/loadBalancer/servers/0/url": route.backend_url,
        }


def _name(workspace_id: UUID) -> str:
    return f"workspace-{workspace_id}"


def _router(workspace_id: UUID) -> str:
    return f"{ROOT}/routers/{_name(workspace_id)}"
