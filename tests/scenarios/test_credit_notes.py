"""Credit notes in the database: what a refund takes back, gaplessly, and never more than the invoice."""

import asyncio
import hashlib
import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.db.models import (
    Account,
    EmailMessage,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    Journal,
    JournalKind,
    Posting,
)
from app.domain.billing.settlement.service import Outcome
from app.domain.invoices.credit_notes import issue_credit_note, lock_invoices
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.scenarios.till import PRICE, Till, open_till

CONNECTIONS = 8


class Withdrawn(Exception):
    """A transaction that fails after it has drawn its number."""


@pytest.fixture
async def till(resources: Resources) -> Till:
    return await open_till(resources)


async def documents(till: Till) -> tuple[Invoice, list[Invoice]]:
    """Return the invoice and its credit notes, in the order of their numbers."""
    async with till.shop.resources.session_maker() as session:
        statement = select(Invoice).options(selectinload(Invoice.lines)).order_by(Invoice.sequence)
        rows = list(await session.scalars(statement))
    (invoice,) = [row for row in rows if row.kind is InvoiceKind.INVOICE]
    return invoice, [row for row in rows if row.kind is InvoiceKind.CREDIT_NOTE]


async def take_back(till: Till, amount: int, *, fails: bool = False) -> None:
    """Issue a note over `amount` as company credit."""
    payment, resources = await till.payment(), till.shop.resources
    async with unit_of_work(resources.session_maker) as session:
        await issue_credit_note(
            session,
            order_id=payment.order_id,
            amount=amount,
            reason="Refunded",
            to=Account.COMPANY_CREDIT,
            refund_id=None,
            series=resources.settings.credit_note_series,
            at=till.start,
        )
        if fails:
            raise Withdrawn


async def test_a_partial_refund_takes_back_its_part_of_the_invoice(till: Till) -> None:
    refund = await till.send(await till.ask(100_000))
    invoice, (note,) = await documents(till)
    assert note.number == f"TZI{till.start.year}000000001"
    assert (note.net, note.vat, note.total) == (83_333, 16_667, 100_000)
    assert (note.corrects_id, note.refund_id, note.reason) == (invoice.id, refund.id, "Ödeme iade edildi")
    assert (note.seller, note.buyer, note.currency) == (invoice.seller, invoice.buyer, "TRY")
    assert [(line.net, line.vat, line.description) for line in note.lines] == [
        (83_333, 16_667, invoice.lines[0].description)
    ]
    assert (invoice.status, invoice.credited) == (InvoiceStatus.ISSUED, 100_000)
    async with till.shop.resources.session_maker() as session:
        posted: dict[Any, int] = dict(
            (
                await session.execute(
                    select(Posting.account, Posting.amount)
                    .join(Journal, Journal.id == Posting.journal_id)
                    .where(Journal.kind == JournalKind.CREDIT_NOTE, Journal.subject == note.id)
                )
            ).all()
        )
    assert posted == {Account.REVENUE: 83_333, Account.VAT_PAYABLE: 16_667, Account.REFUNDS_PAYABLE: -100_000}


async def test_refunds_in_parts_credit_the_invoice_in_whole_and_to_the_kurus(till: Till) -> None:
    for amount in (99_999, 1, PRICE - 100_000):
        await till.send(await till.ask(amount))
    invoice, notes = await documents(till)
    assert (invoice.status, invoice.credited) == (InvoiceStatus.CREDITED, PRICE)
    assert sum(note.net for note in notes) == invoice.net
    assert sum(note.vat for note in notes) == invoice.vat
    assert [note.sequence for note in notes] == [1, 2, 3]


async def test_the_surcharge_of_instalments_is_no_part_of_a_credit_note(resources: Resources) -> None:
    till = await open_till(resources, total=PRICE + 9_000)
    refund = await till.send(await till.ask(PRICE + 9_000))
    assert refund.returned == PRICE + 9_000
    _, (note,) = await documents(till)
    assert note.total == PRICE


async def test_money_that_bought_nothing_goes_back_without_a_credit_note(resources: Resources) -> None:
    till = await open_till(resources)
    second = await till.shop.open_frame(till.customer, till.start)
    till.gateway.pay(second.payment.merchant_oid)
    assert await till.shop.report(second, till.start, total_amount=1) is Outcome.HELD
    surplus = Till(till.shop, till.gateway, till.customer, second.payment.merchant_oid, till.start)
    assert (await surplus.payment()).is_surplus
    await surplus.send(await surplus.ask(1))
    _, notes = await documents(till)
    assert notes == []


