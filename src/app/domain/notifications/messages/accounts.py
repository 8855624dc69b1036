"""E-mails about a person's own account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReady(Message):
    """The copy of a person's or a company's data can be fetched."""

    template: ClassVar[str] = "data_ready"

    is_of_company: bool
    expires_at: datetime
    data_url: str


class TwoFactorChange(StrEnum):
    """What happened to a second factor."""

    ON = "enabled"
    REPLACED = "replaced"
    CODES = "codes_renewed"
    OFF = "disabled"
    RESET = "reset"
    """Taken away by our support, for somebody who had lost it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFactorChanged(Message):
    """The second factor is another one, or none; whoever did not do it acts now."""

    template: ClassVar[str] = "two_factor_changed"

    change: TwoFactorChange
    changed_at: datetime
    account_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryCodeUsed(Message):
    """A recovery code stood in for the app."""

    template: ClassVar[str] = "recovery_code_used"

    used_at: datetime
    left: int
    account_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesGuessed(Message):
    """Somebody who knows the password has tried many codes."""

    template: ClassVar[str] = "codes_guessed"

    tried_at: datetime
    reset_url: str
