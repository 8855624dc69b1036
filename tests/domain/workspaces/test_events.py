"""Hints to open pages: they arrive, they are empty, and a Redis that goes away ends nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from litestar.response.sse import ServerSentEventMessage
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from app.lib import events
from app.lib.ids import uuid7

COMPANY, OTHER = uuid7(), uuid7()


async def until_listeners(redis: Redis, count: int) -> None:
    """Wait until so many pages listen to the company."""
    for _ in range(500):
        [(_, listening)] = await redis.pubsub_numsub(events.channel_of(COMPANY))
        if listening == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{listening} listen")


async def next_of(stream: AsyncIterator[ServerSentEventMessage]) -> bytes:
    return (await asyncio.wait_for(anext(stream), 5)).encode()


async def test_an_open_page_gets_its_companys_wanted_events_and_nothing_else(redis: Redis) -> None:
    async with aclosing(events.messages(redis, COMPANY, ("workspaces-changed",))) as stream:
        assert await next_of(stream) == b": open\r\nretry: 2000\r\n\r\n"
        wanted = asyncio.create_task(next_of(stream))
        await until_listeners(redis, 1)
        await events.publish(redis, OTHER, "workspaces-changed")
        await events.publish(redis, COMPANY, "billing-changed")
        await events.publish(redis, COMPANY, "workspaces-changed")
        assert await wanted == b"event: workspaces-changed\r\ndata: \r\n\r\n"


async def test_a_silent_line_is_kept_open_and_ends_in_time(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PING_SECONDS", 0.05)
    stream = events.messages(redis, COMPANY, ("workspaces-changed",), seconds=0.6)
    said = [message.encode() async for message in stream]
    assert said[0] == b": open\r\nretry: 2000\r\n\r\n"
    assert set(said[1:]) == {b": ping\r\n\r\n"}
    assert len(said) >= 3


async def test_a_stream_ends_in_time_also_while_nothing_is_said(redis: Redis) -> None:
    stream = events.messages(redis, COMPANY, ("workspaces-changed",), seconds=0.2)
    said = await asyncio.wait_for(_all_of(stream), events.PING_SECONDS / 2)
    assert [message.encode() for message in said] == [b": open\r\nretry: 2000\r\n\r\n"]


async def _all_of(stream: AsyncIterator[ServerSentEventMessage]) -> list[ServerSentEventMessage]:
    return [message async for message in stream]


async def test_after_redis_came_back_the_page_is_told_to_look_again(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "RETRY_SECONDS", 0.01)
    async with aclosing(events.messages(redis, COMPANY, ("a", "b"))) as stream:
        await next_of(stream)
        lost = asyncio.create_task(next_of(stream))
        await until_listeners(redis, 1)
        await redis.client_kill_filter(_type="pubsub", skipme=True)
        assert await lost == b"event: a\r\ndata: \r\n\r\n"
        assert await next_of(stream) == b"event: b\r\ndata: \r\n\r\n"


async def test_a_redis_that_stays_away_only_keeps_the_page_waiting(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*arguments: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(events, "RETRY_SECONDS", 0.01)
    async with aclosing(events.messages(redis, COMPANY, ("a",))) as stream:
        await next_of(stream)
        with monkeypatch.context() as patch:
            patch.setattr(redis, "pubsub", away)
            assert {await next_of(stream) for _ in range(3)} == {b": ping\r\n\r\n"}
        heard = asyncio.create_task(next_of(stream))
        await until_listeners(redis, 1)
        await events.publish(redis, COMPANY, "a")
        assert await heard == b"event: a\r\ndata: \r\n\r\n"


async def test_publishing_never_fails_the_work_it_tells_of(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*arguments: object) -> None:
        raise RedisConnectionError

    monkeypatch.setattr(redis, "publish", away)
    await events.publish(redis, COMPANY, "workspaces-changed")


async def test_a_closed_page_stops_listening(redis: Redis) -> None:
    stream = events.messages(redis, COMPANY, ("a",))
    await next_of(stream)
    waiting = asyncio.create_task(next_of(stream))
    await until_listeners(redis, 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await stream.aclose()
    await until_listeners(redis, 0)
