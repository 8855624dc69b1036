"""Redis refuses or hangs: pages say so, what needs no session goes on, PayTR gets its `OK`."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from litestar import Litestar
from sqlalchemy import func, select

from app.db.models import Invoice
from app.embedded.parts import free_port
from app.server.core import build_application
from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.factories import callback_form, make_customer, send_callback, start_checkout
from tests.outage import private_redis, resources_on

SENTENCE = "A part of the service does not answer right now. Try again in a minute."


@pytest.fixture
async def away(resources: Resources) -> AsyncIterator[Litestar]:
    """The application with nothing listening where its Redis should be."""
    async with resources_on(resources, f"redis://127.0.0.1:{free_port()}/0") as alone:
        application = build_application(alone.settings, alone, owns_resources=False)
        async with application.lifespan():
            yield application


@pytest.fixture
async def visitor(away: Litestar) -> AsyncIterator[Browser]:
    async with browser(away) as client:
        client.headers["accept-language"] = "en"
        yield client


async def test_pages_behind_a_session_say_that_a_part_does_not_answer(visitor: Browser) -> None:
    visitor.cookies.set("session", "0" * 64)
    answer = await visitor.get("/dashboard")
    assert answer.status_code == 503
    assert SENTENCE in answer.text


async def test_logging_in_says_so_too_and_lets_nobody_in(visitor: Browser, resources: Resources) -> None:
    customer = await make_customer(resources.session_maker)
    answer = await visitor.submit("/login", email=customer.email, password="correct horse battery")
    assert answer.status_code == 503
    assert SENTENCE in answer.text
    assert "session" not in visitor.cookies


@pytest.mark.parametrize("path", ["/", "/pricing", "/legal/terms", "/register", "/health/live"])
async def test_what_needs_no_session_goes_on(visitor: Browser, path: str) -> None:
    assert (await visitor.get(path)).status_code == 200


async def test_readiness_names_the_part_that_is_away(visitor: Browser) -> None:
    answer = await visitor.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json()["database"] == "ok"
    assert answer.json()["redis"].startswith("unavailable")


async def test_the_callback_is_ok_at_once_although_no_job_can_be_handed_over(
    visitor: Browser, resources: Resources
) -> None:
    customer = await make_customer(resources.session_maker)
    checkout = await start_checkout(resources.session_maker, customer)
    began = time.monotonic()
    answer = await send_callback(
        visitor, callback_form(checkout.payment.merchant_oid, checkout.payment.amount)
    )
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert time.monotonic() - began < 4
    async with resources.session_maker() as session:
        assert await session.scalar(select(func.count()).select_from(Invoice)) == 1


async def test_a_redis_that_hangs_holds_the_callback_up_for_a_bounded_time(
    resources: Resources, tmp_path: Path
) -> None:
    customer = await make_customer(resources.session_maker)
    checkouts = [await start_checkout(resources.session_maker, customer) for _ in range(2)]
    with private_redis(tmp_path) as redis:
        async with resources_on(resources, redis.url) as alone:
            application = build_application(alone.settings, alone, owns_resources=False)
            async with application.lifespan(), browser(application) as paytr:
                first, second = (callback_form(c.payment.merchant_oid, c.payment.amount) for c in checkouts)
                assert (await send_callback(paytr, first)).content == b"OK"  # the connection is open now
                with redis.frozen():
                    began = time.monotonic()
                    assert (await send_callback(paytr, second)).content == b"OK"
                    assert time.monotonic() - began < 5
