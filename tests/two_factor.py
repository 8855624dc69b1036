"""A second factor for tests: set up as people do, with an app that computes codes from the key."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pyotp
from sqlalchemy import select

from app.db.models import AuditEntry, EmailMessage, User
from app.domain.people.two_factor import codes
from app.domain.people.two_factor.service import confirm
from app.domain.people.two_factor.setup import begin_setup
from app.lib.clock import real_now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser
from tests.factories import PASSWORD, Person


@dataclass
class Phone:
    """An authenticator app with one key, and the paper with the recovery codes."""

    secret: str
    recovery_codes: list[str]

    def code(self, *, steps: int = 0, at: datetime | None = None) -> str:
        """Return what the app shows, or showed or will show so many half minutes away."""
        return pyotp.TOTP(self.secret).at(int((at or real_now()).timestamp()) + steps * codes.STEP)

    @property
    def wrong_code(self) -> str:
        """Return a code that the app does not show around now."""
        shown = {self.code(steps=steps) for steps in range(-3, 4)}
        return next(code for code in (f"{number:06}" for number in range(10)) if code not in shown)


async def give_phone(resources: Resources, user: User) -> Phone:
    """Set a second factor up for somebody, five minutes ago; their sessions end."""
    at = real_now() - timedelta(minutes=5)
    async with unit_of_work(resources.session_maker) as session:
        person = await session.get_one(User, user.id)
        setup = begin_setup(resources.settings.keys, person, at=at)
        code = pyotp.TOTP(setup.secret).at(int(at.timestamp()))
        kept = await confirm(
            session, person, sealed=setup.sealed, code=code, settings=resources.settings, at=at
        )
    return Phone(setup.secret, kept)


async def letters(resources: Resources, template: str) -> list[EmailMessage]:
    """Return the letters of a kind, oldest first."""
    async with resources.session_maker() as session:
        found = select(EmailMessage).where(EmailMessage.template == template).order_by(EmailMessage.id)
        return list(await session.scalars(found))


async def actions(resources: Resources) -> list[str]:
    """Return what the audit trail says was done, oldest first."""
    async with resources.session_maker() as session:
        return list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


async def give_password(client: Browser, person: Person, *, next: str = "") -> httpx.Response:  # noqa: A002 the form's name
    """Take the first step of a login."""
    return await client.submit("/login", email=person.email, password=PASSWORD, next=next)


async def give_code(client: Browser, code: str) -> int:
    return (await client.submit("/login/code", code=code)).status_code


async def log_in(client: Browser, person: Person, code: str) -> int:
    assert (await give_password(client, person)).headers["location"] == "/login/code"
    return await give_code(client, code)


async def is_inside(client: Browser) -> bool:
    return (await client.get("/dashboard")).status_code == 200


def key_on(page: html.Page) -> str:
    """Return the key that a person would type into the app."""
    key = next(element.text for element in page.elements if element.attributes.get("id") == "key")
    return key.replace(" ", "")
