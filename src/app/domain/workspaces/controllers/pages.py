"""The pages of workspaces: list, detail, the verbs, and the way into the editor."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Controller, Response, delete, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import ServerSentEvent, Template
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Workspace, WorkspaceStatus
from app.domain.accounts.limits import WORKSPACES_OF_COMPANY
from app.domain.companies.viewer import Viewer
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.workspaces import edge, permissions, queries, service
from app.domain.workspaces.attempts import EVENT
from app.domain.workspaces.guards import workspace_of
from app.domain.workspaces.idle import stops_at
from app.domain.workspaces.names import label_of
from app.domain.workspaces.quotas import places_of
from app.domain.workspaces.views import address_of, steps_of
from app.lib.clock import now
from app.lib.errors import InvalidInput, NotFound
from app.lib.events import stream
from app.lib.http import VERIFIED, AnyRequest, Injected, limited, redirect
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.templating import form_page, page

LIST_BLOCKS = frozenset({"workspace_list", "workspace_form"})
SHOW_BLOCKS = frozenset({"workspace"})


@dataclass
class NewWorkspace:
    """The form as it was typed."""

    name: str = ""


class WorkspaceController(Controller):
    """`/workspaces`."""

    path = "/workspaces"

    @get("/", name="workspaces:list")
    async def list_all(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        block: FromQuery[str] = "",
    ) -> Template:
        """Show the company's workspaces."""
        wanted = block if block in LIST_BLOCKS else "content"
        return await list_page(request, db_session, viewer, block=wanted)

    @post("/", name="workspaces:create", status_code=200, opt=VERIFIED | limited(WORKSPACES_OF_COMPANY))
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        data: URLEncodedBody[NewWorkspace],
    ) -> Response[Any] | Template:
        """Create a workspace and start it; a refused name comes back with the reason beside it."""
        driver = settings.workspace_driver
        try:
            workspace = await service.create_workspace(
                db_session, viewer, name=data.name, driver=driver, at=now()
            )
        except InvalidInput as refusal:
            return await list_page(request, db_session, viewer, form=data, refusal=refusal)
        return redirect(request, f"/workspaces/{workspace.id}")

    @get("/{workspace_id:uuid}", name="workspaces:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        workspace_id: FromPath[UUID],
        block: FromQuery[str] = "",
    ) -> Template:
        """Show one workspace and the steps of what happened to it last."""
        workspace = await workspace_of(db_session, viewer, workspace_id)
        wanted = block if block in SHOW_BLOCKS else "content"
        return await show_page(request, db_session, viewer, settings, workspace, wanted)

    @post(
        "/{workspace_id:uuid}/session",
        name="workspaces:start",
        status_code=200,
        opt=VERIFIED | limited(WORKSPACES_OF_COMPANY),
    )
    async def start(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        workspace_id: FromPath[UUID],
    ) -> Response[Any]:
        """Start it."""
        workspace = await workspace_of(db_session, viewer, workspace_id, lock=True)
        await service.start_workspace(db_session, viewer, workspace, at=now())
        return redirect(request, f"/workspaces/{workspace_id}")

    @delete("/{workspace_id:uuid}/session", name="workspaces:stop", status_code=200)
    async def stop(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        workspace_id: FromPath[UUID],
    ) -> Response[Any]:
        """Stop it; its files stay."""
        return await request_stop(request, db_session, viewer, workspace_id)

    @post("/{workspace_id:uuid}/session/end", name="workspaces:stop_form", status_code=200)
    async def stop_by_form(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        workspace_id: FromPath[UUID],
    ) -> Response[Any]:
        """Stop it from a page without JavaScript, whose forms know no DELETE."""
        return await request_stop(request, db_session, viewer, workspace_id)

    @delete("/{workspace_id:uuid}", name="workspaces:delete", status_code=200)
    async def remove(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        workspace_id: FromPath[UUID],
    ) -> Response[Any]:
        """Delete it with all its files."""
        return await request_deletion(request, db_session, viewer, workspace_id)

    @post("/{workspace_id:uuid}/deletion", name="workspaces:delete_form", status_code=200)
    async def delete_by_form(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        workspace_id: FromPath[UUID],
    ) -> Response[Any]:
        """Delete it from a page without JavaScript."""
        return await request_deletion(request, db_session, viewer, workspace_id)

    @get("/{workspace_id:uuid}/open", name="workspaces:open")
    async def open(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        redis: Injected[Redis],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        workspace_id: FromPath[UUID],
    ) -> Response[Any]:
        """Go to the editor."""
        workspace = await workspace_of(db_session, viewer, workspace_id)
        return await enter(request, redis, viewer, settings, workspace)

    @get("/open/{label:str}", name="workspaces:enter")
    async def open_host(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        redis: Injected[Redis],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        label: FromPath[str],
    ) -> Response[Any]:
        """Go to the editor of a host; the edge sends people here who have no pass for it."""
        name, _, slug = label.partition("--")
        workspace = await queries.workspace_named(db_session, viewer.company.id, name)
        if workspace is None or slug != viewer.company.slug:
            raise NotFound(N_("There is no such workspace."))
        return await enter(request, redis, viewer, settings, workspace)

    @get("/{workspace_id:uuid}/events", name="workspaces:events")
    async def events(
        self,
        db_session: Injected[AsyncSession],
        redis: Injected[Redis],
        viewer: Injected[Viewer],
        workspace_id: FromPath[UUID],
    ) -> ServerSentEvent:
        """Stream a hint at every step and every change; the page fetches the steps themselves."""
        await workspace_of(db_session, viewer, workspace_id)
        return stream(redis, viewer.company.id, EVENT, until=viewer.looks_until)


