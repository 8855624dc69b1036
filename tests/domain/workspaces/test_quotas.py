"""Quotas in the real database: who may take which place, at the same moment too, and the wall behind it."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import AuditEntry, Membership, Role, Subscription, WorkspaceStatus
from app.domain.subscriptions.entitlement import WorkspaceLimitReached
from app.domain.workspaces.quotas import Places, room_of, set_quota
from app.lib.errors import InvalidInput, NotAllowed, NotFound
from app.lib.uow import unit_of_work
from tests.domain.workspaces.desk import Clock, Desk
from tests.factories import Customer, add_member, add_workspace, make_customer

Sessions = async_sessionmaker[AsyncSession]


class Office:
    """A company on the plan of five, and its people."""

    def __init__(self, session_maker: Sessions, owner: Customer, clock: Clock) -> None:
        self.session_maker, self.owner, self.clock = session_maker, owner, clock

    async def hire(self, role: Role = Role.DEVELOPER) -> Desk:
        return Desk(self.session_maker, await add_member(self.session_maker, self.owner, role), self.clock)

    async def membership(self, person: Customer) -> UUID:
        of_person = (Membership.user_id == person.user.id, Membership.company_id == person.company.id)
        async with self.session_maker() as session:
            return (await session.scalars(select(Membership.id).where(*of_person))).one()

    async def give(self, person: Customer, quota: str, *, by: Customer | None = None) -> None:
        membership_id = await self.membership(person)
        async with unit_of_work(self.session_maker) as session:
            viewer = await (by or self.owner).viewer(session)
            await set_quota(session, viewer, membership_id, quota, at=self.clock())

    async def quotas(self) -> int:
        async with self.session_maker() as session:
            return await session.scalar(select(func.sum(Membership.workspace_quota))) or 0

    async def places(self) -> Places:
        async with self.session_maker() as session:
            return (await room_of(session, await self.owner.viewer(session), at=self.clock())).places

    async def plan(self, code: str) -> None:
        async with self.session_maker.begin() as session:
            await session.execute(update(Subscription).values(plan_code=code))


@pytest.fixture
async def office(session_maker: Sessions, clock: Clock) -> Office:
    return Office(session_maker, await make_customer(session_maker, name="Small", plan="starter"), clock)


async def test_places_reserved_for_one_are_not_given_to_others_at_the_same_moment(office: Office) -> None:
    reserved, others = await office.hire(), [await office.hire() for _ in range(2)]
    await office.give(reserved.customer, "3")
    wishes = [reserved.create(f"mine-{number}") for number in range(5)]
    wishes += [
        desk.create(f"ours-{number}-{index}") for index, desk in enumerate(others) for number in range(4)
    ]
    answers = await asyncio.gather(*wishes, return_exceptions=True)
    assert all(isinstance(answer, UUID | WorkspaceLimitReached) for answer in answers)
    places = await office.places()
    share = places.share_of(reserved.customer.user.id)
    assert share is not None
    assert (share.used, places.used) == (3, 5)


async def test_quotas_given_at_the_same_moment_never_pass_the_plan(office: Office) -> None:
    people = [(await office.hire()).customer for _ in range(4)]
    answers = await asyncio.gather(*(office.give(person, "2") for person in people), return_exceptions=True)
    assert sum(answer is None for answer in answers) == 2
    assert {type(answer) for answer in answers if answer is not None} == {InvalidInput}
    assert await office.quotas() == 4


async def test_a_quota_and_creations_at_the_same_moment_promise_nothing_twice(office: Office) -> None:
    desk, other = await office.hire(), await office.hire()
    wishes = [desk.create(f"shop-{number}") for number in range(5)]
    await asyncio.gather(*wishes, office.give(other.customer, "3"), return_exceptions=True)
    places = await office.places()
    assert places.excess == 0
    assert places.used + places.reserved == 5


async def test_each_refusal_of_a_place_says_why(office: Office) -> None:
    ada, deniz = await office.hire(), await office.hire()
    await office.give(ada.customer, "1")
    await ada.create("first")
    with pytest.raises(WorkspaceLimitReached, match="Your own quota is 1 workspaces"):
        await ada.create("second")
    await office.give(ada.customer, "3")
    await deniz.create("shared-1")
    await deniz.create("shared-2")
    with pytest.raises(WorkspaceLimitReached, match=r"left in your plan \(2\) are reserved for others"):
        await deniz.create("shared-3")
    await ada.create("second")
    await ada.create("third")
    with pytest.raises(WorkspaceLimitReached, match="Your plan holds 5 workspaces and all are in use"):
        await ada.create("fourth")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("-1", "Write a whole number"),
        ("2.5", "Write a whole number"),
        ("٣", "Write a whole number"),
        ("99999", "Write a whole number"),
        ("1", "Deniz Er has 2 workspaces now"),
        ("6", "At most 5 fit"),
    ],
)
async def test_a_quota_that_cannot_be_is_refused_at_its_field(
    office: Office, typed: str, sentence: str
) -> None:
    desk = await office.hire()
    for name in ("one", "two"):
        await add_workspace(office.session_maker, desk.customer, name)
    with pytest.raises(InvalidInput, match=sentence) as refused:
        await office.give(desk.customer, typed)
    assert refused.value.field == "quota"


async def test_a_billing_person_gets_no_quota(office: Office) -> None:
    with pytest.raises(InvalidInput, match="Billing people"):
        await office.give((await office.hire(Role.BILLING)).customer, "1")


async def test_a_change_of_a_quota_is_told_once_with_what_it_was(office: Office) -> None:
    person = (await office.hire()).customer
    for typed in ("2", " 2 ", ""):
        await office.give(person, typed)
    entries = select(AuditEntry.before, AuditEntry.after).where(AuditEntry.action == "member.quota_changed")
    async with office.session_maker() as session:
        told = [list(row) for row in await session.execute(entries.order_by(AuditEntry.id))]
    assert told == [
        [{"workspace_quota": None}, {"workspace_quota": 2}],
        [{"workspace_quota": 2}, {"workspace_quota": None}],
    ]


async def test_only_who_manages_members_of_this_company_gives_quotas(
    office: Office, session_maker: Sessions
) -> None:
    person = (await office.hire()).customer
    with pytest.raises(NotAllowed):
        await office.give(person, "1", by=(await office.hire()).customer)
    with pytest.raises(NotFound):
        await office.give(person, "1", by=await make_customer(session_maker, name="Other"))
    await office.give(person, "1", by=(await office.hire(Role.ADMIN)).customer)


async def test_after_a_smaller_plan_quotas_stay_and_can_only_be_lowered(office: Office) -> None:
    await office.plan("team")
    ada, deniz = await office.hire(), await office.hire()
    await office.give(ada.customer, "8")
    await office.give(deniz.customer, "9")
    for number in range(4):
        await add_workspace(office.session_maker, ada.customer, f"kept-{number}", WorkspaceStatus.STOPPED)
    await office.plan("starter")
    assert (await office.places()).excess == 12
    with pytest.raises(InvalidInput, match="Lower other quotas first"):
        await office.give(deniz.customer, "10")
    with pytest.raises(WorkspaceLimitReached, match="reserved for others"):
        await Desk(office.session_maker, office.owner, office.clock).create("new")
    await office.give(deniz.customer, "7")  # still more than the plan holds, but less than before
    await deniz.create("fifth")
    with pytest.raises(WorkspaceLimitReached, match="all are in use"):
        await deniz.create("sixth")


async def test_the_database_itself_refuses_quotas_beyond_the_plan(office: Office) -> None:
    ids = [await office.membership((await office.hire()).customer) for _ in range(2)]

    async def write(membership_id: UUID) -> None:
        statement = update(Membership).where(Membership.id == membership_id).values(workspace_quota=3)
        async with office.session_maker.begin() as session:
            await session.execute(statement)

    answers = await asyncio.gather(*map(write, ids), return_exceptions=True)
    [refusal] = [answer for answer in answers if answer is not None]
    assert isinstance(refusal, IntegrityError)
    assert "more than its plan holds" in str(refusal)
    assert await office.quotas() == 3
    async with office.session_maker.begin() as session:  # not at once but at the commit, so that two may swap
        await session.execute(text("UPDATE memberships SET workspace_quota = 5 WHERE workspace_quota = 3"))
        await session.execute(text("UPDATE memberships SET workspace_quota = 1 WHERE workspace_quota = 5"))
    with pytest.raises(IntegrityError, match="quota_is_not_negative"):
        async with office.session_maker.begin() as session:
            await session.execute(update(Membership).values(workspace_quota=-1))


async def test_an_unlimited_plan_knows_no_sum(office: Office) -> None:
    person = (await office.hire()).customer
    limit = text("UPDATE plans SET workspace_limit = :limit WHERE code = 'starter'")
    try:
        async with office.session_maker.begin() as session:
            await session.execute(limit, {"limit": None})
        await office.give(person, "400")
        places = await office.places()
        assert (places.free, places.excess) == (None, 0)
    finally:
        async with office.session_maker.begin() as session:
            await session.execute(limit, {"limit": 5})


async def test_workspaces_of_who_is_gone_hold_their_places_until_they_are_deleted(office: Office) -> None:
    desk = await office.hire()
    await add_workspace(office.session_maker, desk.customer, "left-behind")
    async with office.session_maker.begin() as session:
        membership = await session.get_one(Membership, await office.membership(desk.customer))
        await session.delete(membership)
    assert (await office.places()).used == 1
    async with office.session_maker() as session:
        viewer = replace(await office.owner.viewer(session), user=desk.customer.user)
        room = await room_of(session, viewer, at=office.clock())
    with pytest.raises(NotAllowed):  # as for somebody removed while their request was under way
        room.require()
