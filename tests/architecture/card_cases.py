"""The pages of stored cards in every state: cards fit and unfit, adding one, and what came of it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from app.db.models import CardRegistration, Payment, RefundStatus, RegistrationStatus, StoredCard
from app.domain.billing.cards.rules import NOT_LISTED, OTHER_CURRENCY
from app.domain.companies.viewer import Viewer
from app.domain.payments.paytr.reasons import classify
from app.domain.payments.values import CardForm
from tests.architecture import samples
from tests.architecture.case import Case
from tests.architecture.legal_cases import contract

TODAY = date(2026, 11, 22)
OID = "TZC0123456789"
CARD_FORM = CardForm("https://paytr.example/odeme", {"email": '"><script>', "store_card": "1"})


def card(name: str, **facts: Any) -> StoredCard:
    """Return one card; its bank would be markup if anything forgot to escape it."""
    described = {"brand": "VISA", "bank": samples.RAW_NAME, "last_four": "4358", "requires_cvv": False}
    expires = {"expiry_month": 12, "expiry_year": 2030, "is_default": False}
    return StoredCard(id=samples.identifier(name), **{**described, **expires, **facts})


def cards() -> list[StoredCard]:
    """Return a card in every state that the list tells apart."""
    return [
        card("default", is_default=True),
        card("fit", brand="MASTERCARD", last_four="0001"),
        card("soon", brand="TROY", expiry_year=2026),
        card("over", brand="AMEX", expiry_month=10, expiry_year=2026),
        card("cvv", brand="OTHER", bank="", requires_cvv=True),
        card("refused", refused_at=samples.NOW, is_default=False),
    ]


def registration(status: RegistrationStatus, **facts: Any) -> CardRegistration:
    """Return one registration."""
    return CardRegistration(merchant_oid=OID, status=status, amount=100, currency="TRY", **facts)


def card_cases(viewer: Viewer, role: str) -> Iterator[Case]:
    """Yield the list, the consent, PayTR's form, the way back and every outcome."""
    for shown in (cards(), []):
        yield Case(
            f"cards-{role}{'' if shown else '-empty'}",
            "billing/cards.html.j2",
            "/billing/cards",
            viewer,
            {"cards": shown, "today": TODAY},
            blocks=("content", "card_list"),
        )
    for errors in ({}, {"consent": samples.refusal("consent")}, {"email": samples.refusal("email")}):
        yield Case(
            f"card-consent-{role}{''.join(errors)}",
            "billing/card_consent.html.j2",
            "/billing/cards/new",
            viewer,
            {"errors": errors, "amount": 100, "version": "2026-11"},
            blocks=("consent_form",),
        )
    yield Case(
        f"card-form-{role}",
        "billing/card_form.html.j2",
        "/billing/cards/new",
        viewer,
        {
            "card_form": CARD_FORM,
            "registration": registration(RegistrationStatus.WAITING),
            "months": [("1", "01")],
            "years": [("26", "2026")],
        },
        method="POST",
    )
    yield from registration_cases(viewer, role)


def registration_cases(viewer: Viewer, role: str) -> Iterator[Case]:
    """Yield what has become of adding a card."""
    state, refund = RegistrationStatus, RefundStatus
    stored = {"card": card("stored"), "collected": 100}
    found: list[CardRegistration] = [
        registration(state.WAITING),
        registration(state.CONFIRMED, collected=100, refund_status=refund.SENT),
        registration(state.STORED, **stored, refund_status=refund.SUCCEEDED),
        registration(state.STORED, **{**stored, "card": card("cvv", requires_cvv=True)}),
        registration(state.STORED, **stored, refund_status=refund.FAILED),
        registration(state.FAILED, failure_code="2"),
        registration(state.FAILED, failure_code=NOT_LISTED, collected=100, refund_status=refund.UNKNOWN),
        registration(state.FAILED, failure_code=OTHER_CURRENCY),
        registration(state.EXPIRED),
    ]
    for number, one in enumerate(found):
        code = one.failure_code
        yield Case(
            f"card-registration-{role}-{number}",
            "billing/card_registration.html.j2",
            f"/billing/cards/registrations/{OID}",
            viewer,
            {"registration": one, "reason": classify(code) if code and code.isdigit() else None},
            blocks=("registration_state",),
        )


def registrations_with_a_payment() -> list[CardRegistration]:
    """Return what may have become of the card of a payment that went through."""
    state = RegistrationStatus
    return [
        registration(state.CONFIRMED, card=None),
        registration(state.STORED, card=card("kept")),
        registration(state.STORED, card=card("kept-cvv", requires_cvv=True)),
        registration(state.FAILED, card=None, failure_code=NOT_LISTED),
    ]


def card_checkout_cases(payment: Payment, viewer: Viewer, role: str) -> Iterator[Case]:
    """Yield paying with a card that is kept: the refused consent, and PayTR's form."""
    for field in ("consent", "email", "accept_contract"):
        yield Case(
            f"checkout-consent-{role}-{field}",
            "billing/checkout_consent.html.j2",
            "/billing/checkout/card",
            viewer,
            {
                "plan": '"><script>',
                "interval": "month",
                "order_id": '"><script>' if field == "consent" else "",
                "errors": {field: samples.refusal(field)},
                "version": "2026-11",
                "papers": None if field == "email" else contract(),
                "ticked": {"consent": "yes"},
            },
            blocks=("keep_card",),
            method="POST",
        )
    yield Case(
        f"checkout-card-{role}",
        "billing/checkout_card.html.j2",
        "/billing/checkout/card",
        viewer,
        {"order": payment.order, "card_form": CARD_FORM, "months": [("1", "01")], "years": [("26", "2026")]},
        method="POST",
    )


def way_back_case() -> Case:
    """Return the page that PayTR leads back to."""
    context = {
        "address": f"/billing/cards/registrations/{OID}",
        "base_url": "https://tezgah.example",
        "title": "Your card",
    }
    return Case("card-return", "billing/card_return.html.j2", "/billing/cards/return/ok", None, context)
