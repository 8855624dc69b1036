"""Hints to open pages that something has changed. They carry no data: a page asks for the news itself,
so that a lost hint costs time until the next one or the page's own polling, and never truth.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from uuid import UUID

import structlog
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.lib.clock import real_now

PING_SECONDS = 25.0
"""Proxies close a stream that says nothing for a minute."""
RETRY_SECONDS = 2.0
STREAM_SECONDS = 600.0
"""A stream ends after this and the browser opens another, which asks again whether it may."""
RECONNECTED = "reconnected"
COME_ANEW = "come-anew"
"""Ends the company's streams: the browsers open new ones, which ask again whether they may."""
AWAY = (RedisError, OSError)

log = structlog.stdlib.get_logger("events")


def channel_of(company_id: UUID) -> str:
    """Return the Redis channel on which a company's pages listen."""
    return f"tezgah:company:{company_id}"


async def publish(redis: Redis, company_id: UUID, event: str) -> None:
    """Tell a company's open pages that something has changed; call it after the commit. Never raises."""
    try:
        await redis.publish(channel_of(company_id), event)
    except AWAY:
        log.warning("event.lost", event_name=event)


async def subscribe(redis: Redis, company_id: UUID) -> AsyncGenerator[str | None]:
    """Yield the company's events as they come, and nothing every 25 s; outlives a Redis that goes away.

    After a reconnect `RECONNECTED` is yielded, since events may have been missed meanwhile.
    """
    heard = False
    while True:
        try:
            async with redis.pubsub() as pubsub:
                await pubsub.subscribe(channel_of(company_id))
                while True:
                    message = await pubsub.get_message(timeout=PING_SECONDS)
                    if message is None:
                        yield None
                    elif message["type"] == "message":
                        yield _text(message["data"])
                    elif heard:  # the client subscribes again by itself when it had to connect again
                        yield RECONNECTED
                    heard = True
        except AWAY:
            yield None
            await asyncio.sleep(RETRY_SECONDS)


def _text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode()


def stream(redis: Redis, company_id: UUID, *names: str, until: datetime | None = None) -> ServerSentEvent:
    """Answer with the company's events of these names as server-sent events, at the longest until then."""
    left = (until - real_now()).total_seconds() if until else STREAM_SECONDS
    return ServerSentEvent(messages(redis, company_id, names, min(left, STREAM_SECONDS)))


async def messages(
    redis: Redis, company_id: UUID, names: tuple[str, ...], seconds: float = STREAM_SECONDS
) -> AsyncGenerator[ServerSentEventMessage]:
    """Yield a greeting, then each wanted event with an empty body, with comments to keep the line open."""
    clock = asyncio.get_running_loop().time
    end = clock() + seconds
    yield ServerSentEventMessage(comment="open", retry=2000, data=None)
    async with aclosing(subscribe(redis, company_id)) as events:
        while clock() < end:
            try:
                async with asyncio.timeout_at(end):
                    event = await anext(events)
            except TimeoutError:
                return
            if event == COME_ANEW:
                return
            if event is None:
                yield ServerSentEventMessage(comment="ping", data=None)
            for name in names if event == RECONNECTED else {event}.intersection(names):
                yield ServerSentEventMessage(event=name, data="")
