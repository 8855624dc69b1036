"""`/company/members`, `/company/invitations`: who belongs to a company, and who is asked to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.accounts.limits import INVITATIONS_OF_ACCOUNT, INVITATIONS_OF_COMPANY
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.people.invitations.addresses import FIELD, count_of
from app.domain.people.invitations.service import Invite, invite, resend, withdraw
from app.domain.people.members.queries import member_in, members_of, waiting_invitations
from app.domain.people.members.service import change_role
from app.domain.people.removals import unfinished_removals
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.workspaces.quotas import places_of
from app.lib.clock import now, real_now
from app.lib.errors import InvalidInput
from app.lib.http import VERIFIED, AnyRequest, Injected, redirect
from app.lib.templating import form_page, page
from app.lib.throttles import Throttle
from app.lib.uow import roll_back

MEMBERS = "/company/members"


@dataclass
class RoleForm:
    """The role that a member is to have."""

    role: str = ""


class MemberController(Controller):
    """`/company/members`."""

    path = MEMBERS

    @get("/", name="members:list")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Template:
        """Show who belongs to the company and, to who manages them, who is invited."""
        return await members_page(request, db_session, viewer, Invite())

    @get("/{membership_id:uuid}", name="members:show")
    async def show_member(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        membership_id: FromPath[UUID],
    ) -> Template:
        """Show one member and what can be changed about them."""
        return await member_page(request, db_session, viewer, membership_id)

    @post("/{membership_id:uuid}/role", name="members:change-role", status_code=200)
    async def give_role(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        membership_id: FromPath[UUID],
        data: URLEncodedBody[RoleForm],
    ) -> Response[Any] | Template:
        """Give a member another role."""
        viewer.require(Permission.MANAGE_MEMBERS)
        try:
            await change_role(db_session, viewer, membership_id, data.role, at=now())
        except InvalidInput as refusal:
            await roll_back(db_session)
            return await member_page(request, db_session, viewer, membership_id, data.role, refusal)
        return redirect(request, MEMBERS)


class InvitationController(Controller):
    """`/company/invitations`: times are real ones, as the links' are, also on a test clock."""

    path = "/company/invitations"
    opt = VERIFIED

    @post("/", name="invitations:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer],
        data: URLEncodedBody[Invite],
    ) -> Response[Any] | Template:
        """Invite everybody in the form, or say at the field what is wrong with which address."""
        viewer.require(Permission.MANAGE_MEMBERS)
        await take_tries(throttle, viewer, count_of(data.emails))
        if problems := await invite(db_session, viewer, data, at=real_now()):
            await roll_back(db_session)
            return await members_page(request, db_session, viewer, data, problems)
        return redirect(request, MEMBERS)

    @post("/{invitation_id:uuid}/resending", name="invitations:resend", status_code=200)
    async def send_again(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        throttle: Injected[Throttle],
        viewer: Injected[Viewer],
        invitation_id: FromPath[UUID],
    ) -> Response[Any]:
        """Send the letter again."""
        viewer.require(Permission.MANAGE_MEMBERS)
        await take_tries(throttle, viewer, 1)
        await resend(db_session, viewer, invitation_id, at=real_now())
        return redirect(request, MEMBERS)

    @post("/{invitation_id:uuid}/withdrawal", name="invitations:withdraw", status_code=200)
    async def take_back(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        invitation_id: FromPath[UUID],
    ) -> Response[Any]:
        """Let the letter's link open nothing any more."""
        await withdraw(db_session, viewer, invitation_id, at=real_now())
        return redirect(request, MEMBERS)


async def take_tries(throttle: Throttle, viewer: Viewer, letters: int) -> None:
    """Count letters to strangers, of the company and of the person. Raises `TooMany`."""
    for _ in range(letters):
        await throttle.take(INVITATIONS_OF_ACCOUNT, str(viewer.user.id))
        await throttle.take(INVITATIONS_OF_COMPANY, str(viewer.company.id))


async def members_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    form: Invite,
    problems: Sequence[InvalidInput] = (),
) -> Template:
    """Return the list with the form to invite and, after a refusal, the sentences at its fields."""
    viewer.require(Permission.SEE_MEMBERS)
    manages = viewer.can(Permission.MANAGE_MEMBERS)
    places = await places_of(session, viewer.company.id, entitlement_of(viewer.subscription, now()))
    return page(
        request,
        "company/members.html.j2",
        block="invitation_form",
        status_code=422 if problems else 200,
        form=form,
        members=await members_of(session, viewer.company.id),
        places=places,
        removals=await unfinished_removals(session, viewer.company.id) if manages else (),
        invitations=await waiting_invitations(session, viewer.company.id) if manages else (),
        problems=[problem for problem in problems if problem.field == FIELD],
        errors={problem.field: problem for problem in problems if problem.field != FIELD},
        at=real_now(),
    )


async def member_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    membership_id: UUID,
    wanted: str = "",
    refusal: InvalidInput | None = None,
) -> Template:
    """Return one member's page; a membership of another company is not found."""
    viewer.require(Permission.MANAGE_MEMBERS)
    member = await member_in(session, viewer.company.id, membership_id)
    return form_page(
        request,
        "company/member.html.j2",
        block="role_form",
        member=member,
        wanted=wanted or member.role,
        refusal=refusal,
    )
