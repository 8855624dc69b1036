"""Copies of somebody's data: asked for on a page, made by the worker, fetched by who asked, and removed."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import ArchiveOf, DataArchive
from app.domain.audit.service import record
from app.domain.companies.permissions import Permission
from app.domain.companies.person import Person
from app.domain.companies.viewer import Viewer
from app.domain.jobs import Job
from app.lib.errors import NotFound
from app.lib.i18n import N_
from app.lib.ids import uuid7
from app.lib.uow import defer

FAST_PATH = timedelta(minutes=1)
"""How long the queue has before the sweep makes it."""
AT_MOST = 100


async def request_archive(
    session: AsyncSession, viewer: Viewer | Person, kind: ArchiveOf, *, at: datetime
) -> None:
    """Ask for a copy; while one is being made, a second wish is the same one."""
    company_id = company_of(viewer, kind)
    row = {
        "id": uuid7(),
        "kind": kind,
        "requested_by_id": viewer.user.id,
        "company_id": company_id,
        "requested_at": at,
        "next_attempt_at": at + FAST_PATH,
    }
    statement = insert(DataArchive).values(row).on_conflict_do_nothing().returning(DataArchive.id)
    archive_id = await session.scalar(statement)
    if archive_id is None:
        return
    action = "account.data_requested" if kind is ArchiveOf.PERSON else "company.data_requested"
    record(
        session,
        at=at,
        action=action,
        subject=archive_id,
        company_id=company_id,
        actor_id=viewer.user.id,
    )
    defer(session, Job.MAKE_ARCHIVE, key=f"archive:{archive_id}", archive_id=str(archive_id))


async def newest_archive(
    session: AsyncSession, viewer: Viewer | Person, kind: ArchiveOf
) -> DataArchive | None:
    """Return the copy that was asked for last and is not gone."""
    statement = (
        select(DataArchive)
        .where(
            DataArchive.requested_by_id == viewer.user.id,
            DataArchive.kind == kind,
            DataArchive.company_id.is_not_distinct_from(company_of(viewer, kind)),
            DataArchive.removed_at.is_(None),
        )
        .order_by(DataArchive.requested_at.desc())
        .limit(1)
    )
    return await session.scalar(statement)


async def archive_to_fetch(
    session: AsyncSession, viewer: Viewer | Person, kind: ArchiveOf, archive_id: UUID, *, at: datetime
) -> DataArchive:
    """Return a copy that is ready, to who asked for it and nobody else. Raises `NotFound`."""
    archive = await session.get(DataArchive, archive_id)
    is_theirs = (
        archive is not None
        and archive.requested_by_id == viewer.user.id
        and (archive.kind, archive.company_id) == (kind, company_of(viewer, kind))
    )
    if archive is None or not is_theirs or archive.expires_at is None or archive.expires_at <= at:
        raise NotFound(N_("There is no such copy, or its days are over. Ask for a new one."))
    return archive


async def due_archives(session: AsyncSession, *, at: datetime, limit: int = AT_MOST) -> list[UUID]:
    """Return the copies that have still to be made, or removed."""
    statement = (
        select(DataArchive.id)
        .where(DataArchive.next_attempt_at <= at)
        .order_by(DataArchive.next_attempt_at)
        .limit(limit)
    )
    return list(await session.scalars(statement))


def company_of(viewer: Viewer | Person, kind: ArchiveOf) -> UUID | None:
    """Return whose data is meant, if a company's: its owner's to ask for."""
    if kind is ArchiveOf.PERSON:
        return None
    if not isinstance(viewer, Viewer):
        raise NotFound(N_("There is no such company."))
    viewer.require(Permission.EXPORT_DATA)
    return viewer.company.id
