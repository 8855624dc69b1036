"""Invitations: which addresses are taken, and what becomes of a letter's link."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import Invitation, Membership, Role
from app.domain.people.invitations.acceptance import InvitationUseless, accept_as
from app.domain.people.invitations.addresses import AT_ONCE, read_addresses
from app.domain.people.invitations.service import Invite, invite, resend, withdraw
from app.lib.clock import real_now
from app.lib.errors import DomainError, NotAllowed, NotFound
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.factories import Customer, add_member, make_customer
from tests.people import invited, letters_to, link_of, membership_of

Sessions = async_sessionmaker[AsyncSession]
LATER = timedelta(days=8)


async def problems_of(
    session_maker: Sessions, by: Customer, emails: str, role: str = "developer"
) -> list[str]:
    async with unit_of_work(session_maker) as session:
        found = await invite(session, await by.viewer(session), Invite(emails, role), at=real_now())
    return [str(problem) for problem in found]


def test_addresses_are_read_with_anything_between_them_and_each_once() -> None:
    good, problems = read_addresses(" ada@x.com, Deniz@X.com;\n\tada@X.com  ")
    assert (good, problems) == (["ada@x.com", "deniz@x.com"], [])


def test_each_wrong_address_has_a_sentence_of_its_own() -> None:
    good, problems = read_addresses("ada@x.com nobody, what@ ")
    assert good == ["ada@x.com"]
    assert [problem.facts["email"] for problem in problems] == ["nobody", "what@"]
    assert {problem.field for problem in problems} == {"emails"}


def test_no_address_and_too_many_are_refused() -> None:
    for typed in ("", " ,; ", " ".join(f"a{number}@x.com" for number in range(AT_ONCE + 1))):
        good, problems = read_addresses(typed)
        assert good == []
        assert len(problems) == 1


async def test_everybody_is_invited_with_a_letter_or_nobody(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    assert await problems_of(session_maker, owner, "one@x.com two@x.com", "billing") == []
    again = await problems_of(session_maker, owner, f"three@x.com one@x.com {owner.email}")
    assert len(again) == 2
    assert [len(await letters_to(session_maker, f"{name}@x.com")) for name in ("one", "two", "three")] == [
        1,
        1,
        0,
    ]
    letter = (await letters_to(session_maker, "one@x.com"))[0]
    assert set(letter.context["link"]) == {"path", "purpose", "value", "expires_at"}


async def test_inviting_says_the_same_of_an_address_with_an_account_and_one_without(
    session_maker: Sessions,
) -> None:
    owner, stranger = await make_customer(session_maker), await make_customer(session_maker)
    assert await problems_of(session_maker, owner, f"{stranger.email} nobody@x.com") == []
    known, unknown = [
        (await letters_to(session_maker, email))[-1].context for email in (stranger.email, "nobody@x.com")
    ]
    assert known.keys() == unknown.keys()
    assert known["company_name"] == unknown["company_name"]


async def test_an_expired_invitation_does_not_keep_its_address(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    old = await invited(session_maker, owner, "late@x.com", at=real_now() - LATER)
    assert await problems_of(session_maker, owner, "late@x.com") == []
    async with session_maker() as session:
        found = list(await session.scalars(select(Invitation).order_by(Invitation.id)))
    assert [one.id == old.id for one in found] == [True, False]
    assert found[0].withdrawn_at is not None


async def test_who_does_not_manage_members_invites_nobody_and_gives_no_ownership(
    session_maker: Sessions,
) -> None:
    owner = await make_customer(session_maker)
    assert await problems_of(session_maker, owner, "one@x.com", "owner") != []
    for role in (Role.BILLING, Role.DEVELOPER):
        member = await add_member(session_maker, owner, role)
        with pytest.raises(NotAllowed):
            await problems_of(session_maker, member, "one@x.com")
    assert await letters_to(session_maker, "one@x.com") == []


async def test_two_who_invite_the_same_person_at_once_send_one_letter(session_maker: Sessions) -> None:
    owner = await make_customer(session_maker)
    admin = await add_member(session_maker, owner, Role.ADMIN)
    found = await asyncio.gather(*(problems_of(session_maker, by, "one@x.com") for by in (owner, admin)))
    assert sorted(map(len, found)) == [0, 1]
    assert len(await letters_to(session_maker, "one@x.com")) == 1


async def test_an_invitation_of_another_company_is_not_found(session_maker: Sessions) -> None:
    owner, other = await make_customer(session_maker), await make_customer(session_maker)
    invitation = await invited(session_maker, other, "one@x.com")
    for change in (resend, withdraw):
        async with session_maker() as session:
            with pytest.raises(NotFound):
                await change(session, await owner.viewer(session), invitation.id, at=real_now())


async def accept(
    session_maker: Sessions, settings: Settings, invitation: Invitation, person: Customer, **later: timedelta
) -> None:
    token = link_of(settings, invitation).rpartition("/")[2]
    async with unit_of_work(session_maker) as session:
        user = await session.merge(person.user, load=False)
        await accept_as(session, token, user, settings=settings, at=real_now() + later.get("by", timedelta()))


async def test_used_withdrawn_expired_and_foreign_links_let_nobody_in(
    session_maker: Sessions, settings: Settings
) -> None:
    owner, person = await make_customer(session_maker), await make_customer(session_maker)
    invitation = await invited(session_maker, owner, person.email)
    with pytest.raises(InvitationUseless):
        await accept(session_maker, settings, invitation, person, by=LATER)
    async with unit_of_work(session_maker) as session:
        await withdraw(session, await owner.viewer(session), invitation.id, at=real_now())
    with pytest.raises(InvitationUseless):
        await accept(session_maker, settings, invitation, person)
    with pytest.raises(InvitationUseless):
        async with session_maker() as session:
            await accept_as(session, "made.up", person.user, settings=settings, at=real_now())
    assert await membership_of(session_maker, person, owner) is None
    async with session_maker() as session:
        with pytest.raises(DomainError):
            await resend(session, await owner.viewer(session), invitation.id, at=real_now())


async def test_a_link_used_twice_at_once_makes_one_membership(
    session_maker: Sessions, settings: Settings
) -> None:
    owner, person = await make_customer(session_maker), await make_customer(session_maker)
    invitation = await invited(session_maker, owner, person.email.upper(), Role.BILLING)
    outcomes = await asyncio.gather(
        *(accept(session_maker, settings, invitation, person) for _ in range(2)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes if outcome] == [InvitationUseless]
    async with session_maker() as session:
        wanted = select(Membership).where(Membership.company_id == owner.company.id)
        roles = [membership.role for membership in await session.scalars(wanted)]
    assert sorted(roles) == [Role.BILLING, Role.OWNER]


async def test_a_resent_invitation_lives_a_week_more_and_is_the_same(
    session_maker: Sessions, settings: Settings
) -> None:
    owner, person = await make_customer(session_maker), await make_customer(session_maker)
    invitation = await invited(session_maker, owner, person.email, at=real_now() - timedelta(days=6))
    async with unit_of_work(session_maker) as session:
        await resend(session, await owner.viewer(session), invitation.id, at=real_now())
    async with session_maker() as session:
        renewed = await session.get_one(Invitation, invitation.id)
    assert renewed.expires_at - invitation.expires_at > timedelta(days=5)
    assert len(await letters_to(session_maker, person.email)) == 3  # the welcome, and two of these
    await accept(session_maker, settings, renewed, person, by=timedelta(days=5))
    assert await membership_of(session_maker, person, owner) is not None
