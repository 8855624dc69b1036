"""Asking for workspaces: names, places of the plan, roles, and one wish at a time."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import AuditEntry, Role, Subscription, SubscriptionStatus, Workspace, WorkspaceStatus
from app.domain.subscriptions.entitlement import WorkspaceLimitReached
from app.domain.workspaces.attempts import Machinery
from app.domain.workspaces.service import WorkspaceBusy
from app.lib.errors import InvalidInput, NotAllowed, NotFound
from app.lib.uow import unit_of_work
from tests.domain.workspaces.desk import Clock, Desk, work_off
from tests.factories import Customer, add_member, add_workspace, make_customer

Sessions = async_sessionmaker[AsyncSession]
W = WorkspaceStatus


async def test_a_new_workspace_starts_at_once_and_is_told_in_the_audit_trail(
    desk: Desk, session_maker: Sessions
) -> None:
    workspace_id = await desk.create("shop")
    workspace = await desk.workspace(workspace_id)
    assert workspace.status is W.STARTING
    [transition] = await desk.transitions(workspace_id)
    assert transition.requested_by_id == desk.customer.user.id
    async with session_maker() as session:
        actions = await session.scalars(
            select(AuditEntry.action).where(AuditEntry.subject == str(workspace_id)).order_by(AuditEntry.id)
        )
    assert list(actions) == ["workspace.created", "workspace.start_requested"]


async def test_twenty_simultaneous_creates_never_pass_the_limit(
    session_maker: Sessions, clock: Clock
) -> None:
    starter = await make_customer(session_maker, name="Small", plan="starter")
    desk = Desk(session_maker, starter, clock)
    answers = await asyncio.gather(
        *(desk.create(f"shop-{number}") for number in range(20)), return_exceptions=True
    )
    assert sum(isinstance(answer, WorkspaceLimitReached) for answer in answers) == 15
    async with session_maker() as session:
        count = await session.scalar(select(func.count()).where(Workspace.company_id == starter.company.id))
    assert count == 5


async def test_after_a_change_to_a_smaller_plan_no_more_run_at_once_than_it_holds(
    session_maker: Sessions, clock: Clock
) -> None:
    starter = await make_customer(session_maker, name="Smaller", plan="starter")
    desk = Desk(session_maker, starter, clock)
    for number in range(5):
        await add_workspace(session_maker, starter, f"running-{number}")
    kept = await add_workspace(session_maker, starter, "kept", WorkspaceStatus.STOPPED)
    running = await add_workspace(session_maker, starter, "more")
    with pytest.raises(WorkspaceLimitReached, match="run at once"):
        await desk.start(kept.id)
    await desk.start(running.id)
    for _ in range(2):
        async with unit_of_work(session_maker) as session:
            one = select(Workspace.id).where(Workspace.status == WorkspaceStatus.READY).limit(1)
            stopping = update(Workspace).where(Workspace.id.in_(one))
            await session.execute(stopping.values(status=WorkspaceStatus.STOPPED, backend_url=None))
    await desk.start(kept.id)
    assert (await desk.workspace(kept.id)).status is W.STARTING


async def test_twenty_simultaneous_creates_of_one_name_make_one(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.create("shop") for _ in range(20)), return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, InvalidInput)]
    assert len(refusals) == 19
    assert {refusal.field for refusal in refusals} == {"name"}


async def test_a_deleted_workspace_frees_its_place_and_its_name(
    session_maker: Sessions, clock: Clock, machinery: Machinery
) -> None:
    desk = Desk(session_maker, await make_customer(session_maker, name="Small", plan="starter"), clock)
    ids = [await desk.create(f"shop-{number}") for number in range(5)]
    await work_off(machinery)
    with pytest.raises(WorkspaceLimitReached):
        await desk.create("shop-5")
    await desk.delete(ids[0])
    with pytest.raises(WorkspaceLimitReached):  # not before the files are gone
        await desk.create("shop-0")
    await work_off(machinery)
    await desk.create("shop-0")


async def test_two_companies_may_use_the_same_name(desk: Desk, session_maker: Sessions, clock: Clock) -> None:
    other = Desk(session_maker, await make_customer(session_maker, name="Other"), clock)
    assert await desk.create("shop") != await other.create("shop")


async def test_another_companys_workspace_is_not_found(
    desk: Desk, session_maker: Sessions, clock: Clock
) -> None:
    workspace_id = await desk.create("shop")
    other = Desk(session_maker, await make_customer(session_maker, name="Other"), clock)
    for wish in (other.start, other.stop, other.delete):
        with pytest.raises(NotFound):
            await wish(workspace_id)


async def test_the_billing_role_cannot_work_with_workspaces(
    desk: Desk, session_maker: Sessions, customer: Customer, clock: Clock
) -> None:
    workspace_id = await desk.create("shop")
    billing = Desk(session_maker, await add_member(session_maker, customer, Role.BILLING), clock)
    for wish in (billing.start, billing.stop, billing.delete):
        with pytest.raises(NotAllowed):
            await wish(workspace_id)
    with pytest.raises(NotAllowed):
        await billing.create("other")


async def test_a_developer_starts_stops_and_deletes_their_own_workspace_only(
    desk: Desk, session_maker: Sessions, customer: Customer, clock: Clock, machinery: Machinery
) -> None:
    developer = Desk(session_maker, await add_member(session_maker, customer, Role.DEVELOPER), clock)
    owners, own = await desk.create("owners"), await developer.create("own")
    await work_off(machinery)
    for wish in (developer.stop, developer.start, developer.delete):
        with pytest.raises(NotAllowed):
            await wish(owners)
    await developer.delete(own)
    assert (await desk.workspace(own)).status is W.DELETING


async def test_an_admin_stops_and_deletes_what_is_somebody_elses(
    session_maker: Sessions, customer: Customer, clock: Clock, machinery: Machinery
) -> None:
    developer = Desk(session_maker, await add_member(session_maker, customer, Role.DEVELOPER), clock)
    admin = Desk(session_maker, await add_member(session_maker, customer, Role.ADMIN), clock)
    workspace_id = await developer.create("shop")
    await work_off(machinery)
    await admin.stop(workspace_id)
    await work_off(machinery)
    await admin.delete(workspace_id)
    assert (await developer.workspace(workspace_id)).status is W.DELETING


async def test_nothing_is_created_or_started_once_the_trial_is_over(
    desk: Desk, clock: Clock, machinery: Machinery
) -> None:
    workspace_id = await desk.create("shop")
    await work_off(machinery)
    await desk.stop(workspace_id)
    await work_off(machinery)
    clock.advance(days=15)
    with pytest.raises(NotAllowed):
        await desk.create("late")
    with pytest.raises(NotAllowed):
        await desk.start(workspace_id)


async def test_what_runs_can_be_stopped_and_deleted_after_the_subscription_ended(
    desk: Desk, clock: Clock, machinery: Machinery, session_maker: Sessions
) -> None:
    workspace_id = await desk.create("shop")
    await work_off(machinery)
    clock.advance(days=15)
    async with session_maker.begin() as session:
        await session.execute(update(Subscription).values(status=SubscriptionStatus.SUSPENDED))
    await desk.stop(workspace_id)
    await work_off(machinery)
    await desk.delete(workspace_id)
    await work_off(machinery)
    assert (await desk.workspace(workspace_id)).status is W.DELETED


async def test_asking_again_for_what_is_underway_changes_nothing(
    desk: Desk, machinery: Machinery, clock: Clock
) -> None:
    workspace_id = await desk.create("shop")
    await desk.start(workspace_id)
    await work_off(machinery)
    await desk.start(workspace_id)
    clock.at += timedelta(seconds=1)
    await desk.stop(workspace_id)
    await desk.stop(workspace_id)
    assert [t.kind for t in await desk.transitions(workspace_id)] == ["start", "stop"]


async def test_one_wish_at_a_time(desk: Desk, machinery: Machinery) -> None:
    workspace_id = await desk.create("shop")
    for wish in (desk.stop, desk.delete):
        with pytest.raises(WorkspaceBusy):
            await wish(workspace_id)
    await work_off(machinery)
    await desk.delete(workspace_id)
    for wish in (desk.start, desk.stop):
        with pytest.raises(WorkspaceBusy):
            await wish(workspace_id)


async def test_simultaneous_wishes_leave_one_open_transition(desk: Desk, machinery: Machinery) -> None:
    workspace_id = await desk.create("shop")
    await work_off(machinery)
    wishes = [desk.stop(workspace_id) for _ in range(5)] + [desk.delete(workspace_id) for _ in range(5)]
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    assert {type(answer) for answer in answers} <= {type(None), WorkspaceBusy}
    assert len([t for t in await desk.transitions(workspace_id) if t.finished_at is None]) == 1
