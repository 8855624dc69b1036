"""However PayTR writes a callback, a payment is not lost to the way it is written."""

from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import CaseKind, OperatorCase, Payment, PaymentEvent, PaymentStatus
from tests.conftest import Browser
from tests.factories import callback_form, make_customer, start_checkout

Maker = async_sessionmaker[AsyncSession]
FORM = {"content-type": "application/x-www-form-urlencoded"}


async def a_message(session_maker: Maker, **more: str) -> dict[str, str]:
    checkout = await start_checkout(session_maker, await make_customer(session_maker), plan="team")
    return callback_form(checkout.payment.merchant_oid, 297_000, **more)


async def outcome(session_maker: Maker) -> tuple[PaymentStatus, dict[str, str]]:
    async with session_maker() as session:
        payment = (await session.scalars(select(Payment))).one()
        event = (await session.scalars(select(PaymentEvent))).one()
    return payment.status, event.payload


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (b"%00", "\ufffd"),
        (b"%FE%FD", "\ufffd\ufffd"),
        (b"\xfe", "\ufffd"),
        ("Yetersiz bakiye ğşı".encode("iso-8859-9"), "Yetersiz bakiye \ufffd\ufffd\ufffd"),
    ],
    ids=["nul", "no utf-8", "a raw byte", "latin-5"],
)
async def test_a_text_that_cannot_be_read_costs_no_payment(
    client: Browser, session_maker: Maker, written: bytes, kept: str
) -> None:
    body = urlencode(await a_message(session_maker)).encode() + b"&note=" + written
    answer = await client.post("/webhooks/paytr", content=body, headers=FORM)
    assert (answer.status_code, answer.content) == (200, b"OK")
    status, payload = await outcome(session_maker)
    assert (status, payload["note"]) == (PaymentStatus.SUCCEEDED, kept)


async def test_a_multipart_callback_counts_as_well(client: Browser, session_maker: Maker) -> None:
    message = await a_message(session_maker)
    parts = {name: (None, value) for name, value in message.items()}
    answer = await client.post("/webhooks/paytr", files=parts)
    assert (answer.status_code, answer.content) == (200, b"OK")
    assert (await outcome(session_maker))[0] is PaymentStatus.SUCCEEDED


async def test_a_plus_in_the_hash_survives_one_decoding(client: Browser, session_maker: Maker) -> None:
    for _ in range(200):
        message = await a_message(session_maker)
        if "+" in message["hash"]:
            break
    assert "+" in message["hash"]
    answer = await client.post("/webhooks/paytr", content=urlencode(message), headers=FORM)
    assert answer.content == b"OK"
    twice = {**message, "hash": message["hash"].replace("+", " ")}
    answer = await client.post("/webhooks/paytr", content=urlencode(twice), headers=FORM)
    assert answer.status_code == 400


async def test_a_body_that_is_no_form_is_refused(client: Browser) -> None:
    for body in (b"", b"&&&", b"=", b"\x00\xff" * 50, b"--boundary without parts", b"a=b;c"):
        answer = await client.post("/webhooks/paytr", content=body, headers=FORM)
        assert answer.status_code == 400


async def test_an_unreadable_field_beside_the_signed_ones_costs_no_payment_and_is_kept_for_a_person(
    client: Browser, session_maker: Maker
) -> None:
    message = await a_message(session_maker) | {"installment_count": "one"}
    for _ in range(2):
        answer = await client.post("/webhooks/paytr", content=urlencode(message), headers=FORM)
        assert (answer.status_code, answer.content) == (200, b"OK")
    assert (await outcome(session_maker))[0] is PaymentStatus.SUCCEEDED
    async with session_maker() as session:
        case = (await session.scalars(select(OperatorCase))).one()
    assert (case.kind, case.facts) == (
        CaseKind.CALLBACK_UNREADABLE,
        {"installment_count": {"paytr": "one"}},
    )
