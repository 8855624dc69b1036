"""When a refund may leave again, what a status query proves, and how long a ladder is."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.db.models import Payment
from app.domain.billing.refunds.rules import (
    Entry,
    entry_of,
    is_as_asked,
    is_last,
    may_be_sent_again,
    wait_after,
)
from app.domain.billing.verification.rules import LADDER
from app.domain.payments.values import Inquiry, Returned

OURS = {"TZR1", "TZR2"}


def answer(*returns: Returned, found: bool = True) -> Inquiry:
    return Inquiry(found=found, raw="{}", returns=returns)


def test_two_questions_that_know_the_payment_and_not_the_refund_let_it_leave_again() -> None:
    assert may_be_sent_again(answer(), references=OURS, inquiries=2, step=3)
    assert may_be_sent_again(answer(Returned(100, "TZR2")), references=OURS, inquiries=2, step=3)


@pytest.mark.parametrize(
    ("said", "inquiries", "step"),
    [
        (answer(), 1, 3),
        (answer(found=False), 2, 3),
        (answer(Returned(100, None)), 2, 3),
        (answer(Returned(100, "TZR2"), Returned(1, "PANEL")), 2, 3),
        (answer(), 2, len(LADDER) + 1),
    ],
    ids=["asked once", "payment not found", "one without a name", "one of somebody else", "ladder's end"],
)
def test_anything_less_keeps_it_from_leaving_again(said: Inquiry, inquiries: int, step: int) -> None:
    assert not may_be_sent_again(said, references=OURS, inquiries=inquiries, step=step)


def test_the_ladder_is_the_one_of_unknown_outcomes_and_then_ends() -> None:
    minutes = [wait_after(step) / timedelta(minutes=1) for step in range(1, len(LADDER) + 1)]
    assert minutes == [2, 5, 15, 60, 360, 1440]
    assert [is_last(step) for step in range(1, len(LADDER) + 2)] == [False] * len(LADDER) + [True]


def test_what_is_listed_under_a_reference_is_added_up() -> None:
    listed = (Returned(100, "TZR1"), Returned(5, None), Returned(70, "TZR1"), Returned(1, "TZR2"))
    assert entry_of(listed, "TZR1") == Entry(170, 2)
    assert entry_of(listed, "TZR3") is None


@settings(deadline=None)
@given(
    amount=st.integers(1, 10_000),
    surcharge=st.integers(0, 1_000),
    before=st.integers(0, 5_000),
    returned=st.integers(1, 20_000),
    count=st.integers(1, 2),
)
def test_only_one_entry_of_the_amount_and_at_most_the_surcharge_is_as_asked(
    amount: int, surcharge: int, before: int, returned: int, count: int
) -> None:
    payment = Payment(amount=10_000, collected=10_000 + surcharge, refunded=before)
    as_asked = is_as_asked(payment, amount, Entry(returned, count))
    assert as_asked == (
        count == 1 and 0 <= returned - amount <= surcharge and before + returned <= 10_000 + surcharge
    )
