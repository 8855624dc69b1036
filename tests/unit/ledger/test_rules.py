"""The rules as a list: what each is called, which of them stop charges, and how long they wait."""

from app.domain.billing.verification.rules import LADDER
from app.domain.ledger.proof import UNDECIDED_AT_MOST
from app.domain.ledger.rules import BY_KEY, PARKING, RULES


def test_each_rule_has_its_own_key_and_sentence() -> None:
    assert len(BY_KEY) == len({rule.sentence for rule in RULES}) == len(RULES)


def test_what_the_engine_itself_brings_right_stops_no_charge() -> None:
    assert set(BY_KEY) - set(PARKING) == {"undecided_has_a_case", "active_is_paid"}


def test_an_attempt_is_missed_only_once_paytr_has_been_asked_for_the_last_time() -> None:
    assert LADDER[-1] < UNDECIDED_AT_MOST
