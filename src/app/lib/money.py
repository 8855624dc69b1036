"""Money as whole minor units. No float enters or leaves here."""

from dataclasses import dataclass
from decimal import Decimal

TURKISH_LIRA = "TRY"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (kuruş, cent) of one currency."""

    amount: int
    currency: str = TURKISH_LIRA

    @property
    def major(self) -> Decimal:
        """The amount in whole units with two decimals, for formatting only."""
        return Decimal(self.amount).scaleb(-2)

    def __str__(self) -> str:
        """Return `2970.00 TRY`, for logs; people read `format_money`."""
        return f"{self.major} {self.currency}"


@dataclass(frozen=True, slots=True)
class VatSplit:
    """A gross amount taken apart: `net + vat == gross`, all in minor units."""

    net: int
    vat: int

    @property
    def gross(self) -> int:
        return self.net + self.vat


class UnreachableGross(ValueError):
    """No whole net amount yields this gross amount at this rate."""


def vat_on(net: int, basis_points: int) -> int:
    """Return the VAT on a net amount, half up: the only rounding of VAT in the product."""
    return (net * basis_points + 5_000) // 10_000


def split_gross(gross: int, basis_points: int) -> VatSplit:
    """Take VAT out of a gross amount so that adding it back gives the gross to the kuruş.

    At 20 % one total in six (gross ≡ 3 mod 6) has no such net; it raises `UnreachableGross`, and
    the price is refused when it is published.
    """
    estimate = (gross * 10_000 + (10_000 + basis_points) // 2) // (10_000 + basis_points)
    for net in (estimate, estimate - 1, estimate + 1):
        if net >= 0 and net + vat_on(net, basis_points) == gross:
            return VatSplit(net=net, vat=gross - net)
    raise UnreachableGross(f"{gross} has no whole net amount at {basis_points} basis points")


def split_any_gross(gross: int, basis_points: int) -> VatSplit:
    """Take VAT out of an amount that nobody has published: the net half up, the VAT what is left.

    The same as `split_gross` wherever that has an answer; a prorated difference may have none.
    """
    rate = 10_000 + basis_points
    net = (2 * gross * 10_000 + rate) // (2 * rate)
    return VatSplit(net=net, vat=gross - net)
