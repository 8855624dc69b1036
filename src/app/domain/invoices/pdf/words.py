"""Amounts in words, as Turkish and English documents write them under the total."""

from app.lib.money import Money

TURKISH_UNITS = ("", "bir", "iki", "üç", "dört", "beş", "altı", "yedi", "sekiz", "dokuz")
TURKISH_TENS = ("", "on", "yirmi", "otuz", "kırk", "elli", "altmış", "yetmiş", "seksen", "doksan")
TURKISH_THOUSANDS = ("", "bin", "milyon", "milyar", "trilyon", "katrilyon")

ENGLISH_UNITS = (
    *("", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
ENGLISH_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ENGLISH_THOUSANDS = ("", "thousand", "million", "billion", "trillion", "quadrillion")

# language → currency → (whole unit, hundredth)
UNIT_NAMES = {
    "tr": {"TRY": ("TL", "kuruş"), "USD": ("ABD doları", "sent"), "EUR": ("avro", "sent")},
    "en": {"TRY": ("Turkish lira", "kuruş"), "USD": ("US dollars", "cents"), "EUR": ("euros", "cents")},
}


def amount_in_words(money: Money, language: str) -> str:
    """Return `Yalnız sekiz yüz yetmiş TL` or `Eight hundred seventy Turkish lira only`."""
    whole, hundredths = divmod(money.amount, 100)
    unit, hundredth = UNIT_NAMES[language].get(money.currency, (money.currency, "1/100"))
    if language == "tr":
        fraction = f" {turkish(hundredths)} {hundredth}" if hundredths else ""
        return f"Yalnız {turkish(whole)} {unit}{fraction}"
    fraction = f" and {english(hundredths)} {hundredth}" if hundredths else ""
    sentence = f"{english(whole)} {unit}{fraction} only"
    return sentence[0].upper() + sentence[1:]


def turkish(number: int) -> str:
    """Return a whole number in Turkish words; a thousand is `bin`, never `bir bin`."""
    parts = []
    for group, name in groups_of_three(number, TURKISH_THOUSANDS):
        spoken = "" if group == 1 and name == "bin" else turkish_below_thousand(group)
        parts.append(f"{spoken} {name}".strip())
    return " ".join(parts) or "sıfır"


def turkish_below_thousand(number: int) -> str:
    """Return 1…999 in Turkish words; a hundred is `yüz`, never `bir yüz`."""
    hundreds, rest = divmod(number, 100)
    tens, units = divmod(rest, 10)
    hundred = "yüz" if hundreds == 1 else f"{TURKISH_UNITS[hundreds]} yüz" if hundreds else ""
    return " ".join(word for word in (hundred, TURKISH_TENS[tens], TURKISH_UNITS[units]) if word)


def english(number: int) -> str:
    """Return a whole number in English words."""
    parts = [
        f"{english_below_thousand(group)} {name}".strip()
        for group, name in groups_of_three(number, ENGLISH_THOUSANDS)
    ]
    return " ".join(parts) or "zero"


def english_below_thousand(number: int) -> str:
    """Return 1…999 in English words."""
    hundreds, rest = divmod(number, 100)
    tens, units = divmod(rest, 10)
    hundred = f"{ENGLISH_UNITS[hundreds]} hundred" if hundreds else ""
    if rest < len(ENGLISH_UNITS):
        below = ENGLISH_UNITS[rest]
    else:
        below = "-".join(word for word in (ENGLISH_TENS[tens], ENGLISH_UNITS[units]) if word)
    return " ".join(word for word in (hundred, below) if word)


def groups_of_three(number: int, names: tuple[str, ...]) -> list[tuple[int, str]]:
    """Split a number into groups of three digits with the name of each, highest first, empty ones out."""
    groups = []
    for name in names:
        number, group = divmod(number, 1000)
        if group:
            groups.append((group, name))
    return groups[::-1]
