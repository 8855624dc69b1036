"""Tasks that follow a settlement, and the sweeps behind their due columns."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from saq.types import Context

from app.db.models import EmailMessage, Invoice, Payment, Refund
from app.domain.billing.charging.service import due_charges
from app.domain.billing.charging.service import send_charge as send_charge_now
from app.domain.billing.post import send_email as send_email_now
from app.domain.billing.receipts import due_invoices
from app.domain.billing.receipts import render_invoice as render_invoice_now
from app.domain.billing.refunds.service import due_refunds
from app.domain.billing.refunds.service import send_refund as send_refund_now
from app.domain.billing.verification.service import due_inquiries
from app.domain.billing.verification.service import inquire as inquire_now
from app.domain.notifications.service import due_emails
from app.domain.ops.runs import Tally
from app.lib.clock import now
from app.lib.events import publish
from app.tasks.cards import SWEEPS as CARD_SWEEPS
from app.tasks.context import Resources, resources_of
from app.tasks.reconciliation import SWEEPS as RECONCILIATION_SWEEPS
from app.tasks.subscriptions import SWEEPS as SUBSCRIPTION_SWEEPS
from app.tasks.sweeping import in_its_time, sweep
from app.tasks.trials import SWEEPS as TRIAL_SWEEPS


async def announce(context: Context, *, company_id: str, event: str = "billing-changed") -> None:
    """Tell the company's open pages that something changed; a lost hint costs a minute of polling."""
    await publish(resources_of(context).redis, UUID(company_id), event)


async def render_invoice(context: Context, *, invoice_id: str) -> None:
    """Render one invoice's PDF and queue its receipt."""
    await in_its_time(resources_of(context), Invoice, invoice_id, _render)


async def send_email(context: Context, *, message_id: str) -> None:
    """Send one mail of the outbox."""
    await in_its_time(resources_of(context), EmailMessage, message_id, _send)


async def send_charge(context: Context, *, payment_id: str) -> None:
    """Charge the stored card of one payment that was written down."""
    await in_its_time(resources_of(context), Payment, payment_id, _charge)


async def inquire_payment(context: Context, *, payment_id: str) -> None:
    """Ask PayTR about one payment."""
    await in_its_time(resources_of(context), Payment, payment_id, _inquire)


async def send_refund(context: Context, *, refund_id: str) -> None:
    """Take one refund a step on."""
    await in_its_time(resources_of(context), Refund, refund_id, _refund)


async def sweep_invoices(context: Context) -> None:
    """Render what the queue has missed."""
    await SWEEPS["sweep_invoices"](resources_of(context), now())


async def sweep_emails(context: Context) -> None:
    """Send what the queue has missed and what is to be tried again."""
    await SWEEPS["sweep_emails"](resources_of(context), now())


async def sweep_charges(context: Context) -> None:
    """Send the charges that were written down and never left."""
    await SWEEPS["sweep_charges"](resources_of(context), now())


async def sweep_inquiries(context: Context) -> None:
    """Ask PayTR about every payment that is due."""
    await SWEEPS["sweep_inquiries"](resources_of(context), now())


async def sweep_refunds(context: Context) -> None:
    """Send the refunds that are due, or ask PayTR about them."""
    await SWEEPS["sweep_refunds"](resources_of(context), now())


async def _render(resources: Resources, invoice_id: UUID, at: datetime) -> None:
    company_id = await render_invoice_now(
        resources.session_maker, resources.storage, resources.settings, invoice_id, at=at
    )
    if company_id is not None:
        await publish(resources.redis, company_id, "billing-changed")


async def _send(resources: Resources, message_id: UUID, at: datetime) -> None:
    await send_email_now(
        resources.session_maker, resources.mailer, resources.storage, resources.settings, message_id, at=at
    )


async def _charge(resources: Resources, payment_id: UUID, at: datetime) -> None:
    await send_charge_now(resources.session_maker, resources.gateway, resources.settings, payment_id, at=at)


async def _inquire(resources: Resources, payment_id: UUID, at: datetime) -> None:
    await inquire_now(resources.session_maker, resources.gateway, resources.settings, payment_id, at=at)


async def _refund(resources: Resources, refund_id: UUID, at: datetime) -> None:
    await send_refund_now(resources.session_maker, resources.gateway, resources.settings, refund_id, at=at)


SWEEPS: dict[str, Callable[[Resources, datetime], Awaitable[Tally]]] = {
    "sweep_charges": partial(sweep, name="sweep_charges", find=due_charges, do=_charge),
    "sweep_inquiries": partial(sweep, name="sweep_inquiries", find=due_inquiries, do=_inquire),
    "sweep_refunds": partial(sweep, name="sweep_refunds", find=due_refunds, do=_refund),
    **CARD_SWEEPS,
    **TRIAL_SWEEPS,
    **SUBSCRIPTION_SWEEPS,
    "sweep_invoices": partial(sweep, name="sweep_invoices", find=due_invoices, do=_render),
    "sweep_emails": partial(sweep, name="sweep_emails", find=due_emails, do=_send),
    **RECONCILIATION_SWEEPS,
}
"""The sweeps around money, in the order one pass by hand makes them."""
