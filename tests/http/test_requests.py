"""What every request gets: an id, the right address, one log line without anything typed, a size limit."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from litestar import Litestar
from saq.queue.redis import RedisQueue
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import AuditEntry, LegalAcceptance
from app.lib.log import configure_logging
from app.lib.uow import unit_of_work
from tests.conftest import Browser, browser
from tests.factories import PASSWORD, callback_form, make_customer, send_callback, start_checkout
from tests.http.test_registration import FORM
from tests.worker import drain

Maker = async_sessionmaker[AsyncSession]
PROXY = "127.0.0.1"
GIVEN_ID = "0f3a9c1e-edge-7"


class LogLines:
    """What was logged, as text and line by line."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one event; every line there is must be JSON."""
        lines = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in lines if line["event"] == event]


@pytest.fixture
def logged() -> Iterator[LogLines]:
    """Log as production does, into memory."""
    lines = LogLines()
    configure_logging("debug", as_json=True)
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(lines.stream)
    yield lines
    configure_logging("error", as_json=True)


async def recorded_address(session_maker: Maker) -> set[str]:
    async with session_maker() as session:
        accepted = set(await session.scalars(select(LegalAcceptance.address)))
        assert set(await session.scalars(select(AuditEntry.address))) == accepted
    return accepted


@pytest.mark.parametrize(
    ("peer", "forwarded", "recorded"),
    [
        ("203.0.113.7", "198.51.100.66", "203.0.113.7"),
        (PROXY, "198.51.100.9", "198.51.100.9"),
        (PROXY, "198.51.100.66, 198.51.100.9", "198.51.100.9"),
        (PROXY, "", PROXY),
    ],
    ids=["spoofed by the client", "told by our proxy", "spoofed before our proxy", "our proxy itself"],
)
async def test_the_address_on_record_is_the_last_one_a_trusted_hop_saw(
    application: Litestar, session_maker: Maker, peer: str, forwarded: str, recorded: str
) -> None:
    async with browser(application, address=peer) as client:
        client.headers["x-forwarded-for"] = forwarded
        await client.submit("/register", **FORM)
    assert await recorded_address(session_maker) == {recorded}


async def test_every_answer_carries_an_id_of_its_own(client: Browser) -> None:
    ids = {
        (await client.get(path)).headers["x-request-id"] for path in ("/", "/", "/nothing", "/health/live")
    }
    assert len(ids) == 4


async def test_an_id_is_taken_over_from_our_proxy_alone(application: Litestar, client: Browser) -> None:
    stranger = await client.get("/", headers={"x-request-id": GIVEN_ID})
    assert stranger.headers["x-request-id"] != GIVEN_ID
    async with browser(application, address=PROXY) as proxied:
        assert (await proxied.get("/", headers={"x-request-id": GIVEN_ID})).headers[
            "x-request-id"
        ] == GIVEN_ID
        odd = (await proxied.get("/", headers={"x-request-id": "no spaces"})).headers["x-request-id"]
    assert odd != "no spaces"


async def test_the_id_of_the_callback_is_found_on_the_lines_of_its_jobs_and_in_the_audit_trail(
    application: Litestar, session_maker: Maker, resources: Any, logged: LogLines
) -> None:
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    await drain(resources)
    async with browser(application, address=PROXY) as paytr:
        paytr.headers["x-request-id"] = GIVEN_ID
        await send_callback(paytr, callback_form(checkout.payment.merchant_oid, checkout.payment.amount))
    queue = RedisQueue.from_url(resources.settings.redis_url, name="billing")
    waiting = [job async for job in queue.iter_jobs()]
    await queue.disconnect()
    assert {job.meta["request_id"] for job in waiting} == {GIVEN_ID}
    assert [job.function for job in waiting] == ["invoices.render_pdf"]
    resources.mailer.is_down = True
    await drain(resources)
    async with session_maker() as session:
        trail = set(await session.scalars(select(AuditEntry.request_id).where(AuditEntry.actor == "paytr")))
    assert trail == {GIVEN_ID}


async def test_nothing_typed_and_no_secret_reaches_the_log(
    client: Browser, session_maker: Maker, logged: LogLines
) -> None:
    await client.submit("/register", **FORM)
    first_session = client.cookies["session"]
    await client.submit("/login", email=FORM["email"], password="a wrong password")
    await client.submit("/login", email=FORM["email"], password=PASSWORD)
    customer = await make_customer(session_maker)
    checkout = await start_checkout(session_maker, customer)
    form = callback_form(checkout.payment.merchant_oid, checkout.payment.amount)
    await send_callback(client, {**form, "hash": "forged" + form["hash"]})
    await send_callback(client, form)
    requests = logged.of("request")
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("GET", "/login", 200),
        ("POST", "/register", 303),
        ("POST", "/login", 422),
        ("POST", "/login", 303),
        ("POST", "/webhooks/paytr", 400),
        ("POST", "/webhooks/paytr", 200),
    ]
    assert all(len(line["request_id"]) == 32 and line["client_address"] == "203.0.113.7" for line in requests)
    assert len({line["request_id"] for line in requests}) == len(requests)
    assert logged.of("security.callback_refused")[0]["client_address"] == "203.0.113.7"
    secrets = [PASSWORD, "a wrong password", FORM["email"], FORM["full_name"], form["hash"], "$argon2id$"]
    secrets += [
        first_session,
        client.cookies["session"],
        client.cookies["csrf"],
        checkout.payment.merchant_oid,
    ]
    for secret in secrets:
        assert secret not in logged.text
        assert json.dumps(secret)[1:-1] not in logged.text


