"""Everything about one person."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import AuditEntry, Company, LegalAcceptance, Membership, User, Workspace
from app.domain.billing.archives.rows import Rows, rows_of
from app.lib.session_directory import SessionDirectory


async def person_files(session: AsyncSession, directory: SessionDirectory, user: User) -> dict[str, Rows]:
    """Return the parts of a person's copy by their file names."""
    mine = Membership.user_id == user.id
    known = await directory.entries_of(user.id)
    return {
        "profile.json": await rows_of(session, User, User.id == user.id),
        "companies.json": await rows_of(
            session,
            Company,
            Company.id.in_(select(Membership.company_id).where(mine)),
            only=("id", "name", "slug", "language", "created_at"),
        ),
        "memberships.json": await rows_of(session, Membership, mine),
        "workspaces.json": await rows_of(session, Workspace, Workspace.owner_id == user.id),
        "acceptances.json": await rows_of(session, LegalAcceptance, LegalAcceptance.user_id == user.id),
        "activity.json": await rows_of(
            session, AuditEntry, AuditEntry.actor_id == user.id, AuditEntry.actor == "user"
        ),
        "sessions.json": [
            {"began_at": one.began_at, "seen_at": one.seen_at, "address": one.address, "agent": one.agent}
            for one in known
        ],
    }
