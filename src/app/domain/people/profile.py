"""What a person says of themselves: the name on letters, the language, the colours."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.accounts.service import require_name
from app.domain.audit.changes import changes_of
from app.domain.audit.service import record
from app.domain.companies.preferences import COLOR_SCHEMES
from app.lib.errors import InvalidInput
from app.lib.i18n import LANGUAGES, N_


@dataclass
class Profile:
    """The form as it was typed."""

    full_name: str = ""
    language: str = ""
    color_scheme: str = ""

    @classmethod
    def of(cls, user: User) -> "Profile":
        """Return what is known."""
        return cls(user.full_name, user.language, user.color_scheme)


def change_profile(session: AsyncSession, user: User, form: Profile, *, at: datetime) -> None:
    """Keep what was typed. Raises `InvalidInput` at the field that is wrong; then nothing is changed."""
    full_name = require_name(form.full_name, field="full_name")
    if form.language not in LANGUAGES:
        raise InvalidInput(N_("Choose one of the languages."), field="language")
    if form.color_scheme not in COLOR_SCHEMES:
        raise InvalidInput(N_("Choose light, dark, or what the device prefers."), field="color_scheme")
    user.full_name, user.language, user.color_scheme = full_name, form.language, form.color_scheme
    if changes := changes_of(user):
        record(
            session,
            at=at,
            action="account.changed",
            subject=user.id,
            company_id=None,
            actor_id=user.id,
            changes=changes,
        )
