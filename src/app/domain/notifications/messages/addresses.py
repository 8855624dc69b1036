"""E-mails about a person's address: whether its mail is read, and the way to another one."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.notifications.messages.base import Message, SealedLink


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailVerification(Message):
    """The way to confirm an address, asked for again after the one in the welcome."""

    template: ClassVar[str] = "email_verification"

    email: str
    link: SealedLink
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeAsked(Message):
    """To the address of now: another one is wanted; its reader confirms or stops it."""

    template: ClassVar[str] = "email_change_asked"

    new_email: str
    link: SealedLink
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeToConfirm(Message):
    """To the address that is wanted: its reader confirms it. It tells a stranger no more than a name."""

    template: ClassVar[str] = "email_change_to_confirm"

    new_email: str
    link: SealedLink
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailHasAccount(Message):
    """To an address that is wanted for one account and has another: nothing will change."""

    template: ClassVar[str] = "email_has_account"

    email: str
    login_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanged(Message):
    """To both addresses: the account has moved from one to the other, and every other session has ended."""

    template: ClassVar[str] = "email_changed"

    old_email: str
    new_email: str
    changed_at: datetime
    login_url: str
