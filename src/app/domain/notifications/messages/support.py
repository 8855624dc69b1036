"""E-mails about our support's work in a company."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from app.domain.notifications.messages.base import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportBegan(Message):
    """An operator looks at the company from its owner's place; the owner may end that at once."""

    template: ClassVar[str] = "support_began"

    company_name: str
    reason: str
    began_at: datetime
    ends_at: datetime
    support_url: str
