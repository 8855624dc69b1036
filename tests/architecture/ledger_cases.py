"""The operator's page of the book: proven, not yet, late, being checked, and with every rule broken."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from app.db.models import Account, Company, LedgerBreak, LedgerProof
from app.domain.accounts.operators import Operator
from app.domain.ledger.rules import RULES
from app.domain.ops.ledger_page import LATE_AFTER, Balance, BreakRow, LedgerPage, LedgerState
from tests.architecture import samples
from tests.architecture.case import Case

AT = samples.NOW
ROWS: list[dict[str, Any]] = [
    {"account": "paytr_clearing", "currency": "TRY", "posted": 297_000, "documents": 296_999},
    {"merchant_oid": "TZG1", "status": samples.RAW_NAME, "currency": "TRY", "due": 1, "since": "2026-11-20"},
    {"series": "TZG", "year": 2026, "documents": 2, "last_number": 3, "missing": [2]},
    {"order": str(samples.identifier("order")), "currency": "TRY", "due": 297_000, "paid": None},
    {"order": str(samples.identifier("order")), "payments": ["TZG1", "TZG2"]},
]


def proof(at: datetime = AT) -> LedgerProof:
    """Return a proof of a book of some size."""
    return LedgerProof(started_at=at, finished_at=at, postings=1_234_567, rules=len(RULES))


def ledger_cases(operator: Operator) -> Iterator[Case]:
    """Yield the page in every state."""
    company = Company(id=samples.identifier("company"), name=samples.RAW_NAME, slug="caliskan")
    breaks = [
        BreakRow(
            LedgerBreak(rule=rule, subject="x", rows=ROWS, found_at=AT, mended_at=AT),
            company if number else None,
        )
        for number, rule in enumerate((*(rule.key for rule in RULES), "of_an_earlier_version"))
    ]
    balances = {
        currency: [Balance(account, (number - 3) * 1_000) for number, account in enumerate(Account)]
        for currency in ("TRY", "USD")
    }
    holds, late = LedgerState(proof(), 0), LedgerState(proof(AT - 2 * LATE_AFTER), 0)
    pages = {
        "holds": LedgerPage(state=holds, breaks=[], mended=breaks[:2], balances=balances),
        "broken": LedgerPage(
            state=LedgerState(proof(), len(breaks) + 1), breaks=breaks, mended=[], balances=balances
        ),
        "late": LedgerPage(state=late, breaks=[], mended=[], balances=balances),
        "empty": LedgerPage(state=LedgerState(None, 0), breaks=[], mended=[], balances={}),
    }
    for name, found in pages.items():
        for since in (None, AT + timedelta(seconds=1)):
            context: dict[str, Any] = {"found": found, "at": AT, "since": since}
            yield Case(
                f"ledger-{name}",
                "operator/ledger.html.j2",
                "/operator/ledger",
                operator,
                context,
                blocks=("content", "ledger"),
            )
