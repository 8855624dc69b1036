"""PayTR's client against servers that misbehave, each a real one on loopback."""

import asyncio
import contextlib
import json
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
from app.domain.payments.paytr.diagnosis import Verdict, diagnose
from app.domain.payments.paytr.transport import Endpoint
from app.lib.clock import now
from tests.sandbox.conftest import frame_request
from tests.sandbox.gateway_worlds import card_payment

Ask = Callable[[PaytrGateway], Awaitable[object]]
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


WRITES: dict[str, Ask] = {
    "frame": lambda gateway: gateway.request_frame(frame_request()),
    "charge": lambda gateway: gateway.charge_stored_card(card_payment(), user_token="u", card_token="c"),
    "delete": lambda gateway: gateway.delete_card(user_token="u", card_token="c"),
    "refund": lambda gateway: gateway.refund(merchant_oid="A1", amount=1, reference="R1"),
}
READS: dict[str, Ask] = {
    "inquire": lambda gateway: gateway.inquire("A1"),
    "cards": lambda gateway: gateway.list_cards("u"),
    "bin": lambda gateway: gateway.bin_detail("435508"),
    "rates": lambda gateway: gateway.installment_rates("R1"),
    "transactions": lambda gateway: gateway.transactions(now(), now()),
    "payouts": lambda gateway: gateway.payouts(now().date(), now().date()),
    "payout": lambda gateway: gateway.payout_detail(now().date()),
}
NONSENSE = {
    "page": answer(200, "<html>bakım</html>"),
    "bad gateway": answer(502, "Bad Gateway"),
    "redirect": answer(302, ""),
    "text": answer(200, '"OK"'),
}


@pytest.mark.parametrize("fault", NONSENSE)
@pytest.mark.parametrize("name", WRITES)
async def test_what_moves_money_is_sent_once_whatever_comes_back(name: str, fault: str) -> None:
    async with server(NONSENSE[fault]) as (gateway, posted):
        with pytest.raises(GatewayUnreachable):
            await WRITES[name](gateway)
        assert len(posted) == 1


@pytest.mark.parametrize("name", READS)
async def test_a_read_is_repeated_a_few_times_and_then_given_up(name: str) -> None:
    async with server(answer(502, "busy")) as (gateway, posted):
        with stamina.set_testing(True, attempts=client.READ_ATTEMPTS), pytest.raises(GatewayUnreachable):
            await READS[name](gateway)
        assert len(posted) == client.READ_ATTEMPTS
        assert len(set(posted)) == 1


async def test_a_refused_read_is_not_asked_again() -> None:
    async with server(answer(200, '{"status":"error","err_msg":"yetki yok"}')) as (gateway, posted):
        with pytest.raises(GatewayRefused, match="yetki yok"):
            await gateway.bin_detail("435508")
        assert len(posted) == 1


async def test_a_missing_permission_is_named_with_what_to_do() -> None:
    known = '{"status":"error","err_no":"004","err_msg":"bulunamadi"}'
    denied = '{"status":"error","err_msg":"Kart saklama yetkiniz bulunmamaktadir."}'
    script = answers((200, known), (200, denied), (200, '{"status":"failed"}'))
    async with server(script) as (gateway, _), httpx.AsyncClient() as http:
        findings = await diagnose(gateway, http, callback_url="http://127.0.0.1:1/", at=now())
    found = {finding.part: finding for finding in findings}
    assert found["stored cards"].verdict is Verdict.WRONG
    assert "Kart saklama yetkiniz bulunmamaktadir. Ask PayTR" in found["stored cards"].advice
    assert found["BIN query"].verdict is found["reports"].verdict is Verdict.RIGHT
    assert found["callback address"].verdict is Verdict.WRONG


async def test_a_local_callback_address_does_not_do_for_the_real_paytr() -> None:
    async def unreachable(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no network in tests")

    async with httpx.AsyncClient(transport=httpx.MockTransport(unreachable)) as http:
        gateway = PaytrGateway(SANDBOX_MERCHANT, "https://paytr.invalid", http)
        with stamina.set_testing(True):
            findings = await diagnose(
                gateway, http, callback_url="http://127.0.0.1:8000/webhooks/paytr", at=now()
            )
    assert findings[-1].verdict is Verdict.WRONG
    assert "TEZGAH_PUBLIC_URL" in findings[-1].advice


async def test_a_card_that_stays_in_the_list_is_not_removed() -> None:
    card = {"ctoken": "c", "month": "12", "year": "30"}
    refused = '{"status":"error","err_msg":"yetki yok"}'
    async with server(answers((200, refused), (200, json.dumps([card])))) as (gateway, posted):
        with pytest.raises(GatewayRefused, match="yetki yok"):
            await gateway.delete_card(user_token="u", card_token="c")
        assert len(posted) == 2


def test_every_endpoint_has_the_limits_of_paytrs_own_clients() -> None:
    endpoints = {name: found for name, found in vars(transport).items() if isinstance(found, Endpoint)}
    assert {name: endpoint.limit for name, endpoint in endpoints.items()} == {
        "GET_TOKEN": 20,
        "CHARGE": 20,
        "CARD_LIST": 20,
        "CARD_DELETE": 20,
        "BIN": 20,
        "RATES": 90,
        "REFUND": 90,
        "STATUS": 15,
        "TRANSACTIONS": 90,
        "PAYOUTS": 90,
        "PAYOUT_DETAIL": 90,
    }
    assert all(endpoint.connect < endpoint.limit for endpoint in endpoints.values())


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


async def test_key_and_salt_never_leave_the_process() -> None:
    async with server(answer(200, '{"status":"success","token":"t/1"}')) as (gateway, posted):
        frame = await gateway.request_frame(frame_request())
    assert frame.frame_url.endswith("/odeme/guvenli/t%2F1")
    assert SANDBOX_MERCHANT.merchant_key.encode() not in posted[0]
    assert SANDBOX_MERCHANT.merchant_salt.encode() not in posted[0]
    assert SANDBOX_MERCHANT.merchant_key not in repr(vars(gateway))
