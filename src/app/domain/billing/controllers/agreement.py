"""The contract on the pages that pay: what forms say of it, and the pages that show it before the card."""

from dataclasses import dataclass
from typing import Protocol

from litestar.response import Template

from app.domain.accounts.legal import CARD_STORAGE
from app.domain.billing.agreements.service import Answer, NotConcluded
from app.domain.companies.viewer import Viewer
from app.lib.errors import InvalidInput
from app.lib.http import AnyRequest, address_of
from app.lib.templating import current_language, page


@dataclass
class AgreementForm:
    """What every form that pays carries beside what it is about (`components/agreement`)."""

    accept_contract: str = ""
    shown_contract: str = ""
    """Which words were on the page."""


class AgreedChoice(Protocol):
    """What the form says that buys with a card to be kept."""

    plan: str
    interval: str
    order: str
    consent: str
    accept_contract: str


def answer_of(request: AnyRequest, form: AgreementForm, viewer: Viewer | None = None) -> Answer:
    """Return what a form says of the contract; without a viewer it is paid through its link."""
    return Answer(
        accepts=bool(form.accept_contract),
        shown=form.shown_contract,
        language=current_language.get(),
        address=address_of(request),
        email=viewer.user.email if viewer else "",
        user_id=viewer.user.id if viewer else None,
    )


def review_page(request: AnyRequest, plan: str, interval: str, refusal: NotConcluded) -> Template:
    """Return what is bought with its contract; nothing is ordered before that is accepted."""
    return page(
        request,
        "billing/checkout_review.html.j2",
        block="content",
        status_code=200 if refusal.is_new else refusal.status,
        order=refusal.order,
        papers=refusal.papers,
        plan=plan,
        interval=interval,
        errors={} if refusal.is_new else {refusal.field: refusal},
    )


def consent_page(request: AnyRequest, choice: AgreedChoice, refusal: InvalidInput) -> Template:
    """Return the choice with what was typed, the contract where it is open, and the sentence at its field."""
    asks = refusal if isinstance(refusal, NotConcluded) else None
    is_new = asks is not None and asks.is_new
    return page(
        request,
        "billing/checkout_consent.html.j2",
        block="keep_card",
        status_code=200 if is_new else 422,
        plan=choice.plan,
        interval=choice.interval,
        order_id=choice.order,
        errors={} if is_new else {refusal.field: refusal},
        version=CARD_STORAGE.version,
        papers=asks.papers if asks else None,
        ticked={"consent": choice.consent, "accept_contract": choice.accept_contract},
    )
