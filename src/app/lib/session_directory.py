"""Which sessions a person has, so that they can be seen and ended one by one.

It lives beside the sessions in Redis. A session that has ended by itself stays listed in the hash until the
list is read; what is shown is always asked of the store.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from litestar.stores.base import Store
from redis.asyncio import Redis

from app.lib.last_seen import LastSeen

SEEN_AGAIN = timedelta(minutes=5)
"""How exactly the last use of a session is known."""
REMEMBERED = 20_000
LONGEST_AGENT = 300


class Entry(msgspec.Struct, frozen=True):
    """One session as the directory keeps it."""

    session_id: str
    began_at: datetime
    seen_at: datetime
    address: str
    agent: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class KnownSession:
    """One session as its owner sees it; `handle` names it and opens nothing."""

    handle: str
    began_at: datetime
    seen_at: datetime
    address: str
    agent: str
    ends_at: datetime
    """When it ends, however much it is used."""
    is_current: bool


class SessionDirectory:
    """The sessions of every person, one hash each."""

    def __init__(self, redis: Redis, *, lifetime: timedelta) -> None:
        self._redis, self._lifetime = redis, lifetime
        self._seen = LastSeen[tuple[str, int]](REMEMBERED)

    async def enter(
        self, user_id: UUID, session_id: str, *, address: str, agent: str, at: datetime, ends_at: datetime
    ) -> None:
        """List a session that has just begun."""
        await self._write(user_id, Entry(session_id, at, at, address, agent[:LONGEST_AGENT], ends_at))

    async def touch(
        self, user_id: UUID, session_id: str, *, address: str, agent: str, at: datetime, ends_at: datetime
    ) -> None:
        """Note that a session is in use, at most once in `SEEN_AGAIN` for each process."""
        bucket = (session_id, int(at.timestamp() // SEEN_AGAIN.total_seconds()))
        if bucket in self._seen:
            return
        self._seen.add(bucket)
        known = await self._entries(user_id)
        entry = known.get(handle_of(session_id)) or Entry(
            session_id, at, at, address, agent[:LONGEST_AGENT], ends_at
        )
        await self._write(user_id, msgspec.structs.replace(entry, seen_at=at, address=address))

    async def sessions_of(
        self, user_id: UUID, store: Store, *, current: str | None, at: datetime
    ) -> list[KnownSession]:
        """Return the sessions that are still good, the one last used first; forget those that are not."""
        entries = await self._entries(user_id)
        kept = await asyncio.gather(*(store.exists(entry.session_id) for entry in entries.values()))
        gone = [
            handle
            for (handle, entry), is_kept in zip(entries.items(), kept, strict=True)
            if not is_kept or entry.ends_at <= at
        ]
        if gone:
            await self._redis.hdel(_key(user_id), *gone)
        found = [
            KnownSession(
                handle,
                entry.began_at,
                entry.seen_at,
                entry.address,
                entry.agent,
                entry.ends_at,
                entry.session_id == current,
            )
            for handle, entry in entries.items()
            if handle not in gone
        ]
        return sorted(found, key=lambda one: (one.is_current, one.seen_at), reverse=True)

    async def entries_of(self, user_id: UUID) -> list[Entry]:
        """Return every session that is listed, also one that has ended by itself meanwhile, oldest first."""
        entries = await self._entries(user_id)
        return sorted(entries.values(), key=lambda entry: entry.began_at)

    async def end(self, user_id: UUID, store: Store, *, handle: str) -> bool:
        """End one session of this person; says whether there was one."""
        entry = (await self._entries(user_id)).get(handle)
        if entry is None:
            return False
        await store.delete(entry.session_id)
        await self._redis.hdel(_key(user_id), handle)
        return True

    async def end_others(self, user_id: UUID, store: Store, *, keep: str | None = None) -> int:
        """End every session of this person but the one with the id `keep`; return how many that were."""
        ended = 0
        for handle, entry in (await self._entries(user_id)).items():
            if entry.session_id != keep:
                ended += await self.end(user_id, store, handle=handle)
        return ended

    async def _entries(self, user_id: UUID) -> dict[str, Entry]:
        kept = await self._redis.hgetall(_key(user_id))
        return {str(handle): msgspec.json.decode(entry, type=Entry) for handle, entry in kept.items()}

    async def _write(self, user_id: UUID, entry: Entry) -> None:
        await self._redis.hset(
            _key(user_id), handle_of(entry.session_id), msgspec.json.encode(entry).decode()
        )
        await self._redis.expire(_key(user_id), self._lifetime)


def handle_of(session_id: str) -> str:
    """Return the name of a session that may stand on a page."""
    return hashlib.sha256(session_id.encode()).hexdigest()[:32]


def _key(user_id: UUID) -> str:
    return f"tezgah:logged-in:{user_id}"
