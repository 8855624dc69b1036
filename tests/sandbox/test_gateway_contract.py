"""One promise, two gateways: the fake in memory, and PayTR's client over HTTP to a sandbox process."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import stamina

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable, PaymentGateway
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT, PaytrCredentials
from app.domain.payments.paytr.fake import InMemoryGateway
from app.lib.errors import InvalidInput
from app.lib.ids import random_reference
from tests.sandbox.conftest import Sandbox, frame_request, free_port


@dataclass
class World:
    """A gateway, a buyer who pays in it, and the same gateway with the line cut."""

    gateway: PaymentGateway
    pay: Callable[..., Any]
    cut: PaymentGateway


@pytest.fixture(params=["fake", "paytr"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    if request.param == "fake":
        fake, cut = InMemoryGateway(), InMemoryGateway()
        cut.unreachable = True
        yield World(fake, fake.pay, cut)
        return
    sandbox: Sandbox = request.getfixturevalue("sandbox")
    async with httpx.AsyncClient() as http:
        yield World(
            PaytrGateway(SANDBOX_MERCHANT, sandbox.url, http),
            lambda oid, total=None: sandbox.control(oid, "pay", total_amount=total).raise_for_status(),
            PaytrGateway(SANDBOX_MERCHANT, f"http://127.0.0.1:{free_port()}", http),
        )


async def test_a_frame_has_a_token_of_its_own(world: World) -> None:
    first = await world.gateway.request_frame(frame_request())
    second = await world.gateway.request_frame(frame_request())
    assert first.token != second.token
    assert first.frame_url.endswith(f"/odeme/guvenli/{first.token}")
    assert first.script_url.endswith("/js/iframeResizer.min.js")


async def test_an_oid_that_was_used_before_is_refused_with_a_reason(world: World) -> None:
    request = frame_request()
    await world.gateway.request_frame(request)
    with pytest.raises(GatewayRefused) as refusal:
        await world.gateway.request_frame(request)
    assert "merchant_oid" in refusal.value.reason


async def test_a_buyer_without_address_phone_or_ipv4_is_served(world: World) -> None:
    request = frame_request(user_address="", user_phone=" ", user_name="Ş" * 80, user_ip="2001:db8::1")
    assert (await world.gateway.request_frame(request)).token


async def test_an_address_outside_ascii_is_the_buyers_to_change(world: World) -> None:
    with pytest.raises(InvalidInput):
        await world.gateway.request_frame(frame_request(email="ayşe@example.com"))


@pytest.mark.parametrize("known", [True, False])
async def test_unpaid_and_unknown_are_not_found_and_nothing_more(world: World, known: bool) -> None:
    request = frame_request()
    if known:
        await world.gateway.request_frame(request)
    inquiry = await world.gateway.inquire(request.merchant_oid)
    assert not inquiry.found
    assert (inquiry.amount, inquiry.total) == (None, None)
    assert "004" in inquiry.raw


@pytest.mark.parametrize(("amount", "total"), [(87000, None), (1080, None), (87000, 91234), (5, None)])
async def test_a_paid_attempt_is_found_to_the_kurus(world: World, amount: int, total: int | None) -> None:
    request = frame_request(amount=amount, test_mode=False)
    await world.gateway.request_frame(request)
    world.pay(request.merchant_oid, total=total)
    inquiry = await world.gateway.inquire(request.merchant_oid)
    assert inquiry.found
    assert (inquiry.amount, inquiry.total) == (amount, total or amount)
    assert (inquiry.currency, inquiry.test_mode) == ("TRY", False)


async def test_a_test_payment_says_so(world: World) -> None:
    request = frame_request(test_mode=True)
    await world.gateway.request_frame(request)
    world.pay(request.merchant_oid)
    assert (await world.gateway.inquire(request.merchant_oid)).test_mode is True


async def test_a_cut_line_leaves_the_outcome_unknown(world: World) -> None:
    with stamina.set_testing(True, attempts=2), pytest.raises(GatewayUnreachable):
        await world.cut.inquire(random_reference("TZG"))
    with pytest.raises(GatewayUnreachable):
        await world.cut.request_frame(frame_request())


async def test_wrong_credentials_are_a_refusal_in_paytrs_words(sandbox: Sandbox) -> None:
    swapped = PaytrCredentials("100000", SANDBOX_MERCHANT.merchant_salt, SANDBOX_MERCHANT.merchant_key)
    async with httpx.AsyncClient() as http:
        gateway = PaytrGateway(swapped, sandbox.url, http)
        with pytest.raises(GatewayRefused, match="paytr_token gonderilmedi veya gecersiz"):
            await gateway.request_frame(frame_request())
        with pytest.raises(GatewayRefused, match="003"):
            await gateway.inquire("A1")
