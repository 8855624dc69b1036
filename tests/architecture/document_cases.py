"""The pages of documents in every state: the list, what explains an amount, the statement, the details."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from app.db.models import Interval, Invoice, InvoiceKind, InvoiceStatus, JournalKind, Order, OrderKind
from app.domain.billing.documents import Explanation
from app.domain.billing.explaining import (
    CreditStep,
    DifferenceStep,
    PriceStep,
    PriceVersion,
    Step,
    UnusedStep,
)
from app.domain.billing.statements import KINDS, Entry, Statement
from app.domain.companies.details import LONGEST, BillingDetails
from app.domain.companies.viewer import Viewer
from app.lib.days import Days
from tests.architecture import samples
from tests.architecture.case import Case

AT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
UNTIL = datetime(2026, 12, 22, 9, 30, tzinfo=UTC)
STARTER = PriceVersion(
    price_id=samples.identifier("starter"), plan="Starter", version=1, interval=Interval.MONTH, gross=87_000
)
TEAM = PriceVersion(
    price_id=samples.identifier("team"), plan="Team", version=3, interval=Interval.YEAR, gross=297_000
)
STEPS: dict[str, list[Step]] = {
    "purchase": [PriceStep(price=TEAM)],
    "change": [
        DifferenceStep(
            old=STARTER,
            new=TEAM,
            since=AT,
            until=UNTIL,
            seconds=1_296_000,
            of_seconds=2_592_000,
            value_before=87_000,
            value_after=384_000,
        ),
        CreditStep(amount=5_000),
    ],
    "interval": [
        PriceStep(price=TEAM),
        UnusedStep(price=STARTER, seconds=1_296_000, of_seconds=2_592_000, amount=43_500),
    ],
    "old": [],
}


def invoice(*, credited: int = 0, net: int = 247_500, sequence: int = 41, rendered: bool = True) -> Invoice:
    """Return an invoice over ₺2,970.00 of which `credited` is taken back."""
    found = samples.invoice(at=AT, rendered=rendered, sequence=sequence)
    found.kind, found.corrects, found.credited = InvoiceKind.INVOICE, None, credited
    found.net, found.vat = net, 297_000 - net
    found.status = InvoiceStatus.CREDITED if credited == 297_000 else InvoiceStatus.ISSUED
    return found


def credit_note(corrected: Invoice, *, refunded: bool) -> Invoice:
    """Return a note over a third of it, whose reason would be markup if anything forgot to escape it."""
    note = samples.invoice(at=AT, sequence=7)
    note.id, note.number = samples.identifier(f"note-{refunded}"), "TZI2026000000007"
    note.kind, note.corrects, note.status = InvoiceKind.CREDIT_NOTE, corrected, InvoiceStatus.ISSUED
    note.net, note.vat, note.total, note.credited = 82_500, 16_500, 99_000, 0
    note.refund_id = samples.identifier("refund") if refunded else None
    note.reason = samples.RAW_NAME
    return note


def documents() -> list[Invoice]:
    """Return a document in every state that the list tells apart."""
    whole = invoice(credited=297_000, sequence=40)
    return [
        credit_note(whole, refunded=True),
        invoice(rendered=False, sequence=43),
        invoice(credited=99_000, sequence=42),
        invoice(sequence=41),
        whole,
    ]


def order(credit: int = 0) -> Order:
    """Return the order behind the documents."""
    return Order(
        kind=OrderKind.PURCHASE, plan_name="Team", currency="TRY", gross=297_000, credit=credit, unused=0
    )


def document_cases(viewer: Viewer, role: str) -> Iterator[Case]:
    """Yield every page about documents."""
    yield from explanation_cases(viewer, role)
    yield from statement_cases(viewer, role)
    for errors in ((), tuple(LONGEST)):
        yield Case(
            f"details-{role}{'-refused' if errors else ''}",
            "billing/details.html.j2",
            "/billing/details",
            viewer,
            {
                "form": BillingDetails(legal_name='"><script>', tax_number="123"),
                "longest": LONGEST,
                "errors": {name: samples.refusal(name) for name in errors},
            },
            blocks=("details_form",),
        )


def explanation_cases(viewer: Viewer, role: str) -> Iterator[Case]:
    """Yield an invoice of each kind of order, with and without credit notes, and the notes themselves."""
    shown: list[tuple[str, Invoice, Sequence[Invoice], list[Step]]] = [
        (name, invoice(), [], steps) for name, steps in STEPS.items()
    ]
    partly = invoice(credited=198_000)
    notes = [credit_note(partly, refunded=True), credit_note(partly, refunded=False)]
    shown += [("credited", partly, notes, STEPS["purchase"]), ("no-whole-net", invoice(net=247_499), [], [])]
    shown += [(f"note-{number}", note, notes, STEPS["change"]) for number, note in enumerate(notes)]
    for name, document, known, steps in shown:
        explanation = Explanation(document, order(credit=5_000 * len(known)), steps, known, 2_000)
        yield Case(
            f"explanation-{role}-{name}",
            "billing/explanation.html.j2",
            f"/billing/invoices/{document.number}/explanation",
            viewer,
            {"explanation": explanation},
        )


def statement_cases(viewer: Viewer, role: str) -> Iterator[Case]:
    """Yield an account that owes, one in the company's favour, an empty one, and days that make no sense."""
    lines = [Entry(AT, kind, "TZG2026000000041", 100, 0, 100) for kind in KINDS]
    used = Entry(AT, JournalKind.CREDIT_USED, samples.RAW_NAME, 0, 5_000, 100)
    paid = Entry(AT, JournalKind.PAYMENT, "TZG0123456789", -300, 0, -200)
    accounts = [Statement("TRY", 0, [*lines, used, paid]), Statement("USD", 500, [])]
    days = Days(date(2026, 1, 1), date(2026, 11, 22))
    contexts: list[tuple[str, Days | None, list[Statement], dict[str, Any]]] = [
        ("", days, accounts, {}),
        ("-empty", days, [Statement("TRY", 0, [])], {}),
        ("-refused", None, [], {"from": samples.refusal("from"), "to": samples.refusal("to")}),
    ]
    for name, shown, statements, errors in contexts:
        yield Case(
            f"statement-{role}{name}",
            "billing/statement.html.j2",
            "/billing/statement",
            viewer,
            {
                "typed": {"from": '"><script>', "to": ""},
                "days": shown,
                "statements": statements,
                "kinds": KINDS,
                "errors": errors,
            },
        )
