"""Thin SAQ functions; no rule lives here. This screen is the whole registry."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.domain.jobs import Job, Queue
from app.tasks import (
    billing,
    cards,
    clocks,
    forecasts,
    ledger,
    maintenance,
    people,
    privacy,
    reconciliation,
    subscriptions,
    support,
    trials,
    workspaces,
)

Task = Callable[..., Awaitable[Any]]

TASKS: list[tuple[Job, Task]] = [
    (Job.RENDER_INVOICE, billing.render_invoice),
    (Job.ANNOUNCE, billing.announce),
    (Job.INQUIRE_PAYMENT, billing.inquire_payment),
    (Job.SEND_CHARGE, billing.send_charge),
    (Job.SEND_REFUND, billing.send_refund),
    (Job.FOLLOW_CARD_REGISTRATION, cards.follow_registration),
    (Job.REMOVE_CARD, cards.remove_card),
    (Job.RECONCILE_DAY, reconciliation.compare_day),
    (Job.PROVE_LEDGER, ledger.prove_ledger),
    (Job.ADVANCE_CLOCK, clocks.advance_clock),
    (Job.SEND_EMAIL, billing.send_email),
    (Job.MAKE_ARCHIVE, privacy.make_archive),
    (Job.RUN_TRANSITION, workspaces.run_transition),
    (Job.FOLLOW_REMOVAL, people.follow_removal),
]

CRONS: list[tuple[Queue, str, Task]] = [
    (Queue.BILLING, "* * * * *", subscriptions.subscription_manager),
    (Queue.BILLING, "* * * * *", billing.sweep_invoices),
    (Queue.MAIL, "* * * * *", billing.sweep_emails),
    (Queue.PAYTR, "* * * * *", billing.sweep_charges),
    (Queue.PAYTR, "* * * * *", billing.sweep_inquiries),
    (Queue.PAYTR, "* * * * *", billing.sweep_refunds),
    (Queue.PAYTR, "* * * * *", cards.sweep_card_registrations),
    (Queue.PAYTR, "* * * * *", cards.sweep_card_removals),
    (Queue.PAYTR, "* * * * *", reconciliation.sweep_reconciliation),
    (Queue.BILLING, "*/5 * * * *", ledger.prove_ledger),
    (Queue.BILLING, "* * * * *", clocks.sweep_clocks),
    (Queue.BILLING, "* * * * *", trials.trial_check),
    (Queue.BILLING, "*/10 * * * *", trials.renewal_notices),
    (Queue.BILLING, "*/10 * * * *", trials.retention_check),
    (Queue.BILLING, "*/10 * * * *", forecasts.make_forecast),
    (Queue.BILLING, "*/10 * * * *", privacy.close_companies),
    (Queue.BILLING, "* * * * *", privacy.sweep_archives),
    (Queue.BILLING, "* * * * *", support.sweep_support),
    (Queue.BILLING, "17 3 * * *", maintenance.forget_idle_runs),
    (Queue.WORKSPACES, "* * * * * */20", workspaces.sweep_transitions),
    (Queue.WORKSPACES, "* * * * * */20", people.sweep_removals),
    (Queue.WORKSPACES, "* * * * *", workspaces.check_workspaces),
]
