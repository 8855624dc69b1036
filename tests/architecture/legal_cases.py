"""The legal documents in every version, and the contract of an order as forms show it."""

from collections.abc import Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from app.db.models import Company, DataArchive, LegalAcceptance, LegalText, Order
from app.domain.accounts.legal import ACCEPTED_WITH_AN_ORDER, ASKED_OF_PEOPLE, DOCUMENTS
from app.domain.accounts.legal_texts import words_of
from app.domain.billing.agreements.papers import Papers
from app.domain.billing.agreements.reading import AcceptanceRow
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


def privacy_cases(viewer: Viewer, at: datetime) -> Iterator[Case]:
    """Yield what an owner accepts, takes along, and leaves by."""
    form = SimpleNamespace(accept_terms="", next='"><script>')
    for errors in ({}, {"accept_terms": samples.refusal("accept_terms")}):
        context: dict[str, Any] = {"form": form, "documents": ASKED_OF_PEOPLE, "errors": errors}
        yield Case("acceptance", "accounts/acceptance.html.j2", "/legal/acceptance", viewer, context)
    for archive in (None, _archive(at, ready=False), _archive(at, ready=True)):
        context = {"archive": archive, "at": at}
        blocks = ("archive",)
        yield Case("data", "accounts/data.html.j2", "/account/data", viewer, context, blocks=blocks)
        yield Case("company-data", "company/data.html.j2", "/company/data", viewer, context, blocks=blocks)
    for owned in ([], [viewer.company]):
        errors = {} if owned else {"password": samples.refusal("password")}
        context = {"owned": owned, "has_factor": not owned, "errors": errors}
        yield Case("deletion", "accounts/deletion.html.j2", "/account/deletion", viewer, context)
    for runs, asked in ((True, None), (False, None), (False, at)):
        company = Company(name=samples.RAW_NAME, closing_requested_at=asked)
        context = {"company": company, "runs": runs, "kept_until": asked, "errors": {}}
        if runs:
            context["errors"] = {None: samples.refusal(None)}
        yield Case("closing", "company/closing.html.j2", "/company/closing", viewer, context)
    yield from _accepted_cases(viewer, at)


def _accepted_cases(viewer: Viewer, at: datetime) -> Iterator[Case]:
    acceptance = LegalAcceptance(
        id=samples.identifier("acceptance"),
        user_id=viewer.user.id,
        document="distance-sales",
        version="2026-11-22",
        sha256="0" * 64,
        accepted_at=at,
        address="203.0.113.7",
    )
    by_link = LegalAcceptance(
        id=samples.identifier("by-link"),
        document="terms",
        version="2026-11",
        sha256="1" * 64,
        accepted_at=at,
        address="2001:db8::1",
    )
    rows = [AcceptanceRow(acceptance, samples.RAW_NAME, "Team"), AcceptanceRow(by_link, None, None)]
    titles = {slug: document.title for slug, document in DOCUMENTS.items()}
    for shown in (rows, []):
        context: dict[str, Any] = {"rows": shown, "titles": titles}
        yield Case("acceptances", "company/acceptances.html.j2", "/company/acceptances", viewer, context)
    for text in (LegalText(html="<h2>1.</h2>"), None):
        context = {"acceptance": acceptance, "text": text, "title": titles["terms"]}
        yield Case("accepted", "company/acceptance.html.j2", "/company/acceptances", viewer, context)


def _archive(at: datetime, *, ready: bool) -> DataArchive:
    return DataArchive(
        id=samples.identifier("archive"),
        requested_at=at,
        ready_at=at if ready else None,
        expires_at=at + 7 * samples.DAY if ready else None,
        size=12_345 if ready else None,
    )


def contract(language: str = "tr") -> Papers:
    """Return the papers of an order, without its facts."""
    return Papers(
        tuple(
            (document, words_of(document, document.versions[-1], language, SETTINGS))
            for document in ACCEPTED_WITH_AN_ORDER
        )
    )
