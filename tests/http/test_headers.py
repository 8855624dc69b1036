"""Security headers: on every page and every refusal, one exception for the checkout."""

import re

import pytest
from litestar import Litestar
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from tests.agreements import submit_agreed
from tests.conftest import Browser
from tests.factories import callback_form, make_customer, send_callback, start_checkout

Maker = async_sessionmaker[AsyncSession]
PUBLIC = ["/", "/pricing", "/legal/terms", "/legal/privacy", "/register", "/login"]
INSIDE = ["/dashboard", "/billing", "/workspaces"]
REFUSED = ["/nothing-here", "/legal/nothing", "/static/nothing.css"]


def policy_of(header: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in header.split(";"))}


def assert_closed(headers: dict[str, str]) -> None:
    """Nothing is loaded from elsewhere, nothing inline runs, nobody frames us."""
    policy = policy_of(headers["content-security-policy"])
    assert policy["default-src"] == policy["connect-src"] == ["'self'"]
    (script,) = policy["script-src"]
    assert re.fullmatch(r"'nonce-[\w-]{22}'", script)
    assert policy["frame-src"] == policy["object-src"] == policy["base-uri"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert policy["form-action"] == ["'self'"]
    assert "unsafe-" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


@pytest.mark.parametrize("path", PUBLIC)
async def test_public_pages_are_closed(client: Browser, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 200
    assert_closed(dict(answer.headers))
    assert answer.headers["cache-control"] == "no-store"


async def test_pages_inside_are_closed(client: Browser, session_maker: Maker) -> None:
    customer = await make_customer(session_maker)
    await customer.log_in(client)
    for path in INSIDE:
        answer = await client.get(path)
        assert answer.status_code == 200
        assert_closed(dict(answer.headers))
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", REFUSED)
async def test_refusals_are_closed_too(client: Browser, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 404
    assert_closed(dict(answer.headers))
    assert answer.headers["x-request-id"]
    assert "<html" in answer.text


async def test_a_refused_method_is_closed_too(client: Browser) -> None:
    answer = await client.put("/dashboard")
    assert answer.status_code == 405
    assert_closed(dict(answer.headers))


async def test_the_checkout_alone_may_frame_the_gateway(client: Browser, session_maker: Maker) -> None:
    customer = await make_customer(session_maker)
    await customer.log_in(client)
    answer = await submit_agreed(client, "/billing/checkout", plan="team", interval="month")
    assert answer.status_code == 200
    policy = policy_of(answer.headers["content-security-policy"])
    assert policy["frame-src"] == ["http://127.0.0.1:9", "https:"]
    (nonce,) = re.findall("'nonce-(.+)'", policy["script-src"][0])
    assert len(re.findall(f'<script src="[^"]+" nonce="{nonce}" defer>', answer.text)) == 5
    assert policy["default-src"] == ["'self'"]
    assert "unsafe-" not in answer.headers["content-security-policy"]
    for path in ("/billing", "/billing/plan-change/preview"):
        assert "frame-src 'none'" in (await client.get(path)).headers["content-security-policy"], path
    change = await submit_agreed(client, "/billing/plan-change", plan="team", interval="month", quote="")
    assert policy_of(change.headers["content-security-policy"])["frame-src"] == policy["frame-src"]


async def test_files_of_ours_may_be_kept_and_change_their_address_with_their_content(
    client: Browser, application: Litestar
) -> None:
    page = await client.get("/login")
    address = next(part for part in page.text.split('"') if part.startswith("/static/app.css?v="))
    answer = await client.get(address)
    assert answer.status_code == 200
    assert set(answer.headers["cache-control"].split(", ")) == {"public", "immutable", "max-age=31536000"}
    assert "set-cookie" not in answer.headers


async def test_an_invoice_is_not_kept_by_anything_between(client: Browser, session_maker: Maker) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    await send_callback(client, callback_form(checkout.payment.merchant_oid, checkout.payment.amount))
    await customer.log_in(client)
    answer = await client.get("/billing")
    assert "public" not in answer.headers["cache-control"]
