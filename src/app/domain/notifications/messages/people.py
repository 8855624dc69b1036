"""E-mails about who belongs to a company."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.notifications.messages.base import Message, SealedLink


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationLetter(Message):
    """Somebody is asked into a company; `full_name` is the invited address: there may be no account yet."""

    template: ClassVar[str] = "invitation"

    company_name: str
    invited_by: str
    link: SealedLink
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipHandedOver(Message):
    """A company has another owner; goes to both."""

    template: ClassVar[str] = "ownership_handed_over"

    company_name: str
    owner_name: str
    was_name: str
    members_url: str
