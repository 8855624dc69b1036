"""Documents as pages show them: how each amount came about."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.db.models import Invoice, Order
from app.db.scoped import owned_row
from app.domain.billing.explaining import Step, from_json
from app.lib.i18n import N_
from app.lib.money import vat_on


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a document says, with everything that its amounts follow from; amounts in minor units."""

    document: Invoice
    """With the invoice it corrects loaded, if it is a credit note."""
    order: Order
    steps: Sequence[Step]
    notes: Sequence[Invoice]
    """The credit notes of the same invoice, oldest first."""
    vat_basis_points: int

    @property
    def invoice(self) -> Invoice:
        """The invoice itself, or the one that the credit note corrects."""
        return self.document.corrects or self.document

    @property
    def has_exact_net(self) -> bool:
        """Say whether net and VAT follow from each other, as in every published price."""
        return self.document.vat == vat_on(self.document.net, self.vat_basis_points)

    @property
    def before(self) -> Sequence[Invoice]:
        """The credit notes that came before this one."""
        return self.notes[: self.notes.index(self.document)] if self.document in self.notes else ()

    @property
    def credited_before(self) -> int:
        return sum(note.total for note in self.before)

    @property
    def vat_before(self) -> int:
        return sum(note.vat for note in self.before)


async def explanation_of(session: AsyncSession, company_id: UUID, number: str) -> Explanation:
    """Return how a document of this company came about; anybody else's is not found."""
    statement = (
        select(Invoice, Order)
        .join(Order, Order.id == Invoice.order_id)
        .options(joinedload(Invoice.corrects))
        .where(Invoice.number == number)
    )
    missing = N_("There is no such invoice.")
    document, order = await owned_row(session, Invoice, company_id, statement, missing=missing)
    notes = (
        select(Invoice)
        .where(Invoice.corrects_id == (document.corrects_id or document.id))
        .order_by(Invoice.issued_at, Invoice.year, Invoice.sequence)
    )
    return Explanation(
        document=document,
        order=order,
        steps=from_json(order.explanation),
        notes=list(await session.scalars(notes)),
        vat_basis_points=order.vat_basis_points,
    )
