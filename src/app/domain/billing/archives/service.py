"""Making a copy of somebody's data, and removing it after its days. Both may run twice, late, or at once."""

import asyncio
import io
import zipfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import ArchiveOf, DataArchive, User
from app.domain.accounts.retention import ARCHIVE_KEPT
from app.domain.billing.archives.company import company_files, documents_of
from app.domain.billing.archives.person import person_files
from app.domain.billing.archives.rows import as_json
from app.domain.notifications.messages import DataReady
from app.domain.notifications.service import queue_email
from app.lib.session_directory import SessionDirectory
from app.lib.settings import Settings
from app.lib.storage import Storage
from app.lib.uow import unit_of_work

TRY_AGAIN = timedelta(minutes=10)
"""A copy whose worker died is made by the next sweep after this."""
PAGES = {ArchiveOf.PERSON: "/account/data", ArchiveOf.COMPANY: "/company/data"}


async def follow_archive(
    session_maker: async_sessionmaker[AsyncSession],
    storage: Storage,
    directory: SessionDirectory,
    settings: Settings,
    archive_id: UUID,
    *,
    at: datetime,
) -> None:
    """Make a copy that was asked for, or remove one whose days are over."""
    async with unit_of_work(session_maker) as session:
        archive = await session.get(DataArchive, archive_id, with_for_update=True)
        if archive is None or archive.removed_at is not None:
            return
        is_over = archive.expires_at is not None and archive.expires_at <= at
        if archive.ready_at is None:
            archive.next_attempt_at = at + TRY_AGAIN
        key = archive.storage_key or f"archives/{archive.id.hex}.zip"
        was_ready = archive.ready_at is not None
    if is_over:
        await _remove(session_maker, storage, archive_id, key, at=at)
    elif not was_ready:
        data = await _made(session_maker, storage, directory, archive)
        await storage.put(key, data, "application/zip")
        await _stamp(session_maker, settings, archive_id, key, len(data), at=at)


async def _made(
    session_maker: async_sessionmaker[AsyncSession],
    storage: Storage,
    directory: SessionDirectory,
    archive: DataArchive,
) -> bytes:
    async with unit_of_work(session_maker) as session:
        user = await session.get_one(User, archive.requested_by_id)
        if archive.company_id is None:
            rows, documents = await person_files(session, directory, user), {}
        else:
            rows = await company_files(session, archive.company_id)
            documents = await documents_of(session, storage, archive.company_id)
    return await asyncio.to_thread(packed, {name: as_json(part) for name, part in rows.items()} | documents)


async def _stamp(
    session_maker: async_sessionmaker[AsyncSession],
    settings: Settings,
    archive_id: UUID,
    key: str,
    size: int,
    *,
    at: datetime,
) -> None:
    """Note that it can be fetched and tell who asked, once."""
    async with unit_of_work(session_maker) as session:
        archive = await session.get_one(DataArchive, archive_id, with_for_update=True)
        if archive.ready_at is not None:
            return
        archive.ready_at, archive.storage_key, archive.size = at, key, size
        archive.expires_at = archive.next_attempt_at = at + ARCHIVE_KEPT
        user = await session.get_one(User, archive.requested_by_id)
        if user.deleted_at is not None:
            archive.expires_at = archive.next_attempt_at = at
            return
        await queue_email(
            session,
            occasion=f"data-ready:{archive.id}",
            message=DataReady(
                full_name=user.full_name,
                is_of_company=archive.kind is ArchiveOf.COMPANY,
                expires_at=archive.expires_at,
                data_url=f"{settings.base_url}{PAGES[archive.kind]}",
            ),
            recipient=user.email,
            language=user.language,
            company_id=archive.company_id,
            at=at,
        )


async def _remove(
    session_maker: async_sessionmaker[AsyncSession],
    storage: Storage,
    archive_id: UUID,
    key: str,
    *,
    at: datetime,
) -> None:
    await storage.delete(key)
    async with unit_of_work(session_maker) as session:
        archive = await session.get_one(DataArchive, archive_id, with_for_update=True)
        archive.removed_at, archive.next_attempt_at = at, None


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return files as one ZIP."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            archive.writestr(name, data)
    return buffer.getvalue()
