"""Mail that does not go: tried again up the ladder, given up with a reason, sent once after a crash."""

from datetime import datetime, timedelta

import pytest
from jinja2 import TemplateNotFound
from sqlalchemy import select

from app.db.models import EmailMessage
from app.domain.billing.post import send_email
from app.domain.notifications.mailer import MemoryMailer
from app.domain.notifications.service import LEASE, RETRY_AFTER, claim_email, due_emails
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from tests.factories import make_customer


@pytest.fixture
async def welcome(resources: Resources) -> EmailMessage:
    """One mail that is due now."""
    await make_customer(resources.session_maker)
    return await the_mail(resources)


async def the_mail(resources: Resources) -> EmailMessage:
    async with resources.session_maker() as session:
        return (await session.scalars(select(EmailMessage))).one()


async def send(resources: Resources, mail: EmailMessage, at: datetime) -> bool:
    return await send_email(
        resources.session_maker, resources.mailer, resources.storage, resources.settings, mail.id, at=at
    )


def mailer_of(resources: Resources) -> MemoryMailer:
    assert isinstance(resources.mailer, MemoryMailer)
    return resources.mailer


async def test_a_server_that_is_away_is_tried_up_the_ladder_and_then_given_up(
    resources: Resources, welcome: EmailMessage
) -> None:
    mailer_of(resources).is_down = True
    at = now()
    for number, wait in enumerate(RETRY_AFTER, start=1):
        assert not await send(resources, welcome, at)
        mail = await the_mail(resources)
        assert (mail.attempts, mail.next_attempt_at, mail.failed_at) == (number, at + wait, None)
        assert mail.last_error == "The mailer is down."
        assert not await send(resources, welcome, at + wait - timedelta(seconds=1))
        assert (await the_mail(resources)).attempts == number
        at += wait
    assert not await send(resources, welcome, at)
    given_up = await the_mail(resources)
    assert (given_up.next_attempt_at, given_up.failed_at, given_up.sent_at) == (None, at, None)
    mailer_of(resources).is_down = False
    assert not await send(resources, welcome, at + timedelta(days=30))
    assert mailer_of(resources).messages == []


async def test_a_server_that_comes_back_gets_the_mail_once(
    resources: Resources, welcome: EmailMessage
) -> None:
    mailer_of(resources).is_down = True
    at = now()
    await send(resources, welcome, at)
    mailer_of(resources).is_down = False
    assert await send(resources, welcome, at + RETRY_AFTER[0])
    mail = await the_mail(resources)
    assert (mail.sent_at, mail.last_error, mail.attempts) == (at + RETRY_AFTER[0], None, 2)
    assert len(mailer_of(resources).messages) == 1


async def test_a_refused_recipient_is_not_tried_again(resources: Resources, welcome: EmailMessage) -> None:
    mailer_of(resources).refused_recipients = {welcome.recipient}
    at = now()
    assert not await send(resources, welcome, at)
    mail = await the_mail(resources)
    assert (mail.failed_at, mail.next_attempt_at, mail.attempts) == (at, None, 1)
    assert mail.last_error == "550 No such mailbox here"


async def test_a_worker_that_died_while_sending_holds_the_mail_for_its_lease_only(
    resources: Resources, welcome: EmailMessage
) -> None:
    at = now()
    async with unit_of_work(resources.session_maker) as session:
        assert await claim_email(session, welcome.id, at=at)
    async with resources.session_maker() as session:
        assert await due_emails(session, at=at + LEASE - timedelta(seconds=1)) == []
        assert await due_emails(session, at=at + LEASE) == [welcome.id]
    assert not await send(resources, welcome, at + timedelta(minutes=1))
    assert await send(resources, welcome, at + LEASE)
    assert len(mailer_of(resources).messages) == 1


async def test_a_crash_between_the_server_and_the_stamp_sends_the_same_letter_again(
    resources: Resources, welcome: EmailMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise SystemExit

    monkeypatch.setattr("app.domain.billing.post._note", die)
    at = now()
    with pytest.raises(SystemExit):
        await send(resources, welcome, at)
    monkeypatch.undo()
    assert await send(resources, welcome, at + LEASE)
    first, second = mailer_of(resources).messages
    assert first["Message-ID"] == second["Message-ID"]
    assert first.as_string().replace(first.get_boundary() or "", "") == second.as_string().replace(
        second.get_boundary() or "", ""
    )


async def test_one_mail_that_cannot_be_written_stops_no_other(resources: Resources) -> None:
    for name in ("Bir", "İki", "Üç"):
        await make_customer(resources.session_maker, name=name)
    async with unit_of_work(resources.session_maker) as session:
        broken = (await session.scalars(select(EmailMessage).order_by(EmailMessage.id).limit(1))).one()
        broken.template = "there-is-no-such-template"
    tally = await SWEEPS["sweep_emails"](resources, now())
    assert (tally.found, tally.done, tally.failed) == (3, 2, 1)
    assert len(mailer_of(resources).messages) == 2


async def test_a_mail_that_cannot_be_written_is_tried_up_the_ladder_too(
    resources: Resources, welcome: EmailMessage
) -> None:
    async with unit_of_work(resources.session_maker) as session:
        (await session.get_one(EmailMessage, welcome.id)).template = "gone"
    at = now()
    with pytest.raises(TemplateNotFound):
        await send(resources, welcome, at)
    mail = await the_mail(resources)
    assert (mail.attempts, mail.next_attempt_at) == (1, at + RETRY_AFTER[0])
    assert mail.last_error == "It could not be written: TemplateNotFound"
