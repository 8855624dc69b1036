"""What an attempt is once PayTR was asked for its page: committed, whatever the page says."""

import pytest
from sqlalchemy import select, update

from app.db.models import Payment, PaymentStatus, User
from app.domain.payments.gateway import GatewayRefused
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.values import FrameRequest, FrameToken
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.conftest import Browser
from tests.factories import callback_form, make_customer, send_callback


@pytest.fixture
async def buyer(client: Browser, resources: Resources) -> Browser:
    """The browser of somebody who may pay."""
    customer = await make_customer(resources.session_maker, language="en")
    return await customer.log_in(client)


@pytest.fixture
def gateway(resources: Resources) -> InMemoryGateway:
    assert isinstance(resources.gateway, InMemoryGateway)
    return resources.gateway


async def begin(buyer: Browser, resources: Resources, status_code: int) -> Payment:
    """Begin a checkout and return its attempt."""
    answer = await submit_agreed(buyer, "/billing/checkout", plan="team", interval="month")
    assert answer.status_code == status_code
    async with resources.session_maker() as session:
        return (await session.scalars(select(Payment))).one()


async def test_an_attempt_with_a_page_waits_for_its_callback(buyer: Browser, resources: Resources) -> None:
    payment = await begin(buyer, resources, 200)
    assert (payment.status, payment.failure_code) == (PaymentStatus.WAITING, None)


@pytest.mark.parametrize("lever", ["unreachable", "lose_answers"])
async def test_an_attempt_without_an_answer_is_unknown_and_will_be_asked_about(
    buyer: Browser, resources: Resources, gateway: InMemoryGateway, lever: str
) -> None:
    setattr(gateway, lever, True)
    payment = await begin(buyer, resources, 503)
    assert payment.status is PaymentStatus.UNKNOWN
    assert payment.next_inquiry_at is not None
    assert payment.next_inquiry_at > payment.expires_at


async def test_an_attempt_that_paytr_refuses_has_failed_and_keeps_its_words_for_the_record(
    buyer: Browser, resources: Resources, gateway: InMemoryGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(request: FrameRequest) -> FrameToken:
        raise GatewayRefused("Gecersiz istek veya magaza aktif degil")

    monkeypatch.setattr(gateway, "request_frame", refuse)
    payment = await begin(buyer, resources, 503)
    assert (payment.status, payment.failure_code) == (PaymentStatus.FAILED, "request_refused")
    assert payment.failure_message == "Gecersiz istek veya magaza aktif degil"
    assert (payment.failed_at is not None, payment.next_inquiry_at) == (True, None)
    shown = await buyer.get(f"/billing/payments/{payment.merchant_oid}")
    assert "PayTR did not accept this payment." in shown.text
    assert "magaza" not in shown.text


async def test_a_callback_that_comes_before_the_token_is_not_undone_by_it(
    buyer: Browser, resources: Resources, gateway: InMemoryGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = gateway.request_frame

    async def late(request: FrameRequest) -> FrameToken:
        token = await ask(request)
        form = callback_form(request.merchant_oid, request.amount)
        assert (await send_callback(buyer, form)).content == b"OK"
        return token

    monkeypatch.setattr(gateway, "request_frame", late)
    assert (await begin(buyer, resources, 200)).status is PaymentStatus.SUCCEEDED


async def test_an_attempt_with_an_address_that_paytr_cannot_take_has_failed_and_says_so(
    buyer: Browser, resources: Resources
) -> None:
    async with unit_of_work(resources.session_maker) as session:
        await session.execute(update(User).values(email="ışık@example.com"))
    answer = await submit_agreed(buyer, "/billing/checkout", plan="team", interval="month")
    assert (answer.status_code, "without accented or Turkish letters" in answer.text) == (422, True)
    async with resources.session_maker() as session:
        payment = (await session.scalars(select(Payment))).one()
    assert (payment.status, payment.failure_code) == (PaymentStatus.FAILED, "request_refused")
    assert (payment.failed_at is not None, payment.next_inquiry_at) == (True, None)
