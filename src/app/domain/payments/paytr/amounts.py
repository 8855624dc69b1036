"""Money as PayTR writes it: kuruş as integer text, lira as decimal text with a dot or a comma.

No float touches an amount, and an amount below one kuruş is refused, never rounded.
"""

import re
from decimal import Decimal
from typing import Final

_INTEGER: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_LIRA: Final = re.compile(r"(?P<whole>[0-9]{1,10})(?:[.,](?P<part>[0-9]{1,2}))?", re.ASCII)
_GROUPED: Final = re.compile(
    r"(?P<whole>[0-9]{1,3}(?:(?P<group>[.,])[0-9]{3})+)(?!(?P=group))[.,](?P<part>[0-9]{1,2})", re.ASCII
)


class UnreadableAmount(ValueError):
    """A text is not an amount of money in any form that PayTR uses."""


def kurus_from_integer(text: str) -> int:
    """Return the kuruş of an integer text (`3456`), the form of get-token and of every callback."""
    if not _INTEGER.fullmatch(text):
        raise UnreadableAmount(f"{text!r} is not a whole number of kuruş")
    return int(text)


def kurus_from_lira(text: str) -> int:
    """Return the kuruş of a lira text: `10,8`, `10.8`, `99.99`, `1500`, `1.234,56`.

    A single separator before three digits (`1.234`) could mean either thing and is refused.
    """
    match = _LIRA.fullmatch(text) or _GROUPED.fullmatch(text)
    if match is None:
        raise UnreadableAmount(f"{text!r} is not an amount in lira")
    whole = match["whole"].replace(".", "").replace(",", "")
    return int(Decimal(f"{whole}.{match['part'] or '0'}").scaleb(2))


def lira_text(kurus: int) -> str:
    """Return kuruş as lira with a dot and two decimals (`34.56`), the form of baskets and refunds."""
    if kurus < 0:
        raise UnreadableAmount(f"PayTR takes no negative amount: {kurus}")
    return str(Decimal(kurus).scaleb(-2))
