"""Jobs by name, and how each is run. Services enqueue by name, so they never import tasks."""

from dataclasses import dataclass
from enum import StrEnum


class Queue(StrEnum):
    """Queues apart, so that neither slow provisioning nor a slow PayTR starves a receipt."""

    BILLING = "billing"
    PAYTR = "paytr"
    MAIL = "mail"
    WORKSPACES = "workspaces"


class Job(StrEnum):
    """Every job there is; the worker registers exactly these."""

    RENDER_INVOICE = "invoices.render_pdf"
    SEND_EMAIL = "notifications.send"
    ANNOUNCE = "billing.announce"
    INQUIRE_PAYMENT = "payments.inquire"
    SEND_CHARGE = "payments.charge"
    SEND_REFUND = "payments.refund"
    FOLLOW_CARD_REGISTRATION = "cards.follow_registration"
    REMOVE_CARD = "cards.remove"
    RECONCILE_DAY = "billing.reconcile_day"
    PROVE_LEDGER = "ledger.prove"
    ADVANCE_CLOCK = "clocks.advance"
    RUN_TRANSITION = "workspaces.run_transition"


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """How a job is run: seconds it may take, tries in all, seconds between them (doubling)."""

    queue: Queue
    timeout: int
    retries: int
    retry_delay: float = 2.0


POLICIES = {
    Job.RENDER_INVOICE: JobPolicy(Queue.BILLING, timeout=60, retries=5),
    Job.ANNOUNCE: JobPolicy(Queue.BILLING, timeout=10, retries=1),
    Job.INQUIRE_PAYMENT: JobPolicy(Queue.PAYTR, timeout=60, retries=1),
    Job.SEND_CHARGE: JobPolicy(Queue.PAYTR, timeout=120, retries=1),
    # PayTR may take 90 seconds over a refund, and is asked before or after it
    Job.SEND_REFUND: JobPolicy(Queue.PAYTR, timeout=240, retries=1),
    # a list, a refund of up to 90 seconds, and the questions around it
    Job.FOLLOW_CARD_REGISTRATION: JobPolicy(Queue.PAYTR, timeout=300, retries=1),
    Job.REMOVE_CARD: JobPolicy(Queue.PAYTR, timeout=120, retries=1),
    # a dozen reports of up to 90 seconds each, when PayTR is slow; what is cut off is swept up
    Job.RECONCILE_DAY: JobPolicy(Queue.PAYTR, timeout=600, retries=1),
    Job.PROVE_LEDGER: JobPolicy(Queue.BILLING, timeout=120, retries=1),
    # years of one company; what is cut off is taken up by the sweep, from where the clock stands
    Job.ADVANCE_CLOCK: JobPolicy(Queue.BILLING, timeout=600, retries=1),
    Job.SEND_EMAIL: JobPolicy(Queue.MAIL, timeout=60, retries=1),
    Job.RUN_TRANSITION: JobPolicy(Queue.WORKSPACES, timeout=300, retries=1),
}
