"""Tasks: twice is once, a vanished row is nothing, and what is not due is left alone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from saq.types import Context
from sqlalchemy import select, update

from app.db.models import (
    EmailMessage,
    Invoice,
    OperatorCase,
    Payment,
    PaymentStatus,
    TransitionKind,
    Workspace,
    WorkspaceStatus,
    WorkspaceTransition,
)
from app.domain.notifications.mailer import MemoryMailer
from app.lib.clock import now
from app.lib.events import channel_of
from app.lib.ids import uuid7
from app.lib.storage import MemoryStorage
from app.lib.uow import unit_of_work
from app.tasks import billing, workspaces
from app.tasks.context import Resources
from tests.factories import Customer, add_workspace, make_customer, pay, start_checkout


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker)


async def rows(resources: Resources, model: type[Any]) -> list[Any]:
    async with resources.session_maker() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


def facts(row: Any) -> dict[str, Any]:
    return {column.name: getattr(row, column.key) for column in row.__table__.columns}


async def test_an_invoice_is_rendered_once_however_often_the_task_runs(
    resources: Resources, context: Context, customer: Customer
) -> None:
    await pay(resources.session_maker, customer, resources.settings)
    (issued,) = await rows(resources, Invoice)
    await billing.render_invoice(context, invoice_id=str(issued.id))
    (first,) = await rows(resources, Invoice)
    storage = resources.storage
    assert isinstance(storage, MemoryStorage)
    documents = dict(storage.documents)
    await billing.render_invoice(context, invoice_id=str(issued.id))
    (again,) = await rows(resources, Invoice)
    assert facts(again) == facts(first)
    assert first.pdf_rendered_at is not None
    assert storage.documents == documents
    assert list(documents) == [f"invoices/{first.year}/{first.number}.pdf"]
    receipts = [mail for mail in await rows(resources, EmailMessage) if mail.template == "payment_receipt"]
    assert [(mail.dedupe_key, mail.invoice_id) for mail in receipts] == [(f"invoice:{first.id}", first.id)]


async def test_two_workers_that_render_at_once_make_one_mail(
    resources: Resources, context: Context, customer: Customer
) -> None:
    await pay(resources.session_maker, customer, resources.settings)
    (issued,) = await rows(resources, Invoice)
    await asyncio.gather(*(billing.render_invoice(context, invoice_id=str(issued.id)) for _ in range(4)))
    assert len([mail for mail in await rows(resources, EmailMessage) if mail.invoice_id]) == 1


async def test_a_mail_is_sent_once_however_often_the_task_runs(
    resources: Resources, context: Context, customer: Customer
) -> None:
    (mail,) = await rows(resources, EmailMessage)
    await asyncio.gather(*(billing.send_email(context, message_id=str(mail.id)) for _ in range(4)))
    await billing.send_email(context, message_id=str(mail.id))
    mailer = resources.mailer
    assert isinstance(mailer, MemoryMailer)
    assert [letter["To"] for letter in mailer.messages] == [customer.email]
    (sent,) = await rows(resources, EmailMessage)
    assert (sent.attempts, sent.next_attempt_at) == (1, None)
    assert sent.sent_at is not None


async def test_a_mail_whose_time_has_not_come_is_left_alone(
    resources: Resources, context: Context, customer: Customer
) -> None:
    async with unit_of_work(resources.session_maker) as session:
        await session.execute(update(EmailMessage).values(next_attempt_at=now() + timedelta(minutes=1)))
    (mail,) = await rows(resources, EmailMessage)
    await billing.send_email(context, message_id=str(mail.id))
    assert facts((await rows(resources, EmailMessage))[0]) == facts(mail)


async def test_a_payment_is_asked_about_when_due_and_not_again_after_the_answer(
    resources: Resources, context: Context, customer: Customer
) -> None:
    long_ago = now() - timedelta(hours=1)
    await start_checkout(resources.session_maker, customer, at=long_ago)
    (payment,) = await rows(resources, Payment)
    for _ in range(2):
        await billing.inquire_payment(context, payment_id=str(payment.id))
    (asked,) = await rows(resources, Payment)
    assert (asked.status, asked.inquiries, asked.next_inquiry_at) == (PaymentStatus.EXPIRED, 1, None)
    assert await rows(resources, OperatorCase) == []


async def test_a_payment_that_is_not_due_is_not_asked_about(
    resources: Resources, context: Context, customer: Customer
) -> None:
    await start_checkout(resources.session_maker, customer)
    (payment,) = await rows(resources, Payment)
    await billing.inquire_payment(context, payment_id=str(payment.id))
    assert facts((await rows(resources, Payment))[0]) == facts(payment)


async def test_a_hint_reaches_the_companys_channel_and_no_other(
    resources: Resources, context: Context, customer: Customer
) -> None:
    other = await make_customer(resources.session_maker, name="Başka")
    async with resources.redis.pubsub() as pubsub:
        await pubsub.subscribe(channel_of(customer.company.id), channel_of(other.company.id))
        await billing.announce(context, company_id=str(customer.company.id))
        heard = []
        while message := await pubsub.get_message(timeout=0.3):
            heard.append((message["type"], message["channel"], message["data"]))
    hints = [hint for hint in heard if hint[0] == "message"]
    assert hints == [("message", channel_of(customer.company.id), "billing-changed")]


async def test_a_transition_is_carried_out_once_however_often_the_task_runs(
    resources: Resources, context: Context, customer: Customer
) -> None:
    workspace = await add_workspace(
        resources.session_maker, customer, "shop", status=WorkspaceStatus.STARTING
    )
    async with unit_of_work(resources.session_maker) as session:
        session.add(
            WorkspaceTransition(
                company_id=customer.company.id,
                workspace_id=workspace.id,
                kind=TransitionKind.START,
                requested_by_id=customer.user.id,
                requested_at=now(),
                attempts=0,
                steps=[],
            )
        )
    (transition,) = await rows(resources, WorkspaceTransition)
    await asyncio.gather(
        *(workspaces.run_transition(context, transition_id=str(transition.id)) for _ in range(3))
    )
    (first,), (ready,) = await rows(resources, WorkspaceTransition), await rows(resources, Workspace)
    await workspaces.run_transition(context, transition_id=str(transition.id))
    assert facts((await rows(resources, WorkspaceTransition))[0]) == facts(first)
    assert (ready.status, first.attempts, first.error) == (WorkspaceStatus.READY, 1, None)


@pytest.mark.parametrize(
    ("task", "argument"),
    [
        (billing.render_invoice, "invoice_id"),
        (billing.send_email, "message_id"),
        (billing.inquire_payment, "payment_id"),
        (billing.announce, "company_id"),
        (workspaces.run_transition, "transition_id"),
    ],
)
async def test_a_row_that_has_vanished_is_nothing_to_do(
    context: Context, resources: Resources, task: Callable[..., Awaitable[None]], argument: str
) -> None:
    await task(context, **{argument: str(uuid7())})
    assert isinstance(resources.mailer, MemoryMailer)
    assert resources.mailer.messages == []
    for model in (Invoice, EmailMessage, Payment, OperatorCase, WorkspaceTransition):
        assert await rows(resources, model) == []
