"""Writing entries: journals and postings in one statement, alone or inside a larger one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.ledger.entries import Entry
from app.lib.ids import uuid7
from app.lib.statements import Statement, Transaction, fetch

NEW_JOURNALS = """
    INSERT INTO journals (id, kind, subject, company_id, currency, at)
    SELECT new.id, new.kind, new.subject, :company_id, :currency, :at
      FROM unnest(CAST(:journal_ids AS uuid[]), CAST(:journal_kinds AS text[]),
                  CAST(:journal_subjects AS uuid[])) AS new (id, kind, subject)
"""
NEW_POSTINGS = """
    INSERT INTO postings (journal_id, account, amount)
    SELECT journal.id, new.account, new.amount
      FROM journal
      JOIN unnest(CAST(:posting_kinds AS text[]), CAST(:posting_accounts AS text[]),
                  CAST(:posting_amounts AS bigint[])) AS new (kind, account, amount) USING (kind)
"""
JOURNALS = f"""
journal AS ({NEW_JOURNALS} RETURNING id, kind),
posting AS ({NEW_POSTINGS})
"""
"""Two CTEs for a statement that also writes; parameters `company_id`, `currency`, `at` and `lists_of`."""

POST = Statement(f"WITH {JOURNALS} SELECT 1")
POST_ONCE = Statement(f"""
WITH journal AS ({NEW_JOURNALS} ON CONFLICT (kind, subject) DO NOTHING RETURNING id, kind),
posting AS ({NEW_POSTINGS})
SELECT 1
""")


async def post(
    transaction: Transaction,
    entries: Sequence[Entry],
    *,
    company_id: UUID | None,
    currency: str,
    at: datetime,
) -> None:
    """Post entries of different kinds; raises `IntegrityError` when one of them was posted before."""
    written = [entry for entry in entries if entry.postings]
    if written:
        common = {"company_id": company_id, "currency": currency, "at": at}
        await fetch(transaction, POST, common | lists_of(written))


async def post_once(
    transaction: Transaction, entry: Entry, *, company_id: UUID | None, currency: str, at: datetime
) -> None:
    """Post what may be told more than once; only the first telling counts."""
    if entry.postings:
        common = {"company_id": company_id, "currency": currency, "at": at}
        await fetch(transaction, POST_ONCE, common | lists_of([entry]))


def lists_of(entries: Sequence[Entry]) -> dict[str, list[Any]]:
    """Return entries as the parameters of `JOURNALS`; one entry of each kind at most."""
    kinds = [entry.kind.value for entry in entries]
    if len(set(kinds)) < len(kinds):
        raise ValueError("one statement posts one entry of each kind")
    moves = [
        (entry.kind.value, account.value, amount)
        for entry in entries
        for account, amount in entry.postings.items()
    ]
    return {
        "journal_ids": [uuid7() for _ in entries],
        "journal_kinds": kinds,
        "journal_subjects": [entry.subject for entry in entries],
        "posting_kinds": [kind for kind, _, _ in moves],
        "posting_accounts": [account for _, account, _ in moves],
        "posting_amounts": [amount for _, _, amount in moves],
    }
