"""The deck of test cards, the BIN query and the instalment rates."""

from typing import Any

import pytest

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages.lookups import bin_form, rates_form
from app.sandbox.callbacks import REASONS
from app.sandbox.cards import TEST_CARDS, is_card_number
from app.sandbox.deck import DECK, PLAIN, conduct_of
from tests.sandbox.conftest import Sandbox


def bin_answer(sandbox: Sandbox, digits: str, **changes: str) -> dict[str, Any]:
    form = {**bin_form(SANDBOX_MERCHANT, digits), **changes}
    answer: dict[str, Any] = sandbox.http.post("/odeme/api/bin-detail", data=form).json()
    return answer


def rates_answer(sandbox: Sandbox, **changes: str) -> dict[str, Any]:
    form = {**rates_form(SANDBOX_MERCHANT, "ASK1"), **changes}
    answer: dict[str, Any] = sandbox.http.post("/odeme/taksit-oranlari", data=form).json()
    return answer


@pytest.mark.parametrize("card", DECK, ids=lambda card: card.number)
def test_every_test_card_is_a_card_number_known_by_its_ends(card: Any) -> None:
    assert is_card_number(card.number.replace(" ", ""))
    assert conduct_of(card.first_six, card.last_four) == card.conduct


def test_no_two_test_cards_share_their_ends() -> None:
    assert len({(card.first_six, card.last_four) for card in DECK}) == len(DECK)


def test_paytrs_published_cards_succeed() -> None:
    assert [card.conduct for card in DECK if card.number in TEST_CARDS] == [PLAIN] * 3


def test_every_decline_code_has_exactly_one_card() -> None:
    codes = [card.conduct.decline_code for card in DECK if card.conduct.decline_code is not None]
    assert codes == list(REASONS)


def test_a_known_bin_tells_bank_programme_and_scheme(sandbox: Sandbox) -> None:
    assert bin_answer(sandbox, "43550843") == {
        "status": "success",
        "cardType": "credit",
        "businessCard": "n",
        "bank": "Deneme Bankası",
        "brand": "axess",
        "schema": "VISA",
        "bankCode": "0901",
        "allow_non3d": "Y",
    }


@pytest.mark.parametrize(
    ("digits", "facts"),
    [
        ("979203", {"cardType": "debit", "brand": "none", "schema": "TROY"}),
        ("552879", {"businessCard": "y", "schema": "MASTERCARD"}),
        ("374427", {"allow_non3d": "N", "schema": "AMEX"}),
    ],
)
def test_bins_differ(sandbox: Sandbox, digits: str, facts: dict[str, str]) -> None:
    assert bin_answer(sandbox, digits).items() >= facts.items()


def test_an_unknown_bin_is_failed_and_no_error(sandbox: Sandbox) -> None:
    assert bin_answer(sandbox, "424242")["status"] == "failed"


@pytest.mark.parametrize(
    "change", [{"merchant_id": "9"}, {"bin_number": "4355"}, {"bin_number": "540667"}, {"paytr_token": "x"}]
)
def test_a_wrong_bin_question_is_an_error(sandbox: Sandbox, change: dict[str, str]) -> None:
    assert bin_answer(sandbox, "435508", **change)["status"] == "error"


def test_rates_rise_with_the_instalments_and_echo_the_request(sandbox: Sandbox) -> None:
    answer = rates_answer(sandbox)
    assert (answer["status"], answer["request_id"], answer["max_inst_non_bus"]) == ("success", "ASK1", 12)
    world = list(answer["oranlar"]["world"].items())
    assert [name for name, _ in world] == [f"taksit_{count}" for count in range(2, 13)]
    assert world == sorted(world, key=lambda pair: pair[1])


def test_single_and_foreign_rates_come_when_asked_for(sandbox: Sandbox) -> None:
    rates = rates_answer(sandbox, single_ratio="1", abroad_ratio="1")["oranlar"]["axess"]
    assert (rates["tek_cekim"], rates["yurtdisi_tek_cekim"]) == (2.99, 3.99)


@pytest.mark.parametrize("change", [{"merchant_id": "9"}, {"request_id": "A" * 33}, {"paytr_token": "x"}])
def test_a_wrong_question_for_rates_is_an_error(sandbox: Sandbox, change: dict[str, str]) -> None:
    assert rates_answer(sandbox, **change)["status"] == "error"
