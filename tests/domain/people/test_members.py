"""Roles and the ownership of a company, with two people at once."""

import asyncio

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import AuditEntry, Membership, Role, User
from app.domain.people.departures import OwnerStays
from app.domain.people.members.ownership import hand_over, possible_owners
from app.domain.people.members.service import change_role, leave
from app.lib.clock import now
from app.lib.errors import DomainError, InvalidInput, NotAllowed, NotFound
from app.lib.uow import unit_of_work
from tests.factories import PASSWORD, Customer, add_member, make_customer
from tests.people import letters_to, membership_of

Sessions = async_sessionmaker[AsyncSession]
SITE = "https://tezgah.example"


async def give(session_maker: Sessions, by: Customer, member: Customer, role: str) -> None:
    membership = await membership_of(session_maker, member, by)
    assert membership is not None
    async with unit_of_work(session_maker) as session:
        await change_role(session, await by.viewer(session), membership.id, role, at=now())


async def role_of(session_maker: Sessions, member: Customer) -> Role:
    membership = await membership_of(session_maker, member, member)
    assert membership is not None
    return membership.role


async def transfer(session_maker: Sessions, by: Customer, to: Customer, *, password: str = PASSWORD) -> None:
    membership = await membership_of(session_maker, to, to)
    assert membership is not None
    async with unit_of_work(session_maker) as session:
        viewer = await by.viewer(session)
        wanted = {"to": str(membership.id), "password": password, "base_url": SITE}
        await hand_over(session, viewer, **wanted, at=now())


async def test_an_admin_changes_roles_and_the_trail_says_from_what_to_what(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    admin = await add_member(session_maker, owner, Role.ADMIN)
    developer = await add_member(session_maker, owner, Role.DEVELOPER)
    await give(session_maker, admin, developer, "billing")
    assert await role_of(session_maker, developer) is Role.BILLING
    async with session_maker() as session:
        wanted = select(AuditEntry).where(AuditEntry.action == "member.role_changed")
        entry = (await session.scalars(wanted)).one()
    assert (entry.before, entry.after) == ({"role": "developer"}, {"role": "billing"})
    assert entry.actor_id == admin.user.id


async def test_nobody_makes_an_owner_or_unmakes_one_by_a_role(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    admin = await add_member(session_maker, owner, Role.ADMIN)
    developer = await add_member(session_maker, owner, Role.DEVELOPER)
    for by, member, role in ((admin, developer, "owner"), (admin, owner, "admin"), (owner, owner, "admin")):
        with pytest.raises(InvalidInput):
            await give(session_maker, by, member, role)
    assert await role_of(session_maker, owner) is Role.OWNER
    assert await role_of(session_maker, developer) is Role.DEVELOPER


async def test_an_admin_may_step_down_and_nobody_else_changes_roles(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    admin = await add_member(session_maker, owner, Role.ADMIN)
    for role in (Role.BILLING, Role.DEVELOPER):
        member = await add_member(session_maker, owner, role)
        with pytest.raises(NotAllowed):
            await give(session_maker, member, member, "admin")
    await give(session_maker, admin, admin, "developer")
    with pytest.raises(NotAllowed):
        await give(session_maker, admin, admin, "admin")


async def test_a_member_of_another_company_is_not_found(session_maker: Sessions) -> None:
    owner, other = await make_customer(session_maker), await make_customer(session_maker)
    foreign = await add_member(session_maker, other, Role.DEVELOPER)
    membership = await membership_of(session_maker, foreign, other)
    assert membership is not None
    async with session_maker() as session:
        with pytest.raises(NotFound):
            await change_role(session, await owner.viewer(session), membership.id, "admin", at=now())


async def test_of_two_admins_who_demote_each_other_at_once_one_stays(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    one, two = [await add_member(session_maker, owner, Role.ADMIN) for _ in range(2)]
    outcomes = await asyncio.gather(
        give(session_maker, one, two, "developer"),
        give(session_maker, two, one, "developer"),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes if outcome] == [NotAllowed]
    assert sorted([await role_of(session_maker, one), await role_of(session_maker, two)]) == [
        Role.ADMIN,
        Role.DEVELOPER,
    ]


async def test_a_handed_over_company_has_the_other_as_owner_and_both_are_told(
    session_maker: Sessions,
) -> None:
    owner = await make_customer(session_maker)
    heir = await add_member(session_maker, owner, Role.DEVELOPER)
    await transfer(session_maker, owner, heir)
    assert await role_of(session_maker, heir) is Role.OWNER
    assert await role_of(session_maker, owner) is Role.ADMIN
    for person in (owner, heir):
        letter = (await letters_to(session_maker, person.email))[-1]
        assert letter.template == "ownership_handed_over"
        assert letter.context["owner_name"] == heir.user.full_name


async def test_a_wrong_password_or_an_unconfirmed_heir_hands_nothing_over(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    heir = await add_member(session_maker, owner, Role.ADMIN)
    with pytest.raises(InvalidInput) as refused:
        await transfer(session_maker, owner, heir, password="not the password")
    assert refused.value.field == "password"
    async with unit_of_work(session_maker) as session:
        await session.execute(update(User).where(User.id == heir.user.id).values(email_verified_at=None))
    with pytest.raises(InvalidInput) as refused:
        await transfer(session_maker, owner, heir)
    assert refused.value.field == "to"
    async with session_maker() as session:
        assert await possible_owners(session, await owner.viewer(session)) == []
    with pytest.raises(NotAllowed):
        await transfer(session_maker, heir, owner)
    assert await role_of(session_maker, owner) is Role.OWNER


async def test_of_two_transfers_at_once_one_holds(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    heirs = [await add_member(session_maker, owner, Role.DEVELOPER) for _ in range(2)]
    outcomes = await asyncio.gather(
        *(transfer(session_maker, owner, heir) for heir in heirs), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes if outcome] == [NotAllowed]
    roles = sorted([await role_of(session_maker, person) for person in (owner, *heirs)])
    assert roles == [Role.ADMIN, Role.DEVELOPER, Role.OWNER]


async def test_the_database_keeps_exactly_one_owner(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    member = await add_member(session_maker, owner, Role.ADMIN)
    for person, role, broken in (
        (member, Role.OWNER, "uq_memberships_one_owner_a_company"),
        (owner, Role.ADMIN, "has members and no owner"),
    ):
        change = update(Membership).where(Membership.user_id == person.user.id).values(role=role)
        with pytest.raises(IntegrityError, match=broken):
            async with unit_of_work(session_maker) as session:
                await session.execute(change)


async def test_whoever_leaves_is_gone_at_once_and_the_owner_cannot(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    member = await add_member(session_maker, owner, Role.DEVELOPER)
    async with unit_of_work(session_maker) as session:
        await leave(session, await member.viewer(session), at=now())
    assert await membership_of(session_maker, member, owner) is None
    async with session_maker() as session:
        with pytest.raises(OwnerStays) as refused:
            await leave(session, await owner.viewer(session), at=now())
        assert isinstance(refused.value, DomainError)
