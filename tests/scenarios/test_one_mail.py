"""PayTR insists, or Redis is away: one period, one invoice, one mail, and always `OK`."""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

from litestar import Litestar
from sqlalchemy import select

from app.db.models import EmailMessage, Invoice
from app.domain.notifications.mailer import MemoryMailer
from app.lib.clock import now
from app.server.core import build_application
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from tests.conftest import browser
from tests.factories import callback_form, make_customer, send_callback, start_checkout
from tests.outage import private_redis, resources_on
from tests.worker import drain


def receipts(resources: Resources) -> list[str]:
    """Return the attachments of all letters that were sent."""
    assert isinstance(resources.mailer, MemoryMailer)
    parts = [part for letter in resources.mailer.messages for part in letter.iter_attachments()]
    return [part.get_filename() or "" for part in parts]


async def the_invoice(resources: Resources) -> Invoice:
    async with resources.session_maker() as session:
        return (await session.scalars(select(Invoice))).one()


async def test_ten_callbacks_at_once_are_one_mail(resources: Resources, application: Litestar) -> None:
    customer = await make_customer(resources.session_maker)
    checkout = await start_checkout(resources.session_maker, customer)
    form = callback_form(checkout.payment.merchant_oid, checkout.payment.amount)

    async def once() -> bytes:
        async with browser(application) as paytr:
            return (await send_callback(paytr, form)).content

    assert await asyncio.gather(*(once() for _ in range(10))) == [b"OK"] * 10
    await drain(resources)
    assert await once() == b"OK"
    await drain(resources)
    invoice = await the_invoice(resources)
    assert receipts(resources) == [f"{invoice.number}.pdf"]
    async with resources.session_maker() as session:
        mails = list(await session.scalars(select(EmailMessage).where(EmailMessage.invoice_id == invoice.id)))
    assert [(mail.attempts, mail.sent_at is not None) for mail in mails] == [(1, True)]


async def test_while_redis_is_away_paytr_gets_its_ok_and_the_rest_follows_when_it_is_back(
    resources: Resources, tmp_path: Path
) -> None:
    customer = await make_customer(resources.session_maker)
    checkout = await start_checkout(resources.session_maker, customer)
    with private_redis(tmp_path) as redis:
        async with resources_on(resources, redis.url) as alone:
            application = build_application(alone.settings, alone, owns_resources=False)
            async with application.lifespan(), browser(application) as client:
                await customer.log_in(client)
                redis.stop()
                began = time.monotonic()
                form = callback_form(checkout.payment.merchant_oid, checkout.payment.amount)
                assert (await send_callback(client, form)).content == b"OK"
                assert time.monotonic() - began < 4
                assert (await client.get("/billing")).status_code == 503
                assert (await the_invoice(alone)).pdf_rendered_at is None
                assert receipts(alone) == []

                redis.start()
                at = now() + timedelta(minutes=2)
                for sweep in ("sweep_invoices", "sweep_emails"):
                    assert (await SWEEPS[sweep](alone, at)).failed == 0
                await drain(alone)
                invoice = await the_invoice(alone)
                assert receipts(alone) == [f"{invoice.number}.pdf"]
                await customer.log_in(client)
                assert invoice.number in (await client.get("/billing")).text
                document = await client.get(f"/invoices/{invoice.number}.pdf")
                assert document.content.startswith(b"%PDF")
