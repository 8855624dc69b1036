"""Removing a member, `/company/members/{id}/removal`, and what is left to do, `/company/members/removals`."""

from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import User
from app.domain.accounts.limits import WORKSPACES_OF_COMPANY
from app.domain.companies.viewer import Viewer
from app.domain.people.dismissal import Dismissal, dismiss, leaver_of
from app.domain.people.removals import pinned_to, removal_in, retry
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.http import AnyRequest, Injected, limited, redirect
from app.lib.templating import form_page, page
from app.lib.uow import roll_back

MEMBERS = "/company/members"


class RemovalController(Controller):
    """`/company/members/{id}/removal`, `/company/members/removals/{id}`."""

    path = MEMBERS

    @get("/{membership_id:uuid}/removal", name="member-removal:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        membership_id: FromPath[UUID],
    ) -> Template:
        """Show what the member holds and ask what becomes of it."""
        return await removal_page(request, db_session, viewer, membership_id)

    @post("/{membership_id:uuid}/removal", name="member-removal:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        membership_id: FromPath[UUID],
        data: URLEncodedBody[Dismissal],
    ) -> Response[Any] | Template:
        """Remove the member."""
        try:
            removal = await dismiss(db_session, viewer, membership_id, data, at=now())
        except InvalidInput as refusal:
            await roll_back(db_session)
            return await removal_page(request, db_session, viewer, membership_id, data, refusal)
        return redirect(request, MEMBERS if removal.done_at else f"{MEMBERS}/removals/{removal.id}")

    @get("/removals/{removal_id:uuid}", name="removals:show")
    async def follow(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        removal_id: FromPath[UUID],
    ) -> Template:
        """Show which workspaces have still to follow."""
        removal = await removal_in(db_session, viewer, removal_id)
        return page(
            request,
            "company/removed.html.j2",
            block="left",
            removal=removal,
            person=await db_session.get_one(User, removal.user_id),
            heir=await db_session.get(User, removal.heir_id) if removal.heir_id else None,
            workspaces=await pinned_to(db_session, removal),
        )

    @post(
        "/removals/{removal_id:uuid}/retry",
        name="removals:retry",
        status_code=200,
        opt=limited(WORKSPACES_OF_COMPANY),
    )
    async def ask_again(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        removal_id: FromPath[UUID],
    ) -> Response[Any]:
        """Ask again now for what has failed."""
        await retry(db_session, viewer, removal_id, at=now())
        return redirect(request, f"{MEMBERS}/removals/{removal_id}")


async def removal_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    membership_id: UUID,
    form: Dismissal | None = None,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the forms with what was typed and, after a refusal, the sentence at its field."""
    return form_page(
        request,
        "company/removal.html.j2",
        block="removal_form",
        leaver=await leaver_of(session, viewer, membership_id, at=now()),
        membership_id=membership_id,
        form=form or Dismissal(),
        refusal=refusal,
    )
