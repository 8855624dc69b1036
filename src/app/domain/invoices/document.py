"""An invoice or credit note as plain values: what a page or a PDF shows, free of rows and sessions.

The amounts are checked against each other when the document is made, so that nothing which does not
add up is ever drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.lib.money import Money

DocumentKind = Literal["invoice", "credit_note"]


class TotalsDisagree(ValueError):
    """The lines of a document do not add up to its totals."""


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer as printed. `tax_number` is a VKN (10 digits) or a TCKN (11)."""

    name: str
    tax_office: str = ""
    tax_number: str = ""
    address: str = ""
    email: str = ""
    phone: str = ""
    mersis: str = ""

    @classmethod
    def from_snapshot(cls, snapshot: Mapping[str, object]) -> "Party":
        """Read the party frozen on an invoice; facts this version does not print are passed over."""
        fields = {name: str(snapshot.get(name) or "") for name in cls.__dataclass_fields__}
        return cls(**fields)


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `unit_price` and `net` exclude VAT, `total` includes it, all in minor units."""

    description: str
    quantity: int
    unit_price: int
    net: int
    vat_basis_points: int
    vat: int
    total: int

    def __post_init__(self) -> None:
        if self.quantity < 1 or min(self.unit_price, self.net, self.vat, self.vat_basis_points) < 0:
            raise TotalsDisagree(f"{self.description!r} has a negative amount or no quantity")
        if self.net + self.vat != self.total:
            raise TotalsDisagree(f"{self.description!r}: {self.net} + {self.vat} is not {self.total}")


@dataclass(frozen=True, slots=True)
class VatGroup:
    """What is taxed at one rate, and the tax on it, in minor units."""

    basis_points: int
    net: int
    vat: int


@dataclass(frozen=True, slots=True)
class InvoiceDocument:
    """Everything a reader of the document sees; amounts in minor units of `currency`.

    A credit note carries positive amounts, the number it corrects in `corrects_number`, and why in `reason`.
    """

    number: str
    kind: DocumentKind
    issued_at: datetime
    period_start: datetime
    period_end: datetime
    currency: str
    seller: Party
    buyer: Party
    lines: tuple[Line, ...]
    net: int
    vat: int
    total: int
    language: str
    payment_reference: str = ""
    paid_at: datetime | None = None
    corrects_number: str | None = None
    reason: str = ""
    is_kept_as_credit: bool = False
    """Of a credit note: no money went back, the company may use it for what it owes next."""

    def __post_init__(self) -> None:
        if not self.lines:
            raise TotalsDisagree(f"{self.number} has no lines")
        for name in ("net", "vat", "total"):
            added = sum(getattr(line, name) for line in self.lines)
            if added != getattr(self, name):
                raise TotalsDisagree(
                    f"{self.number}: lines add up to {name} {added}, not {getattr(self, name)}"
                )

    def money(self, amount: int) -> Money:
        """Return an amount of this document in its currency."""
        return Money(amount, self.currency)

    def vat_groups(self) -> list[VatGroup]:
        """Return the breakdown by rate that VUK art. 230 asks for, highest rate first."""
        rates = sorted({line.vat_basis_points for line in self.lines}, reverse=True)
        return [
            VatGroup(
                basis_points=rate,
                net=sum(line.net for line in self.lines if line.vat_basis_points == rate),
                vat=sum(line.vat for line in self.lines if line.vat_basis_points == rate),
            )
            for rate in rates
        ]
