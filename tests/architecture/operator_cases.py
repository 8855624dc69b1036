"""The operator console in every state: cases of each kind, open and decided, payments known and unknown."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from app.db.models import (
    AuditEntry,
    CardRegistration,
    CaseKind,
    Company,
    JobRun,
    OperatorCase,
    OrderStatus,
    Payment,
    PaymentChannel,
    PaymentEvent,
    PaymentStatus,
    Refund,
    RefundStatus,
    RegistrationStatus,
    StoredCard,
    User,
)
from app.domain.accounts.operators import Operator
from app.domain.jobs import SCHEDULED
from app.domain.ops.case_actions import ACTIONS, TAKES_AMOUNT, CaseAction, Matter
from app.domain.ops.case_decisions import NOTE_LENGTH, AlreadyDecided
from app.domain.ops.case_queries import CaseFile, CaseFilter, CasePage, CaseRow, CaseState
from app.domain.ops.console import Console, OpenCases, Pending
from app.domain.ops.ledger_page import LedgerState
from app.domain.ops.payment_files import PaymentFile, PaymentFilter, PaymentListRow, PaymentPage
from tests.architecture import samples
from tests.architecture.case import Case
from tests.architecture.clock_cases import clock_cases
from tests.architecture.forecast_cases import forecast_cases
from tests.architecture.ledger_cases import proof

AT = samples.NOW
RAW = samples.RAW_NAME


def operator(language: str) -> Operator:
    """Return an operator; the name would be markup if anything forgot to escape it."""
    user = User(
        id=samples.identifier("operator"),
        email="seda@tezgah.example",
        full_name=RAW,
        language=language,
        color_scheme="auto",
    )
    return Operator(user)


def company() -> Company:
    """Return a company."""
    return Company(id=samples.identifier("company"), name=RAW, slug="caliskan")


def payment(status: PaymentStatus = PaymentStatus.SUCCEEDED, **facts: Any) -> Payment:
    """Return a payment of which some has gone back."""
    row = samples.payment(status, at=AT)
    row.order.status, row.order_id = OrderStatus.PAID, row.order.id
    taken = status in {PaymentStatus.SUCCEEDED, PaymentStatus.PARTLY_REFUNDED}
    described = {
        "channel": PaymentChannel.FRAME,
        "refund_reserved": 50_000 if taken else 0,
        "refunded": 20_000 if taken else 0,
        "collected": row.amount if taken else None,
        "succeeded_at": AT if taken else None,
    }
    for name, value in {**described, **facts}.items():
        setattr(row, name, value)
    return row


def refund(status: RefundStatus) -> Refund:
    """Return a refund with PayTR's words."""
    return Refund(
        id=samples.identifier(f"refund-{status}"),
        reference=f"TZR{status.upper()}",
        reason=RAW,
        amount=10_000,
        currency="TRY",
        status=status,
        error_code="009" if status is RefundStatus.FAILED else None,
        error_message=RAW if status is RefundStatus.FAILED else None,
        created_at=AT,
    )


def events(merchant_oid: str) -> list[PaymentEvent]:
    """Return what PayTR said, with what nobody may see."""
    payload = {"merchant_oid": merchant_oid, "status": "success", "hash": "c2VjcmV0", "note": RAW}
    return [
        PaymentEvent(
            id=samples.identifier(outcome),
            merchant_oid=merchant_oid,
            source=source,
            outcome=outcome,
            payload=payload,
            received_at=AT + timedelta(minutes=number),
        )
        for number, (source, outcome) in enumerate(
            (("callback", "held"), ("inquiry", "applied"), ("callback", "unknown_order"))
        )
    ]


