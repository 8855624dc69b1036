"""The settlement calendar, the commission, and the identity that holds to the kuruş."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages.refund import refund_form
from app.sandbox.book import Book
from app.sandbox.business_days import business_days_after, is_business_day
from app.sandbox.payouts import ledger, local_day, payout_day
from app.sandbox.rates import commission_returned
from app.sandbox.refunds import refund_answer
from tests.sandbox.books import AT, CONFIG, paid_order

SALES = st.lists(
    st.tuples(
        st.integers(1, 5_000_000),
        st.timedeltas(timedelta(0), timedelta(days=20)),
        st.sampled_from([1, 1, 1, 3, 12]),
        st.sampled_from(["TL", "TL", "USD"]),
    ),
    min_size=1,
    max_size=12,
)
REFUNDS = st.lists(
    st.tuples(st.integers(0, 11), st.integers(1, 6_000_000), st.timedeltas(timedelta(0), timedelta(days=40))),
    max_size=25,
)


@pytest.mark.parametrize(
    ("sold", "count", "paid_out"),
    [
        (date(2026, 11, 2), 1, date(2026, 11, 3)),  # Monday
        (date(2026, 11, 6), 1, date(2026, 11, 9)),  # Friday
        (date(2026, 11, 7), 1, date(2026, 11, 9)),  # Saturday
        (date(2026, 10, 28), 1, date(2026, 10, 30)),  # the day before Republic Day
        (date(2026, 12, 31), 1, date(2027, 1, 4)),  # New Year's Day, then a weekend
        (date(2026, 11, 2), 7, date(2026, 11, 11)),
        (date(2026, 11, 7), 0, date(2026, 11, 9)),
    ],
)
def test_money_comes_on_business_days(sold: date, count: int, paid_out: date) -> None:
    assert business_days_after(sold, count) == paid_out
    assert is_business_day(paid_out)


def test_a_day_ends_at_midnight_in_turkiye() -> None:
    late = datetime(2026, 11, 2, 21, 30, tzinfo=UTC)
    assert payout_day(CONFIG, paid_order("LATE", 100, late)) == date(2026, 11, 4)


@pytest.mark.parametrize(
    ("total", "installments", "kept"),
    [(87000, 1, 2601), (100, 1, 3), (50, 1, 1), (16, 1, 0), (5000, 1, 150), (15000, 1, 448), (10000, 3, 764)],
)
def test_commission_is_rounded_half_to_even(total: int, installments: int, kept: int) -> None:
    assert paid_order("C", total, AT, installments=installments).commission == kept


@given(st.integers(1, 10_000_000), st.lists(st.integers(1, 3_000_000), max_size=8))
def test_parts_give_back_never_more_commission_than_the_whole(total: int, parts: list[int]) -> None:
    book, order = Book(), paid_order("P", total, AT)
    book.add(order)
    for part in [*parts, total]:
        left = total - order.refunded
        if left > 0:
            returned = commission_returned(order, min(part, left))
            assert 0 <= returned <= order.commission
            _refund(book, "P", min(part, left), AT)
    assert sum(refund.commission for refund in order.refunds) == order.commission


@given(SALES, REFUNDS)
def test_sales_less_refunds_less_commission_are_the_payouts_to_the_kurus(
    sales: list[tuple[int, timedelta, int, str]], refunds: list[tuple[int, int, timedelta]]
) -> None:
    book = _traded(sales, refunds)
    settled = ledger(CONFIG, book)
    due: Counter[str] = Counter()
    for order in book:
        kept = order.commission - sum(refund.commission for refund in order.refunds)
        due[order.currency] += (order.total_amount or 0) - order.refunded - kept
    paid: Counter[str] = Counter()
    for payout in settled.payouts:
        paid[payout.currency] += payout.net
        assert payout.net >= 0
        assert payout.net == sum(share.amount for share in payout.shares)
    assert {currency: paid[currency] for currency in due} == dict(due)
    assert not any(settled.owed.values())


@given(SALES, REFUNDS, st.timedeltas(timedelta(0), timedelta(days=50)))
def test_a_payout_that_was_made_never_changes(
    sales: list[tuple[int, timedelta, int, str]],
    refunds: list[tuple[int, int, timedelta]],
    until: timedelta,
) -> None:
    moment = AT + until
    today = local_day(moment)
    then = _traded(
        [sale for sale in sales if AT + sale[1] <= moment],
        [refund for refund in refunds if AT + refund[2] <= moment],
    )
    in_the_end = _traded(sales, refunds)
    assert _made(then, today) == _made(in_the_end, today)


def test_a_refund_waits_for_the_payout_that_can_bear_it() -> None:
    book = Book()
    for oid, total, days in (("BIG", 100000, 0), ("SMALL", 10000, 7), ("LARGE", 200000, 8)):
        book.add(paid_order(oid, total, AT + timedelta(days=days)))
    _refund(book, "BIG", 100000, AT + timedelta(days=8))
    small, large = ledger(CONFIG, book).payouts[1:]
    # The small sale was paid out on the day of the refund, so the next payout bears it.
    assert (small.net, small.refunds) == (9701, 0)
    assert (large.sales, large.refunds, large.net) == (194020, 97010, 97010)


def test_rates_are_exact_decimals() -> None:
    assert Decimal(CONFIG.commission_basis_points).scaleb(-2) == Decimal("2.99")


def _traded(sales: list[tuple[int, timedelta, int, str]], refunds: list[tuple[int, int, timedelta]]) -> Book:
    book = Book()
    moments = [(AT + after, 0, index) for index, (_, after, _, _) in enumerate(sales)]
    moments += [(AT + after, 1, index) for index, (_, _, after) in enumerate(refunds)]
    for at, is_refund, index in sorted(moments):
        if is_refund:
            which, amount, _ = refunds[index]
            _refund(book, f"{which}", amount, at)
        else:
            total, _, installments, currency = sales[index]
            name = f"{len(book)}"
            book.add(paid_order(name, total, at, currency=currency, installments=installments))
    return book


def _refund(book: Book, oid: str, amount: int, at: datetime) -> None:
    form = refund_form(SANDBOX_MERCHANT, merchant_oid=oid, amount=amount, reference=f"R{amount}")
    refund_answer(CONFIG, book, form, at)


def _made(book: Book, today: date) -> list[tuple[date, str, int, int]]:
    return [
        (payout.day, payout.currency, payout.sales, payout.refunds)
        for payout in ledger(CONFIG, book).payouts
        if payout.day <= today
    ]
