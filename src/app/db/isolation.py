"""Which rows of which table a company may reach: the whole of row-level security, in one declaration.

It is put in place after the migrations, in their transaction (`app.db.policies`). A new table needs nothing
here when it has a `company_id` that is never null (its rows are the company's) or else a `user_id` (the
person's): the web may read, add and change such rows. Any other table is closed to the web until `RULES` has
it, and `DELETE` is given only here. What a company's request cannot do, for want of a company, declares why
(`app.db.scopes.Beyond`).

The worker, the commands and the migrations work for all companies as the tables' owner, whom no policy binds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

COMPANY = "(SELECT nullif(current_setting('app.company_id', true), '')::uuid)"
PERSON = "(SELECT nullif(current_setting('app.user_id', true), '')::uuid)"
"""What the transaction has declared, read once a statement; null, which equals nothing, when it has not."""
OWN = f"company_id = {COMPANY}"
READ, ADD, CHANGE, REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a company's request may do with a table; each condition is about one row."""

    may: tuple[str, ...] = (READ, ADD, CHANGE)
    sees: str | None = OWN
    """Nothing: the rows are everybody's, and no policy stands before them."""
    adds: str | None = None
    """Where it is not as `sees`."""
    changes: str | None = None
    """What may be changed and removed, and what it may become; where it is not as `sees`."""
    fixed: tuple[str, ...] = ()
    """Columns that no request changes."""


def any_of(rows: str) -> str:
    """Return the condition that there is such a row, asked of an index for each row that gets so far.

    An `EXISTS` the planner may answer by reading all of the company's rows once, for a single question.
    """
    return f"(SELECT true FROM {rows} LIMIT 1)"  # noqa: S608 constants of this module


APPEND_ONLY = Rule(may=(READ, ADD))
ISSUED = """
id created_at company_id order_id payment_id refund_id kind corrects_id reason series year sequence number
seller buyer language currency net vat total issued_at issue_date period_start period_end payment_reference
"""
RULES = {
    "alembic_version": Rule(may=(READ,), sees=None),  # readiness compares it with the program
    "audit_entries": Rule(
        may=(READ, ADD),
        sees=f"{OWN} OR company_id IS NULL AND actor_id = {PERSON}",
        adds=f"{OWN} OR company_id IS NULL",
    ),
    "companies": Rule(
        may=(READ, CHANGE),
        sees=f"id = {COMPANY}"
        f" OR {any_of(f'memberships m WHERE m.company_id = companies.id AND m.user_id = {PERSON}')}",
        changes=f"id = {COMPANY}",
        fixed=("id", "created_at", "slug", "founder_id"),
    ),
    "email_messages": Rule(may=(READ, ADD), adds=f"{OWN} OR company_id IS NULL"),
    "invoice_counters": Rule(sees=None),
    "invoice_lines": Rule(
        may=(READ, ADD),
        sees="EXISTS (SELECT FROM invoices WHERE invoices.id = invoice_id)",
        adds="true",  # a policy cannot see an invoice of the same statement; the trigger of 0018 does
    ),
    "invoices": Rule(fixed=tuple(ISSUED.split())),  # what is credited of one changes with its credit note
    "journals": APPEND_ONLY,
    "ledger_breaks": Rule(may=(READ,)),
    "data_archives": Rule(may=(READ, ADD), sees=f"requested_by_id = {PERSON}"),
    "legal_acceptances": APPEND_ONLY,
    "legal_texts": Rule(may=(READ, ADD), sees=f"{OWN} OR company_id IS NULL"),
    "memberships": Rule(
        may=(READ, ADD, CHANGE, REMOVE), sees=f"{OWN} OR user_id = {PERSON}", adds=OWN, changes=OWN
    ),
    "operator_cases": Rule(),
    "plan_prices": Rule(may=(READ,), sees=None),
    "plan_slices": APPEND_ONLY,
    "plans": Rule(may=(READ,), sees=None),
    "postings": Rule(
        may=(READ, ADD),
        sees="EXISTS (SELECT FROM journals WHERE journals.id = journal_id)",
        adds="true",  # as above; a journal that one cannot see never balances, so its trigger refuses
    ),
    "reminders": APPEND_ONLY,
    "recovery_codes": Rule(may=(READ, ADD, CHANGE, REMOVE), sees=f"user_id = {PERSON}"),
    "second_factors": Rule(
        may=(READ, ADD, CHANGE, REMOVE),
        # who of the company has one is seen where it is required; its key stays unreadable
        sees="EXISTS (SELECT FROM memberships WHERE memberships.user_id = second_factors.user_id)"
        f" OR user_id = {PERSON}",
        adds=f"user_id = {PERSON}",
        changes=f"user_id = {PERSON}",
    ),
    # begun by operators; a company's request may end one, as may an operator in the company's place
    "support_accesses": Rule(
        may=(READ, CHANGE),
        fixed=("id", "created_at", "company_id", "operator_id", "reason", "began_at", "ends_at"),
    ),
    "users": Rule(
        may=(READ, CHANGE),
        # whoever has acted in the company has a name there, also when gone
        sees=f"id = {PERSON}"
        f" OR {any_of('memberships m WHERE m.user_id = users.id')}"
        f" OR {any_of(f'audit_entries a WHERE a.actor_id = users.id AND a.{OWN}')}"
        f" OR {any_of(f'member_removals r WHERE r.user_id = users.id AND r.{OWN}')}",
        changes=f"id = {PERSON}",
        fixed=("id", "created_at", "is_operator", "mailbox"),
    ),
}
CLOSED = {
    "forecast_lines": "what operators expect of a day",
    "forecasts": "what operators expect of a day",
    "job_runs": "of the service, not of a company",
    "ledger_proofs": "of the whole book",
    "payment_events": "PayTR's messages, which may name an order we do not know",
    "provider_reports": "PayTR's day against the whole book",
    "reconciliation_differences": "PayTR's day against the whole book",
    "reconciliation_runs": "PayTR's day against the whole book",
    "used_trials": "digests of mailboxes, asked where somebody signs up",
}
"""Tables that no company's request reaches, and why."""
NEVER_CHANGED = frozenset(
    {
        "audit_entries",
        "invoice_lines",
        "journals",
        "legal_acceptances",
        "legal_texts",
        "payment_events",
        "plan_slices",
        "postings",
        "provider_reports",
        "reconciliation_differences",
        "reminders",
    }
)
NEVER_ADDED = frozenset({"alembic_version", "plans", "plan_prices"})
PLATFORM_REMOVES = frozenset({"memberships", "recovery_codes", "second_factors", "test_clocks"})


def rule_of(table: str, columns: Mapping[str, bool]) -> Rule | None:
    """Return what a company's request may do with a table, or nothing where it may do nothing.

    `columns` says of each whether it may be null.
    """
    if table in RULES or table in CLOSED:
        return RULES.get(table)
    if "company_id" in columns:
        return None if columns["company_id"] else Rule()
    return Rule(sees=f"user_id = {PERSON}") if "user_id" in columns else None
