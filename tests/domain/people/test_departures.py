"""The end of a membership: access at once, workspaces as chosen, and nothing left behind."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.db.models import (
    MemberRemoval,
    Membership,
    Role,
    Subscription,
    SubscriptionStatus,
    TransitionKind,
    Workspace,
    WorkspaceStatus,
    WorkspacesTo,
)
from app.domain.people.departures import DELETE, Choice, OwnerStays, end_membership
from app.domain.people.removals import RETRY_AFTER, due_removals
from app.domain.workspaces.drivers.process import ProcessDriver
from app.domain.workspaces.quotas import room_of
from app.lib.clock import now, real_now
from app.lib.errors import InvalidInput, NotAllowed, NotFound
from app.tasks.context import Resources
from app.tasks.people import sweep_removals
from app.tasks.workspaces import machinery_of
from tests.domain.people.firm import DeafDriver, Firm
from tests.domain.workspaces.contract import open_folder
from tests.domain.workspaces.desk import Desk, routed, with_driver
from tests.domain.workspaces.test_process_driver import COMMAND
from tests.factories import add_member, add_workspace, make_customer

W = WorkspaceStatus


@pytest.fixture
async def firm(resources: Resources) -> Firm:
    owner = await make_customer(resources.session_maker, name="Acme", plan="starter")
    desks = [
        Desk(resources.session_maker, await add_member(resources.session_maker, owner, Role.DEVELOPER), now)
        for _ in range(2)
    ]
    return Firm(resources.session_maker, machinery_of(resources), owner, *desks)


async def test_access_ends_in_the_transaction_that_ends_the_membership(firm: Firm) -> None:
    person = firm.leaver.customer
    removal = await firm.end(person)
    assert not await firm.is_member(person)
    assert removal.done_at is not None, "nothing was held, so nothing has to follow"
    assert await firm.told(person.user.id) == ["member.removed"]
    async with firm.session_maker() as session:
        viewer = replace(await firm.owner.viewer(session), user=person.user, role=Role.DEVELOPER)
        room = await room_of(session, viewer, at=now(), lock=True)
    with pytest.raises(NotAllowed):  # for a request that was under way when they were removed
        room.require()


async def test_workspaces_pass_to_the_one_chosen_and_what_runs_is_stopped(firm: Firm) -> None:
    running = await firm.leaver.create("running")
    await firm.carry_out()
    resting = await add_workspace(firm.session_maker, firm.leaver.customer, "resting", W.STOPPED)
    heir = firm.colleague.customer
    removal = await firm.end(firm.leaver.customer, Choice(WorkspacesTo.MEMBER, heir.user.id))
    for workspace_id, status in ((running, W.STOPPING), (resting.id, W.STOPPED)):
        workspace = await firm.colleague.workspace(workspace_id)
        assert (workspace.owner_id, workspace.status) == (heir.user.id, status)
        assert "workspace.moved" in await firm.told(workspace_id)
    await firm.carry_out()
    assert await routed(firm.machinery, running) is None
    assert (await firm.look(removal)).done_at is not None
    await firm.colleague.start(running)
    await firm.carry_out()
    assert (await firm.colleague.workspace(running)).status is W.READY


async def test_whoever_leaves_leaves_their_workspaces_to_the_owner_whose_quota_makes_room(firm: Firm) -> None:
    await firm.leaver.create("shop")
    async with firm.session_maker.begin() as session:
        of_owner = Membership.user_id == firm.owner.user.id
        (await session.scalars(select(Membership).where(of_owner))).one().workspace_quota = 0
    person = firm.leaver.customer
    removal = await firm.end(person, by=person.user.id)
    assert removal.heir_id == firm.owner.user.id
    assert await firm.told(person.user.id) == ["member.left"]
    assert await firm.told(firm.owner.user.id) == ["member.quota_changed"]
    async with firm.session_maker() as session:
        room = await room_of(session, await firm.owner.viewer(session), at=now())
    assert (room.share and room.share.used, room.left) == (1, 4)


async def test_an_heir_needs_room_and_has_to_work_with_workspaces(firm: Firm) -> None:
    await firm.leaver.create("shop")
    heir = firm.colleague.customer
    async with firm.session_maker.begin() as session:
        of_heir = Membership.user_id == heir.user.id
        (await session.scalars(select(Membership).where(of_heir))).one().workspace_quota = 0
    billing = await add_member(firm.session_maker, firm.owner, Role.BILLING)
    stranger = await make_customer(firm.session_maker, name="Other")
    for person, sentence in (
        (heir, "1 more do not fit"),
        (billing, "works with workspaces"),
        (stranger, "works with workspaces"),
        (firm.leaver.customer, "works with workspaces"),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            await firm.end(firm.leaver.customer, Choice(WorkspacesTo.MEMBER, person.user.id))
    assert await firm.is_member(firm.leaver.customer)


async def test_the_owner_stays_and_nobody_goes_twice(firm: Firm) -> None:
    with pytest.raises(OwnerStays):
        await firm.end(firm.owner)
    answers = await asyncio.gather(
        *(firm.end(firm.leaver.customer) for _ in range(4)), return_exceptions=True
    )
    refusals = [answer for answer in answers if not isinstance(answer, MemberRemoval)]
    assert len(refusals) == 3
    assert all("NotFound" in repr(one) or "NoResultFound" in repr(one) for one in refusals)


async def test_a_removal_and_creations_at_the_same_moment_leave_nothing_ownerless(firm: Firm) -> None:
    wishes = [firm.leaver.create(f"shop-{number}") for number in range(3)]
    *_, removal = await asyncio.gather(
        *wishes, firm.end(firm.leaver.customer, DELETE), return_exceptions=True
    )
    assert isinstance(removal, MemberRemoval)
    async with firm.session_maker() as session:
        held = list(await session.scalars(select(Workspace)))
    assert {workspace.removal_id for workspace in held} <= {removal.id}
    assert len(held) == removal.workspace_count


async def test_a_start_that_is_under_way_is_waited_for_and_then_deleted(firm: Firm) -> None:
    starting = await firm.leaver.create("starting")
    removal = await firm.end(firm.leaver.customer, DELETE)
    assert (await firm.leaver.workspace(starting)).status is W.STARTING
    await firm.carry_out()  # it becomes ready: the edge lets nobody in, its owner is no member
    assert (await firm.look(removal)).done_at is None
    await firm.carry_out()
    assert (await firm.leaver.workspace(starting)).status is W.DELETED
    assert (await firm.look(removal)).done_at is not None
    kinds = [transition.kind for transition in await firm.leaver.transitions(starting)]
    assert kinds == [TransitionKind.START, TransitionKind.DELETE]


async def test_a_deletion_that_failed_is_asked_for_again_later_each_time(firm: Firm) -> None:
    shop = await firm.leaver.create("shop")
    driver = DeafDriver()
    deaf = replace(firm, machinery=with_driver(firm.machinery, driver))
    await deaf.carry_out()
    removal = await deaf.end(firm.leaver.customer, DELETE)
    await deaf.carry_out()
    for number, wait in enumerate((*RETRY_AFTER, RETRY_AFTER[-1]), start=1):
        assert (await firm.leaver.workspace(shop)).status is W.FAILED
        due, removal = removal.next_attempt_at, await deaf.look(removal)
        assert due is not None
        assert (removal.attempts, removal.next_attempt_at) == (number, due + wait)
        await deaf.carry_out()
    driver.is_deaf = False
    await deaf.look(removal)
    await deaf.carry_out()
    assert (await deaf.look(removal)).done_at is not None
    assert (await firm.leaver.workspace(shop)).status is W.DELETED
    assert driver.files == set()


async def test_looking_twice_at_once_or_again_afterwards_changes_nothing(
    firm: Firm, resources: Resources
) -> None:
    shop = await firm.leaver.create("shop")
    await firm.carry_out()
    removal = await firm.end(firm.leaver.customer, DELETE)
    await asyncio.gather(*(firm.look(removal) for _ in range(4)))
    await firm.carry_out()
    await asyncio.gather(*(firm.look(removal) for _ in range(4)))
    assert (await firm.look(removal)).done_at is not None
    assert len(await firm.leaver.transitions(shop)) == 2
    async with firm.session_maker() as session:
        assert await due_removals(session, at=real_now() + timedelta(days=9)) == []
    await sweep_removals({"resources": resources})  # type: ignore[typeddict-unknown-key, typeddict-item]


async def test_a_suspended_company_still_removes_members(firm: Firm) -> None:
    shop = await firm.leaver.create("shop")
    await firm.carry_out()
    async with firm.session_maker.begin() as session:
        (await session.scalars(select(Subscription))).one().status = SubscriptionStatus.SUSPENDED
    await firm.end(firm.leaver.customer, DELETE)
    await firm.carry_out()
    assert (await firm.leaver.workspace(shop)).status is W.DELETED


async def test_another_company_of_the_person_is_untouched_and_a_quota_goes_back(firm: Firm) -> None:
    person = firm.leaver.customer
    other = await make_customer(firm.session_maker, name="Other")
    async with firm.session_maker.begin() as session:
        session.add(
            Membership(
                user_id=person.user.id, company_id=other.company.id, role=Role.ADMIN, workspace_quota=3
            )
        )
        of_person = (Membership.user_id == person.user.id, Membership.company_id == person.company.id)
        (await session.scalars(select(Membership).where(*of_person))).one().workspace_quota = 5
    elsewhere = await add_workspace(firm.session_maker, replace(person, company=other.company), "shop")
    await firm.end(person, DELETE)
    assert (await firm.leaver.workspace(elsewhere.id)).status is W.READY
    async with firm.session_maker() as session:
        [left] = await session.scalars(select(Membership).where(Membership.user_id == person.user.id))
        assert (left.company_id, left.workspace_quota) == (other.company.id, 3)
        assert (await room_of(session, await firm.owner.viewer(session), at=now())).left == 5


async def test_who_comes_back_keeps_what_they_make_though_the_old_is_still_being_deleted(firm: Firm) -> None:
    await firm.leaver.create("old")
    await firm.carry_out()
    person = firm.leaver.customer
    removal = await firm.end(person, DELETE)
    async with firm.session_maker.begin() as session:
        session.add(Membership(user_id=person.user.id, company_id=person.company.id, role=Role.DEVELOPER))
    new = await firm.leaver.create("new")
    await firm.carry_out()
    await firm.look(removal)
    await firm.carry_out()
    assert (await firm.leaver.workspace(new)).status is W.READY


async def test_a_membership_that_never_was_is_not_found(firm: Firm) -> None:
    ghost = Membership(user_id=firm.owner.user.id, company_id=firm.owner.company.id, role=Role.DEVELOPER)
    ghost.id = firm.owner.company.id
    async with firm.session_maker() as session:
        with pytest.raises(NotFound):
            await end_membership(session, ghost, by=None, at=now())


async def test_the_real_driver_shuts_out_who_was_inside_and_leaves_nothing_behind(firm: Firm) -> None:
    with open_folder() as root:
        real = replace(firm, machinery=with_driver(firm.machinery, ProcessDriver(root, COMMAND)))
        shop = await real.leaver.create("shop")
        await real.carry_out()
        workspace = await real.leaver.workspace(shop)
        assert workspace.backend_url is not None, workspace.last_error
        host, _, port = workspace.backend_url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: shop\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n")  # an open line, as a websocket is one
        heir = real.colleague.customer
        moved = await real.end(real.leaver.customer, Choice(WorkspacesTo.MEMBER, heir.user.id))
        await real.carry_out()
        assert await asyncio.wait_for(reader.read(), 10) is not None, "the line is cut"
        assert reader.at_eof()
        writer.close()
        assert (await real.look(moved)).done_at is not None
        assert (root / str(shop)).exists()
        await real.look(await real.end(heir, DELETE))
        await real.carry_out()
        assert not (root / str(shop)).exists()
        assert await routed(real.machinery, shop) is None
        again = await Desk(real.session_maker, real.owner, now).create("shop")
        assert again != shop
