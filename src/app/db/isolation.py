"""Which rows of which table a company may reach: the whole of row-level security, in one declaration.

It is put in place after the migrations, in their transaction, and by nothing else. A new table needs nothing
here when it has a `company_id` that is never null (its rows are the company's) or else a `user_id` (the
person's): the web may read, add and change such rows. Any other table is closed to the web until `RULES` has
it, and `DELETE` is given only here. What a company's request cannot do, for want of a company, declares why
(`app.db.scopes.Beyond`).

The worker, the commands and the migrations work for all companies as the tables' owner, whom no policy binds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from app.db.scopes import PLATFORM, WEB
from app.lib.settings import SettingsError

COMPANY = "(SELECT nullif(current_setting('app.company_id', true), '')::uuid)"
PERSON = "(SELECT nullif(current_setting('app.user_id', true), '')::uuid)"
"""What the transaction has declared, read once a statement; null, which equals nothing, when it has not."""
OWN = f"company_id = {COMPANY}"
READ, ADD, CHANGE, REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"
COLUMNS = """
SELECT c.relname, a.attname, NOT a.attnotnull
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
 ORDER BY c.relname, a.attnum
"""
MARKS = """
SELECT c.relname, coalesce(obj_description(p.oid, 'pg_policy'), '')
  FROM pg_policy p
  JOIN pg_class c ON c.oid = p.polrelid AND c.relrowsecurity
 WHERE c.relnamespace = 'public'::regnamespace AND p.polname = 'platform'
"""
NEW_ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN NOINHERIT;
    -- who may create roles and is no superuser may become what it has made only once it has said so
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        GRANT {role} TO CURRENT_USER;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this server was faster
END $$
"""


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


