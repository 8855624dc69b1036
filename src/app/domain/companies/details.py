"""The billing details of a company: what the next invoice copies as its buyer."""

import re
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company
from app.domain.audit.changes import changes_of
from app.domain.audit.service import record
from app.domain.companies.viewer import Viewer
from app.lib import tax_numbers
from app.lib.errors import InvalidInput
from app.lib.i18n import N_

LONGEST = {"legal_name": 200, "tax_office": 60, "tax_number": 20, "address": 500, "phone": 30}
"""How many characters a field takes."""
PHONE = re.compile(r"\+?[0-9][0-9 ()-]{6,24}", re.ASCII)


@dataclass
class BillingDetails:
    """The form; what is empty is left out of documents, except for what an invoice cannot do without."""

    legal_name: str = ""
    tax_office: str = ""
    tax_number: str = ""
    """VKN (10 digits) or TCKN (11 digits), with blanks as people write them."""
    address: str = ""
    phone: str = ""

    @classmethod
    def of(cls, company: Company) -> "BillingDetails":
        """Return what is known today; the company's name stands in for its legal one."""
        known = {field.name: getattr(company, field.name) or "" for field in fields(cls)}
        return cls(**{**known, "legal_name": company.legal_name or company.name})


async def change_details(
    session: AsyncSession, viewer: Viewer, form: BillingDetails, *, at: datetime
) -> list[InvalidInput]:
    """Keep the details for the invoices that follow; those that are issued stay as they are.

    Returns what is wrong with the fields, and then keeps nothing. The audit entry says which fields have
    changed, and of those that are personal not what they held (`audit.redaction`).
    """
    if errors := problems_of(form):
        return errors
    company = await session.get_one(Company, viewer.company.id, with_for_update=True, populate_existing=True)
    wanted = {name: text or None for name, text in _cleaned(form).items()}
    changed = [name for name, text in wanted.items() if getattr(company, name) != text]
    for name in changed:
        setattr(company, name, wanted[name])
    if changes := changes_of(company):
        record(
            session,
            at=at,
            action="company.billing_details_changed",
            subject=company.id,
            company_id=company.id,
            actor_id=viewer.user.id,
            facts={"fields": changed},
            changes=changes,
        )
    return []


def problems_of(form: BillingDetails) -> list[InvalidInput]:
    """Return the sentence of each field that cannot be printed on an invoice as it stands."""
    kept = _cleaned(form)
    found = [
        InvalidInput(N_("Write at most %(count)s characters."), field=name, count=LONGEST[name])
        for name, text in kept.items()
        if len(text) > LONGEST[name]
    ]
    if not kept["legal_name"]:
        found.append(InvalidInput(N_("Write the name the invoice is made out to."), field="legal_name"))
    if not kept["address"]:
        found.append(InvalidInput(N_("Write the address the invoice is made out to."), field="address"))
    if kept["phone"] and not PHONE.fullmatch(kept["phone"]):
        found.append(InvalidInput(N_("Write a phone number such as +90 216 123 45 67."), field="phone"))
    return [*found, *_problems_of_number(kept["tax_number"], kept["tax_office"])]


def _problems_of_number(number: str, office: str) -> list[InvalidInput]:
    if tax_numbers.is_company_number(number):
        missing = InvalidInput(N_("A company's invoice names its tax office."), field="tax_office")
        return [] if office else [missing]
    if tax_numbers.is_personal_number(number):
        return []
    wrong = InvalidInput(
        N_("This is no VKN (10 digits) and no TCKN (11 digits): one of its digits is wrong."),
        field="tax_number",
    )
    return [wrong]


def _cleaned(form: BillingDetails) -> dict[str, str]:
    """Return the fields in one line each, without what cannot be seen."""
    texts = {field.name: " ".join(getattr(form, field.name).split()) for field in fields(form)}
    texts = {name: "".join(filter(str.isprintable, text)) for name, text in texts.items()}
    return {**texts, "tax_number": tax_numbers.compact(texts["tax_number"])}
