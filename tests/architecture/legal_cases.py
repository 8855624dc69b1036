"""The legal documents in every version, and the contract of an order as forms show it."""

from collections.abc import Iterator
from typing import Any

from app.db.models import Order
from app.domain.accounts.legal import ACCEPTED_WITH_AN_ORDER, DOCUMENTS
from app.domain.accounts.legal_texts import words_of
from app.domain.billing.agreements.papers import Papers
from app.domain.companies.viewer import Viewer
from tests.architecture import samples
from tests.architecture.case import Case
from tests.architecture.rendering import SETTINGS

NOTHING_ASKED: dict[str, Any] = {"papers": None, "ticked": {}}
"""Of an order whose contract stands already."""


def legal_cases(language: str) -> Iterator[Case]:
    """Yield every version of every document."""
    for slug, document in DOCUMENTS.items():
        newest = document.versions[-1]
        for version in document.versions:
            context = {
                "document": document,
                "version": version,
                "is_current": version == newest,
                "words": words_of(document, version, language, SETTINGS),
            }
            yield Case(f"legal-{slug}-{version.name}", "legal/show.html.j2", f"/legal/{slug}", None, context)


def review_case(viewer: Viewer, role: str, order: Order) -> Case:
    """Return what is bought with its contract, before it is paid for."""
    context = {
        "order": order,
        "papers": contract(viewer.user.language),
        "plan": '"><script>',
        "interval": "month",
        "errors": {"accept_contract": samples.refusal("accept_contract")} if role == "admin" else {},
    }
    return Case(
        f"checkout-review-{role}",
        "billing/checkout_review.html.j2",
        "/billing/checkout",
        viewer,
        context,
        method="POST",
    )


def contract(language: str = "tr") -> Papers:
    """Return the papers of an order, without its facts."""
    return Papers(
        tuple(
            (document, words_of(document, document.versions[-1], language, SETTINGS))
            for document in ACCEPTED_WITH_AN_ORDER
        )
    )