def case(kind: CaseKind, **facts: Any) -> OperatorCase:
    """Return an open case."""
    described = {
        "ordered": 297_000,
        "collected": 297_100,
        "currency": "TRY",
        "answer": RAW,
        "found": True,
        "test_mode": None,
        "amount": {"ours": 297_000, "paytr": 1},
        "returns": [{"reference": "TZR1", "ours": 100, "paytr": None}],
    }
    of_a_day = kind in {CaseKind.RECONCILIATION_DIFFERS, CaseKind.REPORTS_MISSING}
    subject = "2026-11-21" if of_a_day else "TZG0123456789"
    return OperatorCase(
        **{
            "id": samples.identifier(f"case-{kind}"),
            "kind": kind,
            "subject": subject,
            "facts": described,
            "opened_at": AT - samples.DAY,
            **facts,
        }
    )


def trail() -> list[tuple[AuditEntry, User | None]]:
    """Return what a person and what the service did."""
    user = operator("tr").user
    asked = AuditEntry(at=AT, action="case.ask_again", facts={"note": RAW})
    return [(asked, user), (AuditEntry(at=AT, action="refund.requested", facts={"reason": RAW}), None)]


def payment_file(row: Payment | None, *cases: OperatorCase) -> PaymentFile:
    """Return the file of a payment with something of every kind, or of an unknown number."""
    card = StoredCard(brand="VISA", last_four="4358", bank=RAW)
    return PaymentFile(
        merchant_oid="TZG0123456789",
        payment=row,
        company=company() if row else None,
        card=card if row else None,
        invoice=samples.invoice(at=AT) if row else None,
        events=events("TZG0123456789"),
        refunds=[refund(status) for status in RefundStatus] if row else [],
        cases=list(cases),
        trail=trail(),
    )


def operator_cases(language: str) -> Iterator[Case]:
    """Yield every page of the console."""
    viewer = operator(language)
    yield from console_cases(viewer)
    yield from list_cases(viewer)
    yield from show_cases(viewer)
    yield from payment_cases(viewer)
    yield from clock_cases(viewer)
    yield from forecast_cases(viewer)
    for status in (403, 404, 409):
        context = {"status": status, "sentence": "There is nothing at this address.", "request_id": "4f1c9a"}
        yield Case(f"operator-error-{status}", "errors/page.html.j2", "/operator/nothing", viewer, context)


def console_cases(viewer: Operator) -> Iterator[Case]:
    """Yield the first page, full and empty."""
    full = Console(
        cases=[OpenCases(kind, 3, AT) for kind in CaseKind],
        payments=[Pending(status, "TRY", 2, 594_000, AT) for status in PaymentStatus],
        refunds=[Pending(status, "TRY", 1, 10_000, AT) for status in RefundStatus],
        runs=[
            JobRun(name="sweep_emails", started_at=AT, finished_at=AT, found=2, done=1, failed=1, error=RAW),
            JobRun(name="sweep_inquiries", started_at=AT, finished_at=None, found=0, done=0, failed=0),
            JobRun(name="sweep_invoices", started_at=AT, finished_at=AT, found=0, done=0, failed=0),
        ],
        ledger=LedgerState(proof(), 2),
    )
    empty = Console(cases=[], payments=[], refunds=[], runs=[], ledger=LedgerState(None, 0))
    for name, console in (("full", full), ("empty", empty)):
        context = {"console": console, "scheduled": SCHEDULED, "at": AT}
        yield Case(f"operator-{name}", "operator/console.html.j2", "/operator", viewer, context, ("content",))


def list_cases(viewer: Operator) -> Iterator[Case]:
    """Yield the lists of cases and payments: full, empty, filtered and further on."""
    key = samples.identifier("after")
    decided = case(CaseKind.PAID_TWICE, closed_at=AT, decision="settled")
    rows = [CaseRow(one, company(), None) for one in (*map(case, CaseKind), decided)]
    for wanted in (CaseFilter(), CaseFilter(CaseState.ALL, CaseKind.PAID_TWICE, True, key)):
        for found in (CasePage(rows, key), CasePage([], None)):
            context: dict[str, Any] = {"wanted": wanted, "found": found, "kinds": list(CaseKind)}
            yield Case("cases", "operator/cases.html.j2", "/operator/cases", viewer, context)
    payments = [PaymentListRow(payment(status), company()) for status in PaymentStatus]
    for looked_for in (PaymentFilter(), PaymentFilter('"><script>', True, key)):
        for page in (PaymentPage(payments, key), PaymentPage([], None)):
            context = {"wanted": looked_for, "found": page}
            yield Case("payments", "operator/payments.html.j2", "/operator/payments", viewer, context)


