"""Samples of the e-mails about who belongs to a company."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.domain.notifications.messages import InvitationLetter, Message, OwnershipHandedOver, SealedLink


def people_samples(at: datetime, site: str) -> Iterator[Message]:
    """Yield one of each."""
    week = at + timedelta(days=7)
    yield InvitationLetter(
        full_name="deniz@isik.com.tr",
        company_name="Işık A.Ş.",
        invited_by="Ayşe Yılmaz",
        link=SealedLink("/invitations", "sample", "deniz", week),
        expires_at=week,
    )
    yield OwnershipHandedOver(
        full_name="Ayşe Yılmaz",
        company_name="Işık A.Ş.",
        owner_name="Deniz Er",
        was_name="Ayşe Yılmaz",
        members_url=f"{site}/company/members",
    )
