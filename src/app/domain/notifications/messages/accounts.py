"""E-mails about a person's own account."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.notifications.messages.base import Message, SealedLink


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordReset(Message):
    """Somebody asked for a way back in; the link chooses a new password, once."""

    template: ClassVar[str] = "password_reset"

    link: SealedLink
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Message):
    """The password is a new one and every other session has ended; whoever did not do it acts now."""

    template: ClassVar[str] = "password_changed"

    changed_at: datetime
    reset_url: str
