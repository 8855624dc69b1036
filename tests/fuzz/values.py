"""What is put into fields: what might be right, what is just beyond it, and what breaks careless programs."""

from random import Random

LIKELY = {
    "plan": ["starter", "team", "enterprise"],
    "interval": ["month", "year"],
    "consent": ["yes"],
    "accept": ["yes"],
    "accept_terms": ["yes"],
    "when": ["now", "period_end"],
    "means": ["card", "page", "credit"],
    "block": ["plan_card", "list", "status", "content"],
    "language": ["tr", "en"],
    "color_scheme": ["auto", "light", "dark"],
    "role": ["owner", "admin", "billing", "developer"],
    "result": ["ok", "fail"],
    "document": ["terms", "privacy"],
    "confirm": ["yes"],
    "required": ["true", "false"],
    "action": ["close", "refund", "keep"],
    "amount": ["1,00", "0", "-1", "99999999999999999999", "1.234,56"],
    "tax_number": ["1234567890", "10000000146"],
}
DAYS = ["2026-11-01", "2026-02-30", "0001-01-01", "9999-12-31", "10000-01-01", "2026-11-01T00:00:00+03:00"]
NUMBERS = ["0", "-1", "1", "2147483648", "9223372036854775808", "1e309", "NaN", "٣", "0x10", "1_000", " 1 "]
IDS = ["00000000-0000-0000-0000-000000000000", "0199c0de-0000-7000-8000-000000000000", "not-an-id", "{}"]
TEXTS = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\r\nSet-Cookie: planted=1",
    "a\r\nBcc: everybody@example.com",
    "ığüşöçİ",
    "\u202egnp.exe",
    "\ufeff",
    "\u0000\uffff",
    "🧵" * 50,
    "é" * 3_000,
    "x" * 20_000,
    "'; DROP TABLE companies; --",
    "%s%n%d%(name)s{0}{{7*7}}${7*7}",
    "=1+1",
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "//evil.example",
    "https://evil.example/",
    "/\\evil.example",
    "javascript:alert(1)",
    "%00",
    "%2e%2e%2f",
    "null",
    "[]",
    "true",
    "a@b.co",
    "a" * 300 + "@example.com",
    "x.y",
    "eyJ8.0000",
]
RAW = ["%", "%zz", "%ED%A0%80", "%C0%AF", "%FF", "+", "&&", "=", "a=b=c", ";", "a[b]=c", "%00=%00"]
"""Pieces of a query or a form as bytes on the wire: no text has to stand behind them."""


def value_for(random: Random, name: str) -> str:
    """Return something for a field: half the time what might be right."""
    if name in LIKELY and random.random() < 0.6:
        return random.choice(LIKELY[name])
    if name in {"first", "last", "day", "since", "before", "after"} and random.random() < 0.7:
        return random.choice(DAYS + IDS)
    if random.random() < 0.1:
        return "".join(chr(random.choice([*range(1, 0xD800), *range(0xE000, 0x11000)])) for _ in range(20))
    return random.choice(TEXTS + NUMBERS + DAYS + IDS)
