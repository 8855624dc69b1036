"""Languages: gettext catalogues, and money, dates and spans as each language writes them.

English sentences are the message ids. Catalogues are read from `locales/*/LC_MESSAGES/messages.po`
when first used and stay in memory, so there is no build step and no compiled file to forget.
"""

from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from app.lib.clock import ISTANBUL
from app.lib.money import Money

LANGUAGES = ("tr", "en")
DEFAULT_LANGUAGE = "tr"
LOCALES = Path(__file__).parents[1] / "locales"

# Both languages put the day first: a date must not read differently to a visitor from abroad.
DATE_PATTERN = "d MMMM y"
DATETIME_PATTERN = "d MMMM y HH:mm"

CURRENCY_SYMBOLS = {"TRY": "₺", "USD": "$", "EUR": "€", "GBP": "£"}
TURKISH_SEPARATORS = str.maketrans(",.", ".,")


def N_(message: str) -> str:  # noqa: N802 the name xgettext and Babel know
    """Mark a message for the catalogue where it stands; it is translated where it is shown."""
    return message


def translate(language: str, message: str, **facts: object) -> str:
    """Return a message in a language with its `%(name)s` facts filled in, money as the language writes it."""
    text = translator(language).gettext(message) if message else ""
    return text % {name: _written(fact, language) for name, fact in facts.items()} if facts else text


@cache
def translator(language: str) -> Translations:
    """Return the catalogue of a language; an unknown language gets the default one."""
    if language not in LANGUAGES:
        return translator(DEFAULT_LANGUAGE)
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def language_from(accept_language: str | None, *preferred: str | None) -> str:
    """Return the first language we speak: the preferred ones in order, then `Accept-Language` by weight.

    RFC 9110 §12.5.4; a range such as `tr-TR` counts as its language, weight 0 means "not this one".
    """
    wanted = [*preferred, *accepted_languages(accept_language or "")]
    return next((language for language in wanted if language in LANGUAGES), DEFAULT_LANGUAGE)


def accepted_languages(header: str) -> list[str]:
    """Return the languages of an `Accept-Language` header, heaviest first, passing over nonsense."""
    weighted = []
    for item in header.split(","):
        tag, _, parameter = item.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name.strip().lower() == "q" else 1.0
        except ValueError:
            continue
        if weight > 0:
            weighted.append((weight, tag.strip().lower().split("-")[0]))
    return [language for _, language in sorted(weighted, key=lambda pair: -pair[0])]


def format_money(money: Money, language: str) -> str:
    """Return `1.234,56 ₺` in Turkish and `₺1,234.56` in English; no float on the way."""
    sign = "-" if money.amount < 0 else ""
    digits = f"{abs(money.major):,.2f}"
    symbol = CURRENCY_SYMBOLS.get(money.currency)
    if language == "tr":
        return f"{sign}{digits.translate(TURKISH_SEPARATORS)} {symbol or money.currency}"
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{money.currency} {digits}"


def format_whole_money(money: Money, language: str) -> str:
    """Return an amount of whole units without its decimals, `₺2,500`, where there is little room."""
    return format_money(money, language).replace(",00" if language == "tr" else ".00", "")


def _written(fact: object, language: str) -> object:
    return format_money(fact, language) if isinstance(fact, Money) else fact


def format_date(at: datetime | date, language: str) -> str:
    """Return the day in Türkiye, `22 Kasım 2026`; a plain date is taken as it is."""
    day = at.astimezone(ISTANBUL).date() if isinstance(at, datetime) else at
    return dates.format_date(day, DATE_PATTERN, locale=known(language))


def format_short_date(day: date, language: str) -> str:
    """Return a day without its year, `22 Kas`, where there is little room."""
    return dates.format_date(day, "d MMM", locale=known(language))


def format_datetime(at: datetime, language: str) -> str:
    """Return day and clock time in Türkiye, `22 Kasım 2026 14:05`."""
    return dates.format_datetime(at, DATETIME_PATTERN, tzinfo=ISTANBUL, locale=known(language))


def format_relative(at: datetime, language: str, *, now: datetime) -> str:
    """Return the distance from `now` in one unit: `3 gün sonra`, `2 hours ago`."""
    return dates.format_timedelta(at - now, add_direction=True, locale=known(language))


def format_count(count: int, language: str) -> str:
    """Return a whole number with its thousands apart, `2.592.000` in Turkish and `2,592,000` in English."""
    return numbers.format_decimal(count, locale=known(language))


def format_seconds(seconds: float, language: str) -> str:
    """Return seconds with one decimal, `1,4` in Turkish and `1.4` in English."""
    return numbers.format_decimal(round(seconds, 1), "0.0", locale=known(language))


def known(language: str) -> str:
    """Return the language itself if we speak it, else the default one."""
    return language if language in LANGUAGES else DEFAULT_LANGUAGE
