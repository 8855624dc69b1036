"""The letter of an invitation, and what its link says."""

from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Invitation, User
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import InvitationLetter, SealedLink

PURPOSE: Final = "invitation"
PATH: Final = "/invitations"


async def send_letter(session: AsyncSession, invitation: Invitation, company: Company, by: User) -> None:
    """Queue the letter with its link, in the company's language: the person may have no account yet."""
    expires_at: datetime = invitation.expires_at
    await notifications.queue_email(
        session,
        occasion=f"{PURPOSE}:{invitation.id}:{invitation.letters}",
        message=InvitationLetter(
            full_name=invitation.email,
            company_name=company.name,
            invited_by=by.full_name,
            link=SealedLink(PATH, PURPOSE, invitation.id.hex, expires_at),
            expires_at=expires_at,
        ),
        recipient=invitation.email,
        language=company.language,
        company_id=company.id,
        at=invitation.asked_at,
    )
