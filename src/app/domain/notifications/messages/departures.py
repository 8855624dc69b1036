"""The e-mail to somebody who belongs to a company no more."""

from dataclasses import dataclass
from typing import ClassVar

from app.domain.notifications.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved(Message):
    """The person was removed; what became of their workspaces, and that their account is still theirs."""

    template: ClassVar[str] = "member_removed"

    company_name: str
    by_name: str
    by_email: str
    workspaces_passed: int
    workspaces_deleted: int