def show_cases(viewer: Operator) -> Iterator[Case]:
    """Yield a case of every kind about each thing it may be about: open, refused and decided."""
    stored = CardRegistration(
        status=RegistrationStatus.STORED,
        amount=100,
        currency="TRY",
        collected=100,
        refund_status=RefundStatus.SENT,
        refund_reference="TZRCARD",
    )
    for kind in CaseKind:
        for about in ("payment", "refund", "card", "nothing"):
            one = case(kind)
            file = payment_file(payment(), one, decided(CaseKind.PAID_TWICE))
            matter = Matter(one, file.payment, refund(RefundStatus.UNKNOWN) if about == "refund" else None)
            known = about in {"payment", "refund"}
            yield from decisions(
                viewer,
                CaseFile(
                    row=CaseRow(one, company(), None),
                    matter=matter if known else Matter(one),
                    payment=file if known else payment_file(None, one),
                    registration=stored if about == "card" else None,
                    trail=trail(),
                ),
            )


def decisions(viewer: Operator, file: CaseFile) -> Iterator[Case]:
    """Yield the form with everything it may offer, refused at each field, and what became of it."""
    fields: tuple[str | None, ...] = ("action", "amount", "note", "confirm", None)
    for errors in ({}, {name: samples.refusal(name) for name in fields}):
        offered = list(ACTIONS[file.row.case.kind])
        if file.payment is None or file.payment.payment is None:
            offered = [action for action in offered if action not in TAKES_AMOUNT]
        yield case_page(viewer, file, offered, errors)
    for who in (operator("tr").user, None):
        closed = CaseRow(decided(file.row.case.kind), company(), who)
        over = CaseFile(
            row=closed, matter=file.matter, payment=None, registration=file.registration, trail=[]
        )
        yield case_page(viewer, over, [], {None: AlreadyDecided()} if who else {})


def decided(kind: CaseKind, at: datetime = AT) -> OperatorCase:
    """Return a case that somebody has decided."""
    return case(kind, decision=ACTIONS[kind][-1].value, note=RAW, closed_at=at)


def case_page(viewer: Operator, file: CaseFile, actions: list[CaseAction], errors: dict[Any, Any]) -> Case:
    """Return the page of one case."""
    form = SimpleNamespace(action=actions[0] if actions else "", amount="1", note='"><script>', confirm="yes")
    context = {
        "file": file,
        "actions": actions,
        "takes_amount": TAKES_AMOUNT,
        "form": form,
        "errors": errors,
        "note_length": NOTE_LENGTH,
    }
    name = f"case-{file.row.case.kind}-{file.about}"
    return Case(name, "operator/case.html.j2", f"/operator/cases/{file.row.case.id}", viewer, context)


def payment_cases(viewer: Operator) -> Iterator[Case]:
    """Yield a payment in every state, with a refund asked for and refused, and a number nobody knows."""
    surplus = payment(is_surplus=True, next_inquiry_at=AT, failure_message=RAW)
    rows = [payment(status) for status in PaymentStatus]
    for row in (*rows, surplus, None):
        fields: tuple[str | None, ...] = ("amount", "reason", "confirm", None)
        for errors in ({}, {name: samples.refusal(name) for name in fields}):
            form = SimpleNamespace(amount="x", reason='"><script>', confirm="")
            file = payment_file(row, case(CaseKind.PAID_TWICE), decided(CaseKind.OUTCOME_UNKNOWN))
            context = {"file": file, "form": form, "errors": errors}
            yield Case("payment", "operator/payment.html.j2", "/operator/payments/TZG1", viewer, context)