async def test_an_order_without_an_invoice_gets_no_credit_note(resources: Resources) -> None:
    till = await open_till(resources)
    unpaid = await till.shop.open_frame(till.customer, till.start)
    await take_back(
        Till(till.shop, till.gateway, till.customer, unpaid.payment.merchant_oid, till.start), 100
    )
    assert (await documents(till))[1] == []


async def test_sixty_four_at_once_never_take_back_more_than_the_invoice_and_leave_no_gap(till: Till) -> None:
    connections = asyncio.Semaphore(CONNECTIONS)

    async def one(number: int) -> None:
        async with connections:
            await take_back(till, PRICE // 40, fails=number % 4 == 0)

    order = random.sample(range(64), 64)
    outcomes = await asyncio.gather(*(one(number) for number in order), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome] == [Withdrawn] * 16
    invoice, notes = await documents(till)
    assert (invoice.status, invoice.credited) == (InvoiceStatus.CREDITED, PRICE)
    assert [note.sequence for note in notes] == list(range(1, 41))
    assert sum(note.total for note in notes) == PRICE
    assert sum(note.vat for note in notes) == invoice.vat


async def test_two_that_take_back_the_same_invoices_in_opposite_order_both_come_through(till: Till) -> None:
    resources = till.shop.resources
    orders = [(await till.payment()).order_id]
    orders.append((await till.shop.buy(till.customer, till.start)).order.id)

    async def take(order_ids: list[UUID]) -> None:
        async with unit_of_work(resources.session_maker) as session:
            await lock_invoices(session, order_ids)
            for order_id in order_ids:
                await issue_credit_note(
                    session,
                    order_id=order_id,
                    amount=1_000,
                    reason="Refunded",
                    to=Account.COMPANY_CREDIT,
                    refund_id=None,
                    series=resources.settings.credit_note_series,
                    at=till.start,
                )
                await asyncio.sleep(0)  # let the other one in between

    await asyncio.gather(*(take(orders[:: (-1) ** number]) for number in range(8)))
    notes = [one for one in await till.shop.all(Invoice) if one.kind is InvoiceKind.CREDIT_NOTE]
    assert sorted(note.sequence for note in notes) == list(range(1, 17))


async def test_the_note_is_drawn_and_mailed_once_in_the_same_bytes(resources: Resources) -> None:
    till = await open_till(resources, language="en")
    await till.send(await till.ask(100_000))
    await till.shop.work(till.start)
    later = till.start + timedelta(minutes=5)
    await till.shop.work(later)
    _, (note,) = await documents(till)
    assert note.pdf_key == f"invoices/{note.year}/{note.number}.pdf"
    first = await resources.storage.get(note.pdf_key)
    assert hashlib.sha256(first).hexdigest() == note.pdf_sha256
    mails: list[EmailMessage] = await till.shop.all(EmailMessage)
    about = [mail for mail in mails if mail.template in {"refund_sent", "credit_note"}]
    assert [(mail.template, mail.invoice_id) for mail in about] == [("refund_sent", note.id)]
    (letter,) = [m for m in till.shop.mailer.messages if "₺1,000.00" in m["Subject"]]
    body = letter.get_body(("plain",))
    assert body is not None
    assert note.number in body.get_content()
    (attachment,) = list(letter.iter_attachments())
    assert attachment.get_content() == first

    async with unit_of_work(resources.session_maker) as session:
        row = await session.get_one(Invoice, note.id)
        row.pdf_key = row.pdf_sha256 = row.pdf_rendered_at = None
    await till.shop.work(later)
    assert await resources.storage.get(note.pdf_key) == first
    assert len(await till.shop.all(EmailMessage)) == len(mails)


async def test_a_note_cannot_be_changed_once_it_is_issued(till: Till) -> None:
    await take_back(till, 100)
    _, (note,) = await documents(till)
    with pytest.raises(Exception, match="is issued and does not change"):
        async with unit_of_work(till.shop.resources.session_maker) as session:
            (await session.get_one(Invoice, note.id)).reason = "another"
