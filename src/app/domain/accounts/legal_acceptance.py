"""What people have accepted: at sign-up, and again when a new version takes effect."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import LegalAcceptance, User
from app.domain.accounts.legal import ASKED_OF_PEOPLE, asked_of_people
from app.domain.accounts.legal_texts import keep, words_of
from app.lib.clock import real_now
from app.lib.i18n import N_
from app.lib.ids import uuid7
from app.lib.settings import Settings

ACCEPTANCE_PATH: Final = "/legal/acceptance"
ACCEPT: Final = N_("Please accept the terms to go on.")


async def accept_as_person(
    session: AsyncSession,
    user: User,
    *,
    company_id: UUID,
    language: str,
    address: str,
    settings: Settings,
    at: datetime,
) -> None:
    """Keep that a person accepted what is asked of everybody, in the words that are in force.

    Which words that are follows the real time, also in a company that lives in a time of its own. A repeat
    adds nothing.
    """
    law = real_now()
    for document in ASKED_OF_PEOPLE:
        words = words_of(document, document.in_force(law), language, settings)
        row = {
            "id": uuid7(),
            "user_id": user.id,
            "company_id": company_id,
            "document": words.document,
            "version": words.version,
            "sha256": await keep(session, words),
            "accepted_at": at,
            "address": address,
        }
        await session.execute(insert(LegalAcceptance).values(row).on_conflict_do_nothing())
    user.accepted_documents = asked_of_people(law)


class AcceptanceMissing(Exception):
    """What is in force has to be accepted before anything else; it is asked for on a page of its own."""


def is_asked(user: User) -> bool:
    """Say whether a person has still to accept what is in force now."""
    return user.accepted_documents != asked_of_people(real_now())
