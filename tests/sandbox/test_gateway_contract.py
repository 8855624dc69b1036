"""One promise, two gateways: the fake in memory, and PayTR's client over HTTP to a sandbox process."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import stamina

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable, PaymentGateway
from app.domain.payments.paytr.client import PaytrGateway
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT, PaytrCredentials
from app.domain.payments.paytr.fake import InMemoryGateway
from app.domain.payments.values import ChargeOutcome
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.ids import random_reference
from tests.sandbox.conftest import Sandbox, frame_request
from tests.sandbox.gateway_worlds import CARDS, WORLDS, World, card_payment, world_of

MEMBERS = sorted(name for name in vars(PaymentGateway) if not name.startswith("_"))
Ask = Callable[[PaymentGateway], Awaitable[object]]


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with world_of(request) as opened:
        yield opened


@pytest.mark.parametrize("implementation", [PaytrGateway, InMemoryGateway])
@pytest.mark.parametrize("name", MEMBERS)
def test_both_gateways_have_every_method_as_it_is_promised(implementation: type, name: str) -> None:
    promised, kept = getattr(PaymentGateway, name), getattr(implementation, name)
    assert inspect.signature(kept) == inspect.signature(promised)
    assert inspect.iscoroutinefunction(kept) == inspect.iscoroutinefunction(promised)


@pytest.mark.parametrize("name", MEMBERS)
def test_this_suite_asks_every_method_of_both(name: str) -> None:
    suite = Path(__file__).parent.glob("test_gateway_contract*.py")
    assert any(f"world.gateway.{name}(" in part.read_text(encoding="utf-8") for part in suite)


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


async def test_a_card_posted_by_the_browser_is_paid_and_found(world: World) -> None:
    payment = card_payment()
    world.pay_by_card(payment)
    inquiry = await world.gateway.inquire(payment.merchant_oid)
    assert (inquiry.found, inquiry.amount, inquiry.total) == (True, 87005, 87005)


async def test_the_card_form_leads_to_the_provider_and_holds_no_card(world: World) -> None:
    form = world.gateway.card_form(card_payment(), store_card=True)
    assert form.action.endswith("/odeme")
    assert form.fields["payment_amount"] == "870.05"
    assert not form.fields.keys() & {"cc_owner", "card_number", "expiry_month", "expiry_year", "cvv"}
    assert form.fields["paytr_token"] not in repr(form)


async def test_what_a_payment_brought_adds_up(world: World) -> None:
    payment = card_payment()
    world.pay_by_card(payment)
    inquiry = await world.gateway.inquire(payment.merchant_oid)
    assert inquiry.net is not None
    assert inquiry.commission is not None
    assert 0 < inquiry.commission < payment.amount
    assert inquiry.net + inquiry.commission == payment.amount


async def test_kept_cards_are_listed_in_one_drawer(world: World) -> None:
    user_token, first = world.keep_card()
    same_user, second = world.keep_card("cvv", user_token=user_token)
    assert same_user == user_token
    listed = {card.card_token: card for card in await world.gateway.list_cards(user_token)}
    assert listed.keys() == {first, second}
    assert listed[first].last_four == CARDS["plain"][-4:]
    assert (listed[first].expiry_month, listed[first].expiry_year) == (12, 2030)
    assert (listed[first].brand, listed[first].is_credit, listed[first].is_business) == ("VISA", True, False)
    assert [listed[token].requires_cvv for token in (first, second)] == [False, True]


async def test_an_unknown_user_has_no_cards(world: World) -> None:
    assert await world.gateway.list_cards(random_reference("U")) == ()


async def test_a_removed_card_is_gone_and_may_be_removed_again(world: World) -> None:
    user_token, card_token = world.keep_card()
    for _ in range(2):
        await world.gateway.delete_card(user_token=user_token, card_token=card_token)
        assert await world.gateway.list_cards(user_token) == ()
    answer = await world.gateway.charge_stored_card(
        card_payment(), user_token=user_token, card_token=card_token
    )
    assert (answer.outcome, answer.may_retry) == (ChargeOutcome.REFUSED, False)


async def test_a_kept_card_pays_without_the_buyer_and_only_once(world: World) -> None:
    user_token, card_token = world.keep_card()
    payment = card_payment(amount=1005)
    answer = await world.gateway.charge_stored_card(payment, user_token=user_token, card_token=card_token)
    assert answer.outcome is ChargeOutcome.PAID
    inquiry = await world.gateway.inquire(payment.merchant_oid)
    assert (inquiry.found, inquiry.total) == (True, 1005)
    with pytest.raises(GatewayRefused, match="merchant_oid"):
        await world.gateway.charge_stored_card(payment, user_token=user_token, card_token=card_token)


@pytest.mark.parametrize(
    ("kind", "outcome", "may_retry"),
    [
        ("closed", ChargeOutcome.REFUSED, False),
        ("cvv", ChargeOutcome.REFUSED, False),
        ("busy", ChargeOutcome.REFUSED, True),
        ("waits", ChargeOutcome.WAITING, None),
    ],
)
async def test_a_card_that_does_not_pay_says_whether_to_come_again(
    world: World, kind: str, outcome: ChargeOutcome, may_retry: bool | None
) -> None:
    user_token, card_token = world.keep_card(kind)
    payment = card_payment()
    answer = await world.gateway.charge_stored_card(payment, user_token=user_token, card_token=card_token)
    assert (answer.outcome, answer.may_retry) == (outcome, may_retry)
    assert answer.message
    assert not (await world.gateway.inquire(payment.merchant_oid)).found


@pytest.mark.parametrize("digits", ["435508", "43550843"])
async def test_a_bin_tells_the_bank_and_whether_it_takes_instalments(world: World, digits: str) -> None:
    found = await world.gateway.bin_detail(digits)
    assert found is not None
    assert (found.scheme, found.programme, found.is_credit, found.is_business) == (
        "VISA",
        "axess",
        True,
        False,
    )
    debit = await world.gateway.bin_detail("979203")
    assert debit is not None
    assert (debit.scheme, debit.programme, debit.is_credit) == ("TROY", None, False)


async def test_a_foreign_bin_is_unknown(world: World) -> None:
    assert await world.gateway.bin_detail("424242") is None


async def test_instalment_rates_are_percent_by_programme_and_count(world: World) -> None:
    rates = await world.gateway.installment_rates("R1")
    assert rates.maximum == 12
    assert {"axess", "world"} <= rates.rates.keys()
    assert Decimal(0) < rates.rates["axess"][2] < rates.rates["axess"][3] < Decimal(100)


ASK: dict[str, Ask] = {
    "request_frame": lambda gateway: gateway.request_frame(frame_request()),
    "inquire": lambda gateway: gateway.inquire("A1"),
    "charge_stored_card": lambda gateway: gateway.charge_stored_card(
        card_payment(), user_token="u", card_token="c"
    ),
    "list_cards": lambda gateway: gateway.list_cards("u"),
    "delete_card": lambda gateway: gateway.delete_card(user_token="u", card_token="c"),
    "bin_detail": lambda gateway: gateway.bin_detail("435508"),
    "installment_rates": lambda gateway: gateway.installment_rates("R1"),
    "refund": lambda gateway: gateway.refund(merchant_oid="A1", amount=1, reference="R1"),
    "transactions": lambda gateway: gateway.transactions(now() - timedelta(hours=1), now()),
    "payouts": lambda gateway: gateway.payouts(now().date(), now().date()),
    "payout_detail": lambda gateway: gateway.payout_detail(now().date()),
}


def test_only_the_card_form_stays_off_the_network() -> None:
    assert set(MEMBERS) - ASK.keys() == {"card_form"}


@pytest.mark.parametrize("name", ASK)
async def test_a_cut_line_leaves_the_outcome_unknown(world: World, name: str) -> None:
    with stamina.set_testing(True, attempts=2), pytest.raises(GatewayUnreachable):
        await ASK[name](world.cut)


@pytest.mark.parametrize("name", ASK)
async def test_wrong_credentials_are_a_refusal_in_paytrs_words(sandbox: Sandbox, name: str) -> None:
    swapped = PaytrCredentials("100000", SANDBOX_MERCHANT.merchant_salt, SANDBOX_MERCHANT.merchant_key)
    async with httpx.AsyncClient() as http:
        with pytest.raises(GatewayRefused, match="paytr_token gonderilmedi veya gecersiz"):
            await ASK[name](PaytrGateway(swapped, sandbox.url, http))


async def test_a_refused_inquiry_says_which_number(sandbox: Sandbox) -> None:
    stranger = PaytrCredentials("999999", SANDBOX_MERCHANT.merchant_key, SANDBOX_MERCHANT.merchant_salt)
    async with httpx.AsyncClient() as http:
        with pytest.raises(GatewayRefused, match="001"):
            await PaytrGateway(stranger, sandbox.url, http).inquire("A1")