APPEND_ONLY = Rule(may=(READ, ADD))
RULES = {
    "alembic_version": Rule(may=(READ,), sees=None),  # readiness compares it with the program
    "audit_entries": Rule(
        may=(READ, ADD),
        sees=f"{OWN} OR company_id IS NULL AND actor_id = {PERSON}",
        adds=f"{OWN} OR company_id IS NULL",
    ),
    "companies": Rule(
        may=(READ, CHANGE),
        sees=f"id = {COMPANY} OR EXISTS (SELECT FROM memberships m"
        f" WHERE m.company_id = companies.id AND m.user_id = {PERSON})",
        changes=f"id = {COMPANY}",
        fixed=("id", "created_at", "slug"),
    ),
    "email_messages": Rule(may=(READ, ADD), adds=f"{OWN} OR company_id IS NULL"),
    "invoice_counters": Rule(sees=None),
    "invoice_lines": Rule(
        may=(READ, ADD),
        sees="EXISTS (SELECT FROM invoices WHERE invoices.id = invoice_id)",
        adds="true",  # a policy cannot see an invoice of the same statement; the trigger of 0018 does
    ),
    "invoices": Rule(
        fixed=(
            *("id", "created_at", "company_id", "kind", "corrects_id", "refund_id", "reason", "order_id"),
            *(
                "payment_id",
                "number",
                "series",
                "year",
                "sequence",
                "seller",
                "buyer",
                "language",
                "currency",
            ),
            *("net", "vat", "total", "issued_at", "issue_date", "period_start", "period_end"),
            "payment_reference",
        )
    ),
    "journals": APPEND_ONLY,
    "ledger_breaks": Rule(may=(READ,)),
    "legal_acceptances": APPEND_ONLY,
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
    "users": Rule(
        may=(READ, CHANGE),
        # whoever has acted in the company has a name there, also when gone
        sees=f"id = {PERSON} OR EXISTS (SELECT FROM memberships m WHERE m.user_id = users.id)"  # noqa: S608 constants
        f" OR EXISTS (SELECT FROM audit_entries a WHERE a.actor_id = users.id AND a.{OWN})"
        f" OR EXISTS (SELECT FROM member_removals r WHERE r.user_id = users.id AND r.{OWN})",
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
}
"""Tables that no company's request reaches, and why."""
NEVER_CHANGED = frozenset({"payment_events", "provider_reports", "reconciliation_differences"}) | {
    table for table, rule in RULES.items() if rule.may == (READ, ADD) and table != "email_messages"
}
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


def isolate(connection: Connection) -> None:
    """Put the declaration in place; a table whose policies are as declared is not locked."""
    make_roles(connection)
    standing = _standing(connection)
    for table, columns in _tables(connection).items():
        rule = rule_of(table, columns)
        for grant in _grants(table, columns, rule):
            connection.exec_driver_sql(grant)
        policies = list(_policies(table, rule))
        if policies and standing.get(table) != _digest(policies):
            for statement in (*_removed(connection, table), *policies, _mark(table, policies)):
                connection.exec_driver_sql(statement)


def not_isolated(connection: Connection) -> list[str]:
    """Return the tables whose rows are not kept apart as declared."""
    standing = _standing(connection)
    return [
        table
        for table, columns in _tables(connection).items()
        if (policies := list(_policies(table, rule_of(table, columns))))
        and standing.get(table) != _digest(policies)
    ]


def make_roles(connection: Connection) -> None:
    """Make the roles that are missing; they are the server's, and its other databases may use them too.

    Raises `SettingsError` where the account may not, with what an administrator has to run once.
    """
    known = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    for role in (WEB, PLATFORM):
        if role not in known:
            try:
                connection.exec_driver_sql(NEW_ROLE.format(role=role))
            except ProgrammingError as error:
                raise SettingsError(
                    f"The database account may not create the role {role}. Let an administrator run, once: "
                    f"CREATE ROLE {WEB}; CREATE ROLE {PLATFORM}; "
                    f"GRANT {WEB}, {PLATFORM} TO the account in TEZGAH_DATABASE_URL;"
                ) from error


def _tables(connection: Connection) -> dict[str, dict[str, bool]]:
    """Return each table's columns, and whether they may be null."""
    tables: dict[str, dict[str, bool]] = {}
    for table, column, nullable in connection.execute(text(COLUMNS)):
        tables.setdefault(table, {})[column] = nullable
    return tables


def _standing(connection: Connection) -> dict[str, str]:
    """Return the mark of every table whose rows are kept apart."""
    return dict(connection.execute(text(MARKS)).tuples().all())


def _grants(table: str, columns: Iterable[str], rule: Rule | None) -> Iterator[str]:
    yield f"REVOKE ALL ON {table} FROM {WEB}, {PLATFORM}"
    if rule is not None:
        yield f"GRANT {_verbs(rule.may, columns, rule)} ON {table} TO {WEB}"
    verbs = [READ]
    verbs += [ADD] * (table not in NEVER_ADDED)
    verbs += [CHANGE] * (table not in NEVER_ADDED | NEVER_CHANGED)
    verbs += [REMOVE] * (table in PLATFORM_REMOVES)
    yield f"GRANT {_verbs(verbs, columns, rule or Rule())} ON {table} TO {PLATFORM}"


def _verbs(verbs: Iterable[str], columns: Iterable[str], rule: Rule) -> str:
    free = ", ".join(column for column in columns if column not in rule.fixed)
    return ", ".join(f"{verb} ({free})" if verb == CHANGE and rule.fixed else verb for verb in verbs)


def _policies(table: str, rule: Rule | None) -> Iterator[str]:
    if rule is not None and rule.sees is None:
        return
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"CREATE POLICY platform ON {table} TO {PLATFORM} USING (true)"
    if rule is None:
        return
    reads, adds, changes = rule.sees, rule.adds or rule.sees, rule.changes or rule.sees
    conditions = {
        READ: f"FOR SELECT TO {WEB} USING ({reads})",
        ADD: f"FOR INSERT TO {WEB} WITH CHECK ({adds})",
        CHANGE: f"FOR UPDATE TO {WEB} USING ({changes})",
        REMOVE: f"FOR DELETE TO {WEB} USING ({changes})",
    }
    for verb in rule.may:
        yield f"CREATE POLICY company_{verb.lower()} ON {table} {conditions[verb]}"


def _removed(connection: Connection, table: str) -> list[str]:
    """Return what takes away the policies of before."""
    names = text("SELECT polname FROM pg_policy WHERE polrelid = CAST(:name AS regclass)")
    return [f"DROP POLICY {policy} ON {table}" for policy in connection.scalars(names, {"name": table})]


def _digest(policies: list[str]) -> str:
    return sha256("\n".join(policies).encode()).hexdigest()


def _mark(table: str, policies: list[str]) -> str:
    return f"COMMENT ON POLICY platform ON {table} IS '{_digest(policies)}'"
