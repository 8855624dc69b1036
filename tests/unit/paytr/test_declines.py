"""Why no money was taken: PayTR's codes and our own words, each with its kind and its sentence."""

import pytest

from app.domain.payments.declines import OWN, classify_answer, ends_silent_charges, reason_of
from app.domain.payments.paytr.reasons import DECLINES, DeclineKind
from app.domain.payments.values import ChargeAnswer, ChargeOutcome


@pytest.mark.parametrize(
    ("may_retry", "kind"),
    [(False, DeclineKind.HARD), (True, DeclineKind.IN_FLIGHT), (None, DeclineKind.SOFT)],
)
def test_try_again_decides_what_a_refused_charge_means(may_retry: bool | None, kind: DeclineKind) -> None:
    decline = classify_answer(ChargeAnswer(ChargeOutcome.REFUSED, "Kart kapalı", may_retry))
    assert decline.kind is kind
    assert reason_of(decline.code) is decline


def test_our_words_are_never_a_code_of_paytrs() -> None:
    assert not set(OWN) & set(DECLINES)
    assert not any(code.isdigit() for code in OWN)
    assert {decline.kind for decline in (*OWN.values(), *DECLINES.values())} == set(DeclineKind)


def test_codes_of_paytrs_keep_their_meaning_and_unknown_ones_are_technical() -> None:
    assert all(reason_of(code) is decline for code, decline in DECLINES.items())
    for code in ("77", "", None):
        assert reason_of(code).kind is DeclineKind.TECHNICAL


@pytest.mark.parametrize("code", ["3", "9", "10", "11", "card_refused"])
def test_a_card_that_only_its_owner_can_use_is_not_charged_silently_again(code: str) -> None:
    assert ends_silent_charges(code)


@pytest.mark.parametrize("code", ["0", "1", "2", "6", "99", "77", "busy", "declined", "not_sent", None])
def test_anything_else_may_be_charged_another_day(code: str | None) -> None:
    assert not ends_silent_charges(code)
