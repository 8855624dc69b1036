"""Builders for people in several companies, and the links of their letters."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import EmailMessage, Invitation, Membership, Role
from app.domain.people.invitations.letters import PATH, PURPOSE
from app.domain.people.invitations.service import Invite, invite
from app.lib.clock import real_now
from app.lib.crypto import seal
from app.lib.settings import Settings
from app.lib.uow import unit_of_work
from tests.factories import Customer, Person

Sessions = async_sessionmaker[AsyncSession]


async def invited(
    session_maker: Sessions,
    customer: Customer,
    email: str,
    role: Role = Role.DEVELOPER,
    *,
    at: datetime | None = None,
) -> Invitation:
    """Invite somebody into the customer's company."""
    async with unit_of_work(session_maker) as session:
        viewer = await customer.viewer(session)
        assert await invite(session, viewer, Invite(email, role.value), at=at or real_now()) == []
        return (await session.scalars(select(Invitation).where(Invitation.email == email.lower()))).one()


def link_of(settings: Settings, invitation: Invitation) -> str:
    """Return where the letter of an invitation leads."""
    token = seal(settings.keys, PURPOSE, invitation.id.hex, expires_at=invitation.expires_at)
    return f"{PATH}/{token}"


async def join(
    session_maker: Sessions, person: Person, customer: Customer, role: Role = Role.DEVELOPER
) -> Membership:
    """Make a person with a company of their own a member of another one too."""
    async with unit_of_work(session_maker) as session:
        membership = Membership(user_id=person.user.id, company_id=customer.company.id, role=role)
        session.add(membership)
    return membership


async def membership_of(session_maker: Sessions, person: Person, customer: Customer) -> Membership | None:
    """Return what a person is in a company now."""
    wanted = select(Membership).where(
        Membership.user_id == person.user.id, Membership.company_id == customer.company.id
    )
    async with session_maker() as session:
        return await session.scalar(wanted)


async def letters_to(session_maker: Sessions, email: str) -> list[EmailMessage]:
    """Return the letters an address was written, in order."""
    wanted = select(EmailMessage).where(EmailMessage.recipient == email).order_by(EmailMessage.id)
    async with session_maker() as session:
        return list(await session.scalars(wanted))
