"""`/account/data`, `/company/data`: a copy of everything about a person, or about a company."""

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import ArchiveOf
from app.domain.accounts.limits import ARCHIVES_OF_ACCOUNT
from app.domain.companies.person import Person
from app.domain.companies.viewer import Viewer
from app.domain.people.privacy.archives import archive_to_fetch, newest_archive, request_archive
from app.lib.clock import real_now
from app.lib.http import BEFORE_ACCEPTANCE, FOR_PERSON, AnyRequest, Injected, redirect
from app.lib.storage import Storage
from app.lib.templating import page
from app.lib.throttles import Throttle


class PersonDataController(Controller):
    """`/account/data`."""

    path = "/account/data"
    opt = FOR_PERSON | BEFORE_ACCEPTANCE

    @get("/", name="account-data:show")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer | Person]
    ) -> Template:
        """Show the copy that was asked for, or the way to ask."""
        return await data_page(request, db_session, viewer, ArchiveOf.PERSON)

    @post("/", name="account-data:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer | Person],
    ) -> Response[Any]:
        """Ask for a copy."""
        await throttle.take(ARCHIVES_OF_ACCOUNT, str(viewer.user.id))
        await request_archive(db_session, viewer, ArchiveOf.PERSON, at=real_now())
        return redirect(request, "/account/data")

    @get("/{archive_id:uuid}", name="account-data:fetch")
    async def fetch(
        self,
        db_session: Injected[AsyncSession],
        storage: Injected[Storage],
        viewer: Injected[Viewer | Person],
        archive_id: FromPath[UUID],
    ) -> Response[bytes]:
        """Give it to who asked for it."""
        return await archive_file(db_session, storage, viewer, ArchiveOf.PERSON, archive_id)


class CompanyDataController(Controller):
    """`/company/data`."""

    path = "/company/data"
    opt = BEFORE_ACCEPTANCE

    @get("/", name="company-data:show")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Template:
        """Show the copy that was asked for, or the way to ask."""
        return await data_page(request, db_session, viewer, ArchiveOf.COMPANY)

    @post("/", name="company-data:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer],
    ) -> Response[Any]:
        """Ask for a copy."""
        await throttle.take(ARCHIVES_OF_ACCOUNT, str(viewer.user.id))
        await request_archive(db_session, viewer, ArchiveOf.COMPANY, at=real_now())
        return redirect(request, "/company/data")

    @get("/{archive_id:uuid}", name="company-data:fetch")
    async def fetch(
        self,
        db_session: Injected[AsyncSession],
        storage: Injected[Storage],
        viewer: Injected[Viewer],
        archive_id: FromPath[UUID],
    ) -> Response[bytes]:
        """Give it to who asked for it."""
        return await archive_file(db_session, storage, viewer, ArchiveOf.COMPANY, archive_id)


async def data_page(
    request: AnyRequest, session: AsyncSession, viewer: Viewer | Person, kind: ArchiveOf
) -> Template:
    """Return the page of one kind of copy; while it is made the block asks again by itself."""
    archive = await newest_archive(session, viewer, kind)
    name = "accounts/data.html.j2" if kind is ArchiveOf.PERSON else "company/data.html.j2"
    return page(request, name, block="archive", archive=archive, at=real_now())


async def archive_file(
    session: AsyncSession, storage: Storage, viewer: Viewer | Person, kind: ArchiveOf, archive_id: UUID
) -> Response[bytes]:
    """Return the file of a copy that is ready. Raises `NotFound`."""
    archive = await archive_to_fetch(session, viewer, kind, archive_id, at=real_now())
    name = f"tezgah-{kind}-{archive.requested_at.date().isoformat()}.zip"
    return Response(
        await storage.get(archive.storage_key or ""),
        media_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )
