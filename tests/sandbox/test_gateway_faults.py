"""PayTR's client against servers that misbehave, each a real one on loopback."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
import stamina

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr import client, transport
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from tests.sandbox.conftest import frame_request

Speak = Callable[[int, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(speak: Speak) -> AsyncIterator[tuple[PaytrGateway, list[bytes]]]:
    """Serve `speak(number of the call, writer)` and give a gateway to it with what it has posted."""
    posted: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        posted.append(await reader.readexactly(length))
        with contextlib.suppress(ConnectionError):  # a client that has given up hangs up first
            await speak(len(posted), writer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = listening.sockets[0].getsockname()[:2]
    async with listening, httpx.AsyncClient() as http:
        yield PaytrGateway(SANDBOX_MERCHANT, f"http://{host}:{port}/", http), posted


def answer(status: int, body: str) -> Speak:
    return answers((status, body))


def answers(*script: tuple[int, str]) -> Speak:
    async def speak(number: int, writer: asyncio.StreamWriter) -> None:
        status, body = script[min(number, len(script)) - 1]
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body.encode())}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body.encode())
        await writer.drain()

    return speak


@pytest.mark.parametrize(
    "speak",
    [answer(200, "<html>bakım</html>"), answer(502, "Bad Gateway"), answer(302, ""), answer(200, "[]")],
)
async def test_an_answer_that_is_not_paytrs_is_not_taken_for_one(speak: Speak) -> None:
    async with server(speak) as (gateway, posted):
        with pytest.raises(GatewayUnreachable):
            await gateway.request_frame(frame_request())
        assert len(posted) == 1


async def test_a_json_refusal_counts_whatever_its_http_status() -> None:
    async with server(answer(400, '{"status":"failed","reason":"Gecersiz istek"}')) as (gateway, _):
        with pytest.raises(GatewayRefused, match="Gecersiz istek"):
            await gateway.request_frame(frame_request())


async def test_an_answer_that_drips_in_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip(_: int, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.05)

    monkeypatch.setattr(transport, "GET_TOKEN", replace(transport.GET_TOKEN, limit=0.3))
    async with server(drip) as (gateway, posted):
        started = time.monotonic()
        with pytest.raises(GatewayUnreachable, match="TimeoutError"):
            await gateway.request_frame(frame_request())
        assert time.monotonic() - started < 2
        assert len(posted) == 1


async def test_only_the_question_is_repeated() -> None:
    not_found = '{"status":"error","err_no":"004"}'
    async with server(answers((502, "busy"), (502, "busy"), (200, not_found))) as (gateway, posted):
        with stamina.set_testing(True, attempts=3):
            assert not (await gateway.inquire("A1")).found
        assert len(posted) == 3
        assert len(set(posted)) == 1


async def test_the_question_is_given_up_after_a_few_times() -> None:
    async with server(answer(502, "busy")) as (gateway, posted):
        with pytest.raises(GatewayUnreachable):
            await gateway.inquire("A1")
        assert len(posted) == client.READ_ATTEMPTS


async def test_key_and_salt_never_leave_the_process() -> None:
    async with server(answer(200, '{"status":"success","token":"t/1"}')) as (gateway, posted):
        frame = await gateway.request_frame(frame_request())
    assert frame.frame_url.endswith("/odeme/guvenli/t%2F1")
    assert SANDBOX_MERCHANT.merchant_key.encode() not in posted[0]
    assert SANDBOX_MERCHANT.merchant_salt.encode() not in posted[0]
    assert SANDBOX_MERCHANT.merchant_key not in repr(vars(gateway))