async def request_stop(
    request: AnyRequest, session: AsyncSession, viewer: Viewer, workspace_id: UUID
) -> Response[Any]:
    """Ask for a stop and go back to the workspace's page."""
    workspace = await workspace_of(session, viewer, workspace_id, lock=True)
    await service.stop_workspace(session, viewer, workspace, at=now())
    return redirect(request, f"/workspaces/{workspace_id}")


async def request_deletion(
    request: AnyRequest, session: AsyncSession, viewer: Viewer, workspace_id: UUID
) -> Response[Any]:
    """Ask for a deletion and go back to the list, where it is seen to vanish."""
    workspace = await workspace_of(session, viewer, workspace_id, lock=True)
    await service.delete_workspace(session, viewer, workspace, at=now())
    return redirect(request, "/workspaces")


async def enter(
    request: AnyRequest, redis: Redis, viewer: Viewer, settings: Settings, workspace: Workspace
) -> Response[Any]:
    """Give a ticket and go where it is good; a workspace that does not run shows its page instead."""
    permissions.require_opening(viewer, workspace)
    entitlement_of(viewer.subscription, now()).require_running()
    if workspace.status is not WorkspaceStatus.READY:
        return redirect(request, f"/workspaces/{workspace.id}")
    entry = edge.Pass(workspace.id, viewer.user.id, viewer.user.session_epoch)
    ticket = await edge.issue_ticket(redis, entry)
    address = address_of(label_of(workspace.name, viewer.company.slug), settings)
    return redirect(request, address + edge.TICKET_PATH + ticket)


async def list_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    *,
    block: str = "workspace_form",
    form: NewWorkspace | None = None,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the list with its form and, after a refusal, the sentence at its field."""
    entitlement = entitlement_of(viewer.subscription, now())
    places = await places_of(session, viewer.company.id, entitlement)
    return form_page(
        request,
        "workspaces/list.html.j2",
        block=block,
        workspaces=await queries.live_workspaces(session, viewer.company.id),
        room=places.room_for(viewer.user.id),
        entitlement=entitlement,
        may_operate=permissions.may_operate(viewer.role),
        form=form or NewWorkspace(),
        refusal=refusal,
    )


async def show_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    workspace: Workspace,
    block: str,
) -> Template:
    """Return the page of one workspace."""
    transition = await queries.latest_transition(session, workspace.id)
    label = label_of(workspace.name, viewer.company.slug)
    entitlement = entitlement_of(viewer.subscription, now())
    return page(
        request,
        "workspaces/show.html.j2",
        block=block,
        workspace=workspace,
        transition=transition,
        steps=steps_of(transition),
        entitlement=entitlement,
        stops_at=stops_at(workspace, entitlement.plan),
        may_open=permissions.may_open(viewer, workspace),
        may_manage=permissions.may_manage(viewer, workspace),
        label=label,
        address=address_of(label, settings),
    )
