"""What a company says of itself: its name on pages and letters, and the language of its invitations."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company
from app.domain.accounts.service import require_name
from app.domain.audit.changes import changes_of
from app.domain.audit.service import record
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.lib.errors import InvalidInput
from app.lib.i18n import LANGUAGES, N_


@dataclass
class CompanyProfile:
    """The form as it was typed."""

    name: str = ""
    language: str = ""

    @classmethod
    def of(cls, company: Company) -> "CompanyProfile":
        """Return what is known."""
        return cls(company.name, company.language)


async def change_company(
    session: AsyncSession, viewer: Viewer, form: CompanyProfile, *, at: datetime
) -> None:
    """Keep what was typed; its address, and invoices that are issued, stay as they are.

    Raises `NotAllowed`, and `InvalidInput` at the field that is wrong.
    """
    viewer.require(Permission.EDIT_COMPANY)
    name = require_name(form.name, field="name")
    if form.language not in LANGUAGES:
        raise InvalidInput(N_("Choose one of the languages."), field="language")
    company = await session.get_one(Company, viewer.company.id, with_for_update=True, populate_existing=True)
    company.name, company.language = name, form.language
    changes = changes_of(company)
    if not changes:
        return
    record(
        session,
        at=at,
        action="company.profile_changed",
        subject=company.id,
        company_id=company.id,
        actor_id=viewer.user.id,
        changes=changes,
    )
