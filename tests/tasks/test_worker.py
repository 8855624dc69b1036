"""The worker itself: from the committed request to the customer's inbox, and a stop that is quick."""

import asyncio
import os
import signal
import subprocess
import sys
from io import BytesIO
from pathlib import Path

from litestar import Litestar
from pypdf import PdfReader
from redis.asyncio import Redis
from sqlalchemy import select

from app.db.models import EmailMessage, Invoice
from app.domain.jobs import Queue
from app.domain.notifications.mailer import MemoryMailer
from app.lib.events import channel_of
from app.lib.storage import MemoryStorage
from app.tasks.context import Resources
from tests.conftest import browser
from tests.factories import callback_form, make_customer, send_callback, start_checkout
from tests.waiting import until
from tests.worker import drain

ROOT = Path(__file__).parents[2]


async def test_a_callback_becomes_a_mail_with_the_invoice_and_a_hint_to_open_pages(
    resources: Resources, application: Litestar
) -> None:
    customer = await make_customer(resources.session_maker, language="en")
    checkout = await start_checkout(resources.session_maker, customer)
    await drain(resources)  # the welcome
    async with resources.redis.pubsub() as pubsub:
        await pubsub.subscribe(channel_of(customer.company.id))
        async with browser(application) as paytr:
            form = callback_form(checkout.payment.merchant_oid, checkout.payment.amount)
            assert (await send_callback(paytr, form)).content == b"OK"
        await drain(resources, Queue.BILLING, Queue.MAIL)
        hints = []
        while message := await pubsub.get_message(timeout=0.3):
            hints.append(message["data"])
    assert hints[1:] == ["billing-changed"]
    async with resources.session_maker() as session:
        invoice = (await session.scalars(select(Invoice))).one()
    assert isinstance(resources.mailer, MemoryMailer)
    assert isinstance(resources.storage, MemoryStorage)
    welcome, receipt = resources.mailer.messages
    assert welcome["To"] == receipt["To"] == customer.email
    assert invoice.number in receipt["Subject"]
    (attachment,) = receipt.iter_attachments()
    assert attachment.get_filename() == f"{invoice.number}.pdf"
    (stored,) = (data for data, _ in resources.storage.documents.values())
    assert attachment.get_content() == stored
    text = PdfReader(BytesIO(stored)).pages[0].extract_text()
    assert invoice.number in text
    assert "Işık Yazılım" in text


async def test_draining_again_sends_nothing_more(resources: Resources) -> None:
    await make_customer(resources.session_maker)
    await drain(resources)
    await drain(resources)
    assert isinstance(resources.mailer, MemoryMailer)
    assert len(resources.mailer.messages) == 1


async def test_the_hand_over_of_one_job_twice_is_one_job(resources: Resources, redis: "Redis") -> None:
    await make_customer(resources.session_maker)
    async with resources.session_maker() as session:
        mail = (await session.scalars(select(EmailMessage))).one()
    assert await redis.exists(f"saq:job:mail:email:{mail.id}") == 1
    assert await redis.llen("saq:mail:queued") == 1


async def test_a_worker_process_takes_jobs_and_stops_at_once_when_asked(resources: Resources) -> None:
    await make_customer(resources.session_maker)
    settings = resources.settings
    environment = {
        **os.environ,
        "TEZGAH_ENV": "test",
        "TEZGAH_HOME": str(settings.home),
        "TEZGAH_DATABASE_URL": settings.database_url,
        "TEZGAH_REDIS_URL": settings.redis_url,
        "TEZGAH_SMTP_URL": settings.smtp_url,
        "TEZGAH_PAYTR_BASE_URL": settings.paytr_base_url,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app", "worker"), cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        await until(lambda: tried(resources), seconds=60)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def tried(resources: Resources) -> bool:
    """Say whether the worker has tried the welcome and noted that no mail server listens."""
    async with resources.session_maker() as session:
        mail = (await session.scalars(select(EmailMessage))).one()
    return mail.attempts == 1 and (mail.last_error or "").startswith("SMTPConnect")
