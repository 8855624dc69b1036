"""Languages: which one a visitor gets, and how each writes money, dates and spans."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from app.lib import i18n
from app.lib.i18n import (
    LANGUAGES,
    format_date,
    format_datetime,
    format_money,
    format_relative,
    language_from,
    translate,
    translator,
)
from app.lib.money import Money

NEW_YEARS_EVE_IN_UTC = datetime(2026, 12, 31, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "tr"),
        ("", "tr"),
        ("en-GB,en;q=0.9", "en"),
        ("tr-TR,tr;q=0.9,en;q=0.8", "tr"),
        ("de-DE,de;q=0.9,en;q=0.5", "en"),
        ("tr;q=0.2, en;q=0.7", "en"),
        ("en;q=0, *", "tr"),
        ("en;q=heavy, ;;=,,", "tr"),
        ("EN", "en"),
    ],
)
def test_a_browser_gets_the_first_language_it_accepts_and_we_speak(header: str | None, language: str) -> None:
    assert language_from(header) == language


def test_a_chosen_language_beats_the_browser() -> None:
    assert language_from("tr", "en") == "en"
    assert language_from("en", None, "tr") == "tr"
    assert language_from("en", "de") == "en"


@pytest.mark.parametrize(
    ("money", "turkish", "english"),
    [
        (Money(123456), "1.234,56 ₺", "₺1,234.56"),
        (Money(0), "0,00 ₺", "₺0.00"),
        (Money(5), "0,05 ₺", "₺0.05"),
        (Money(-87000), "-870,00 ₺", "-₺870.00"),
        (Money(897000000000), "8.970.000.000,00 ₺", "₺8,970,000,000.00"),
        (Money(2900, "USD"), "29,00 $", "$29.00"),
        (Money(2900, "CHF"), "29,00 CHF", "CHF 29.00"),
    ],
)
def test_money_reads_as_its_language_writes_it(money: Money, turkish: str, english: str) -> None:
    assert format_money(money, "tr") == turkish
    assert format_money(money, "en") == english


@given(st.integers(min_value=0, max_value=10**15))
def test_money_digits_agree_with_the_unicode_locale_data(amount: int) -> None:
    major = Decimal(amount).scaleb(-2)
    for language in LANGUAGES:
        assert format_decimal(major, "#,##0.00", locale=language) in format_money(Money(amount), language)


def test_dates_are_the_day_in_turkiye() -> None:
    assert format_date(NEW_YEARS_EVE_IN_UTC, "tr") == "1 Ocak 2027"
    assert format_date(NEW_YEARS_EVE_IN_UTC, "en") == "1 January 2027"
    assert format_datetime(NEW_YEARS_EVE_IN_UTC, "tr") == "1 Ocak 2027 01:30"


def test_a_plain_date_is_not_moved() -> None:
    assert format_date(date(2026, 8, 31), "tr") == "31 Ağustos 2026"


def test_distance_in_time_is_told_in_one_unit_and_direction() -> None:
    now = NEW_YEARS_EVE_IN_UTC
    assert format_relative(now + timedelta(days=3), "tr", now=now) == "3 gün sonra"
    assert format_relative(now - timedelta(hours=2), "en", now=now) == "2 hours ago"


def test_an_unknown_language_falls_back_to_turkish() -> None:
    assert translator("de") is translator("tr")
    assert format_date(NEW_YEARS_EVE_IN_UTC, "de") == "1 Ocak 2027"


def test_a_message_without_a_translation_shows_itself_with_its_facts() -> None:
    assert translate("en", "No such %(thing)s here.", thing="page") == "No such page here."
    assert translate("en", "100% unknown") == "100% unknown"
    assert translate("tr", "") == ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_catalogue_speaks_plural_forms(language: str) -> None:
    translations = translator(language)
    assert translations.ngettext("%(num)s such day", "%(num)s such days", 1) == "%(num)s such day"
    assert translations.ngettext("%(num)s such day", "%(num)s such days", 7) == "%(num)s such days"


def test_a_marked_message_is_unchanged_where_it_stands() -> None:
    assert i18n.N_("Invoice") == "Invoice"
