"""What is shown before an order is paid for: the preliminary information and the contract, filled with it."""

import hashlib
from dataclasses import dataclass

from app.db.models import Company, Order
from app.domain.accounts.legal import ACCEPTED_WITH_AN_ORDER, LegalDocument
from app.domain.accounts.legal_texts import Deal, Words, words_of
from app.lib.clock import real_now
from app.lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Papers:
    """The documents of one order, each with its words."""

    documents: tuple[tuple[LegalDocument, Words], ...]

    @property
    def digest(self) -> str:
        """What a form carries to say which words were shown."""
        return hashlib.sha256("".join(words.sha256 for _, words in self.documents).encode()).hexdigest()


def papers_of(order: Order, company: Company, settings: Settings, *, language: str, email: str) -> Papers:
    """Return the documents of an order; `email` is the buyer's, empty where the buyer holds only a link."""
    deal = _deal(order, company, email)
    law = real_now()
    return Papers(
        tuple(
            (document, words_of(document, document.in_force(law), language, settings, deal))
            for document in ACCEPTED_WITH_AN_ORDER
        )
    )


def _deal(order: Order, company: Company, email: str) -> Deal:
    return Deal(
        buyer_name=company.legal_name or company.name,
        address=company.address or "",
        tax_office=company.tax_office or "",
        tax_number=company.tax_number or "",
        phone=company.phone or "",
        email=email,
        plan_name=order.plan_name,
        interval=order.interval,
        period_start=order.period_start,
        period_end=order.period_end,
        net=order.net,
        vat=order.vat,
        vat_percent=order.vat_basis_points // 100,
        gross=order.gross,
        credit=order.credit,
        due=order.due,
        currency=order.currency,
    )
