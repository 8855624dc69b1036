"""How often something may be tried: counted in Redis, so that every process counts together.

The generic cell rate algorithm: `times` at once, and then one more each `within / times`. One key, one round
trip, no window at whose edge twice as much would be possible.
"""

import hashlib
import ipaddress
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from redis.asyncio import Redis

from app.lib.clock import ISTANBUL, real_now
from app.lib.errors import TooMany
from app.lib.i18n import N_

TAKE: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local step, room = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_until = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + step
if full_until - now > room then
    return full_until - now - room
end
redis.call('SET', KEYS[1], full_until, 'PX', math.ceil(full_until - now))
return 0
"""
"""Returns how many milliseconds to wait, and counts the try only when that is none."""


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries within a time, of what one key stands for."""

    name: str
    times: int
    within: timedelta


class Throttle:
    """Counts tries and refuses those that are too many."""

    def __init__(self, redis: Redis) -> None:
        self._take = redis.register_script(TAKE)
        self._redis = redis

    async def take(self, limit: Limit, key: str) -> None:
        """Count one try. Raises `TooMany`, which says when the next one will do."""
        room = int(limit.within.total_seconds() * 1000)
        wait = await self._take(keys=[_name(limit, key)], args=[room // limit.times, room])
        if wait:
            raise too_many(math.ceil(int(wait) / 1000))

    async def forgive(self, limit: Limit, key: str) -> None:
        """Forget what was counted: it was the right person after all."""
        await self._redis.delete(_name(limit, key))


def too_many(seconds: int) -> TooMany:
    """Return the refusal that names the minute from which it may be tried again."""
    again = (real_now() + timedelta(seconds=seconds + 59)).astimezone(ISTANBUL)
    return TooMany(N_("Too many tries. Try again at %(time)s."), retry_after=seconds, time=f"{again:%H:%M}")


def network_of(address: str) -> str:
    """Return what one subscriber has: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return str(known)
    return str(ipaddress.ip_network((known, 64), strict=False))


def _name(limit: Limit, key: str) -> str:
    """Return a name that tells nobody whose tries it counts."""
    return f"tezgah:throttle:{limit.name}:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
