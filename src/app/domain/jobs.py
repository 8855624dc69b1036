"""Jobs by name, and how each is run. Services enqueue by name, so they never import tasks."""

from dataclasses import dataclass
from enum import StrEnum

from app.lib.i18n import N_


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
    MAKE_ARCHIVE = "archives.make"
    RUN_TRANSITION = "workspaces.run_transition"
    FOLLOW_REMOVAL = "people.follow_removal"


@dataclass(frozen=True, slots=True)
class JobPolicy:
    """How a job is run: seconds it may take, tries in all, seconds between them (doubling)."""

    queue: Queue
    timeout: int
    retries: int
    retry_delay: float = 2.0


POLICIES = {
    Job.RENDER_INVOICE: JobPolicy(Queue.BILLING, timeout=60, retries=5),
    Job.MAKE_ARCHIVE: JobPolicy(Queue.BILLING, timeout=300, retries=1),
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
    Job.FOLLOW_REMOVAL: JobPolicy(Queue.WORKSPACES, timeout=60, retries=1),
}


@dataclass(frozen=True, slots=True)
class Work:
    """How operators know a piece of scheduled work: its name and what it does (message ids)."""

    name: str
    does: str


SCHEDULED = {
    "subscription_manager": Work(
        N_("Subscription manager"), N_("Renews or ends what has run out, and follows up what is unpaid.")
    ),
    "trial_check": Work(N_("Trial check"), N_("Reminds of trials that end, and ends those that are over.")),
    "renewal_notices": Work(N_("Renewal notices"), N_("Writes to who renews within a week.")),
    "retention_check": Work(
        N_("Data retention"), N_("Announces and carries out the deletion of files that are kept no more.")
    ),
    "close_companies": Work(
        N_("Closed companies"), N_("Takes what names people out of companies that were closed.")
    ),
    "sweep_archives": Work(
        N_("Copies of data"), N_("Makes copies that somebody asked for, and removes them after a week.")
    ),
    "sweep_invoices": Work(
        N_("Documents"), N_("Draws invoices and credit notes whose PDF is still missing.")
    ),
    "sweep_emails": Work(
        N_("Mails"), N_("Sends what waits in the outbox, and tries again what was refused.")
    ),
    "sweep_charges": Work(N_("Charges"), N_("Sends charges of stored cards that were written down.")),
    "sweep_inquiries": Work(N_("Questions to PayTR"), N_("Asks PayTR about payments nobody has reported.")),
    "sweep_refunds": Work(N_("Refunds"), N_("Sends refunds, or asks PayTR what became of them.")),
    "sweep_card_registrations": Work(
        N_("New cards"), N_("Takes over cards that were verified, and gives the verification back.")
    ),
    "sweep_card_removals": Work(
        N_("Removed cards"), N_("Deletes at PayTR the cards that were removed here.")
    ),
    "sweep_reconciliation": Work(
        N_("Reconciliation"), N_("Compares each finished day with PayTR's reports, to the kuruş.")
    ),
    "prove_ledger": Work(N_("Proof of the ledger"), N_("Holds the whole book against every rule.")),
    "sweep_clocks": Work(N_("Test clocks"), N_("Moves companies on a test clock to where they were sent.")),
    "make_forecast": Work(
        N_("Forecast"), N_("Rehearses the coming day on a copy of the data, every evening.")
    ),
    "sweep_transitions": Work(N_("Workspace orders"), N_("Hands out starts, stops and deletions that wait.")),
    "sweep_removals": Work(
        N_("Removed members"), N_("Asks again for what became of their workspaces and failed.")
    ),
    "check_workspaces": Work(
        N_("Workspace check"), N_("Compares which workspaces should run with those that do.")
    ),
    "sweep_support": Work(
        N_("Support access"), N_("Writes down the end of accesses to companies that nobody ended.")
    ),
    "forget_idle_runs": Work(N_("Tidying up"), N_("Removes old records of runs that found nothing.")),
}
"""By the name its runs are recorded under; a test holds it to the crons of `app.tasks.registry`."""