async def test_a_fault_is_logged_with_its_trace_and_without_what_was_typed(
    client: Browser, session_maker: Maker, logged: LogLines
) -> None:
    async with unit_of_work(session_maker) as session:
        await session.execute(text("ALTER TABLE companies ADD CONSTRAINT broken CHECK (false) NOT VALID"))
    try:
        answer = await client.submit("/register", **FORM)
    finally:
        async with unit_of_work(session_maker) as session:
            await session.execute(text("ALTER TABLE companies DROP CONSTRAINT broken"))
    assert answer.status_code == 500
    (fault,) = logged.of("request.failed")
    assert fault["request_id"] == answer.headers["x-request-id"]
    assert fault["request_id"] in answer.text
    assert "CheckViolationError" in fault["exception"]
    for typed in (PASSWORD, FORM["email"], FORM["company_name"], FORM["full_name"], "$argon2id$"):
        assert typed not in fault["exception"]
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("path", ["/login", "/register", "/webhooks/paytr"])
async def test_a_body_that_is_too_large_is_refused(client: Browser, path: str) -> None:
    await client.get("/login")
    token = client.cookies["csrf"]

    async def chunks() -> Any:
        yield f"_csrf_token={token}&email=".encode()
        for _ in range(11):
            yield b"x" * 100_000

    headers = {"content-type": "application/x-www-form-urlencoded", "x-csrftoken": token}
    declared = await client.post(path, content=b"email=" + b"x" * 1_000_001, headers=headers)
    streamed = await client.post(path, content=chunks(), headers=headers)
    assert (declared.status_code, streamed.status_code) == (413, 413)


@pytest.mark.parametrize(
    ("method", "path", "fields"),
    [
        ("POST", "/login", {"email": "a\x00@example.com", "password": "x"}),
        ("POST", "/register", {**FORM, "plan": "te\x00am"}),
        ("POST", "/billing/checkout", {"plan": "te\x00am"}),
        ("GET", "/billing/return/ok?oid=%00", {}),
        ("GET", "/billing/payments/%00", {}),
        ("GET", "/invoices/%00.pdf", {}),
        ("GET", "/workspaces/open/%00--%00", {}),
        ("POST", "/workspaces", {"name": "\x00"}),
        ("GET", "/legal/%00", {}),
    ],
)
async def test_text_that_cannot_be_stored_is_the_callers_fault_and_never_ours(
    client: Browser, session_maker: Maker, method: str, path: str, fields: dict[str, str]
) -> None:
    customer = await make_customer(session_maker)
    await customer.log_in(client)
    answer = await client.request_form(method, path, fields) if fields else await client.get(path)
    assert 400 <= answer.status_code < 500


async def test_probes_answer_machines_without_cookies(client: Browser) -> None:
    live, ready = await client.get("/health/live"), await client.get("/health/ready")
    metrics = await client.get("/metrics")
    assert (live.status_code, live.json()) == (200, {"status": "ok"})
    assert (ready.status_code, ready.json()) == (200, {"database": "ok", "redis": "ok"})
    assert metrics.status_code == 200
    for name in ("tezgah_request_seconds", "tezgah_paytr_callbacks_total", "tezgah_registrations_total"):
        assert f"# TYPE {name.removesuffix('_total')}" in metrics.text
    assert not client.cookies


async def test_metrics_do_not_go_through_the_public_proxy(client: Browser) -> None:
    answer = await client.get("/metrics", headers={"x-forwarded-for": "198.51.100.9"})
    assert answer.status_code == 404
    assert "tezgah_" not in answer.text


async def test_a_schema_that_is_behind_is_not_ready(client: Browser, session_maker: Maker) -> None:
    async with unit_of_work(session_maker) as session:
        newest = await session.scalar(text("SELECT version_num FROM alembic_version"))
        await session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        answer = await client.get("/health/ready")
    finally:
        async with unit_of_work(session_maker) as session:
            await session.execute(
                text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest}
            )
    assert answer.status_code == 503
    assert "tezgah database upgrade" in answer.json()["database"]
