"""What money events post: whatever the amounts, both sides are equal."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.models import Account, JournalKind
from app.domain.ledger import entries
from app.domain.ledger.entries import Entry
from app.domain.ledger.posting import lists_of

SUBJECT = UUID("0199c0de-0000-7000-8000-000000000000")
AMOUNT = st.integers(0, 10**12)


@given(net=AMOUNT, vat=AMOUNT, surcharge=AMOUNT, part=AMOUNT)
def test_every_entry_balances_whatever_the_amounts(net: int, vat: int, surcharge: int, part: int) -> None:
    gross = net + vat
    every = [
        entries.sale(SUBJECT, net=net, vat=vat),
        entries.payment(SUBJECT, owed=gross, collected=gross + surcharge),
        entries.held_payment(SUBJECT, collected=gross),
        entries.held_applied(SUBJECT, owed=gross, collected=gross + surcharge),
        entries.credit_used(SUBJECT, amount=part),
        entries.credit_note(SUBJECT, net=net, vat=vat, to=Account.REFUNDS_PAYABLE),
        entries.refund(SUBJECT, payable=gross, returned=gross + surcharge),
        entries.commission(SUBJECT, amount=part),
        entries.write_off(SUBJECT, amount=-part),
    ]
    assert {entry.kind for entry in every} == set(JournalKind)
    assert [sum(entry.postings.values()) for entry in every] == [0] * len(every)
    assert not any(0 in entry.postings.values() for entry in every)


@given(net=AMOUNT, vat=AMOUNT, surcharge=AMOUNT)
def test_a_sale_that_is_paid_and_given_back_leaves_nothing_behind(net: int, vat: int, surcharge: int) -> None:
    gross = net + vat
    story = [
        entries.sale(SUBJECT, net=net, vat=vat),
        entries.payment(SUBJECT, owed=gross, collected=gross + surcharge),
        entries.credit_note(SUBJECT, net=net, vat=vat, to=Account.REFUNDS_PAYABLE),
        entries.refund(SUBJECT, payable=gross, returned=gross + surcharge),
    ]
    for account in Account:
        assert sum(entry.postings.get(account, 0) for entry in story) == 0, account


def test_what_does_not_balance_is_no_entry() -> None:
    with pytest.raises(ValueError, match="does not sum to zero"):
        Entry(JournalKind.WRITE_OFF, SUBJECT, {Account.WRITE_OFF: 1})


def test_one_statement_takes_one_entry_of_a_kind() -> None:
    twice = [entries.credit_used(SUBJECT, amount=1)] * 2
    with pytest.raises(ValueError, match="one entry of each kind"):
        lists_of(twice)
