"""Every page in every state that it tells apart, with the context its controller gives it."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from app.db.models import OrderKind, PaymentStatus, Role
from app.domain.billing.checkout import Checkout
from app.domain.billing.trials.conversion import ConversionChoice
from app.domain.companies.viewer import Viewer
from app.domain.notifications.controllers import letters_of
from app.domain.payments.paytr.reasons import DECLINES
from app.domain.payments.values import FrameToken
from app.lib.settings import Settings
from tests.architecture import samples
from tests.architecture.account_cases import account_cases, activity_cases, password_reset_cases
from tests.architecture.address_cases import address_cases, unverified
from tests.architecture.card_cases import (
    card,
    card_cases,
    card_checkout_cases,
    registrations_with_a_payment,
    way_back_case,
)
from tests.architecture.case import Case, this_hour
from tests.architecture.change_cases import cancellation_cases, change_cases, terms
from tests.architecture.company_cases import (
    companies_cases,
    company_cases,
    joining_cases,
    new_company_cases,
)
from tests.architecture.document_cases import document_cases, documents
from tests.architecture.ledger_cases import ledger_cases
from tests.architecture.legal_cases import (
    NOTHING_ASKED,
    contract,
    legal_cases,
    privacy_cases,
    review_case,
)
from tests.architecture.operator_cases import operator, operator_cases
from tests.architecture.pay_cases import dunning, pay_cases
from tests.architecture.quota_cases import quota_cases, removal_cases
from tests.architecture.reconciliation_cases import reconciliation_cases
from tests.architecture.support_cases import support_cases
from tests.architecture.two_factor_cases import login_code_cases, two_factor_cases
from tests.architecture.workspace_cases import show_cases, workspace_cases

BILLING = {Role.OWNER, Role.ADMIN, Role.BILLING}


def all_cases(language: str) -> Iterator[Case]:
    """Yield every case in one language."""
    yield from public_cases(language)
    yield from error_cases(language)
    yield from operator_cases(language)
    yield from reconciliation_cases(operator(language))
    yield from ledger_cases(operator(language))
    yield from account_cases(samples.viewer(Role.DEVELOPER, language, None))
    yield from companies_cases(samples.viewer(Role.OWNER, language, None))
    yield from new_company_cases(samples.viewer(Role.OWNER, language, None))
    yield from joining_cases(samples.viewer(Role.OWNER, language, None))
    yield from activity_cases(samples.viewer(Role.ADMIN, language, None))
    yield from two_factor_cases(samples.viewer(Role.OWNER, language, None), operator(language))
    yield from address_cases(language)
    yield from show_cases(unverified(Role.OWNER, language, "trial"), "unverified")
    yield from support_cases(language, operator(language), this_hour())
    yield from quota_cases(language, this_hour())
    yield from removal_cases(language, this_hour())
    for role in Role:
        yield from company_cases(samples.viewer(role, language, None))
        yield from dashboard_cases(role, language)
        yield from workspace_cases(role, language)
        if role in BILLING:
            yield from billing_cases(role, language)


def public_cases(language: str) -> Iterator[Case]:
    """Yield what visitors see, and the same pages seen by somebody who is logged in."""
    inside = samples.viewer(Role.OWNER, language, None, scheme="dark")
    for viewer, cookies in ((None, {}), (None, {"color_scheme": "dark"}), (inside, {})):
        for offers, note in ((samples.offers(), ""), ([], "-empty")):
            context: dict[str, Any] = {"offers": offers}
            yield Case(f"landing{note}", "public/landing.html.j2", "/", viewer, context, cookies=cookies)
            yield Case(
                f"pricing{note}", "public/pricing.html.j2", "/pricing", viewer, context, cookies=cookies
            )
    yield from legal_cases(language)
    yield from privacy_cases(inside, this_hour())
    letters = {"welcome": letters_of("welcome", Settings())}
    yield Case("mails", "dev/mails.html.j2", "/dev/mails", None, {"letters": letters})
    context = {"name": "welcome", "letters": letters["welcome"]}
    yield Case("mail", "dev/mail.html.j2", "/dev/mails/welcome", None, context)
    context = {"address": "/billing/payments/TZG1"}
    yield Case("return-in-frame", "billing/out_of_frame.html.j2", "/billing/return/ok", None, context)
    yield way_back_case()
    yield from password_reset_cases()
    yield from login_code_cases()
    yield from pay_cases(this_hour())
    refused: tuple[tuple[str | None, ...], ...] = ((), ("email",), ("password",), (None,))
    for fields in refused:
        form = SimpleNamespace(email="ada@acme.com.tr" if fields else "", password="secret", next="/billing")
        errors = {name: samples.refusal(name) for name in fields}
        name = f"login-{fields[0]}" if fields else "login"
        context = {"form": form, "errors": errors, "after": "" if fields else "password-reset"}
        yield Case(name, "accounts/login.html.j2", "/login", None, context, blocks=("login_form",))
    everything = ("company_name", "full_name", "email", "password", "plan", "accept_terms")
    refused = ((), everything, (None,))
    for fields in refused:
        form = SimpleNamespace(
            company_name=samples.RAW_NAME if fields else "",
            full_name="",
            email="",
            password="secret",
            plan="team",
            accept_terms="yes" if fields else "",
        )
        context = {
            "form": form,
            "offers": samples.offers(),
            "errors": {name: samples.refusal(name) for name in fields},
        }
        name = "register-refused" if fields else "register"
        yield Case(
            name, "accounts/register.html.j2", "/register", None, context, blocks=("registration_form",)
        )


def error_cases(language: str) -> Iterator[Case]:
    """Yield refusals as page and as toast, and those on a workspace's own host."""
    inside = samples.viewer(Role.DEVELOPER, language, None)
    for status in (403, 404, 409, 500, 503):
        context: dict[str, Any] = {
            "status": status,
            "sentence": "There is nothing at this address.",
            "request_id": "4f1c9a",
        }
        for viewer in (None, inside):
            yield Case(f"error-{status}", "errors/page.html.j2", "/nowhere", viewer, context)
        yield Case(f"toast-{status}", "errors/toast.html.j2", "/nowhere", inside, context)
    refusal = samples.refusal(None)
    for status, sentence, facts in (
        (503, "This workspace is not running.", {}),
        (403, refusal.message, refusal.facts),
    ):
        context = {
            "status": status,
            "sentence": sentence,
            "facts": facts,
            "base_url": "https://tezgah.example",
        }
        yield Case(f"edge-{status}", "edge/unavailable.html.j2", "/", None, context)


def dashboard_cases(role: Role, language: str) -> Iterator[Case]:
    """Yield the dashboard of each subscription, full and empty."""
    at = this_hour()
    for state, subscription in samples.subscriptions(at).items():
        viewer = samples.viewer(role, language, subscription)
        for filled in (True, False):
            overview = samples.overview(subscription, at=at, owner=viewer.user, filled=filled)
            yield Case(
                f"dashboard-{role}-{state}{'' if filled else '-empty'}",
                "dashboard/show.html.j2",
                "/dashboard",
                viewer,
                {"overview": overview},
                blocks=("content", "plan_card", "usage", "workspaces", "payments"),
            )


def billing_cases(role: Role, language: str) -> Iterator[Case]:
    """Yield billing in each state, checkout with and without a frame, and every outcome of a payment."""
    at = this_hour()
    for state, subscription in samples.subscriptions(at).items():
        viewer = samples.viewer(role, language, subscription)
        for filled in (True, False):
            overview = samples.overview(subscription, at=at, owner=viewer.user, filled=filled)
            yield Case(
                f"billing-{role}-{state}{'' if filled else '-empty'}",
                "billing/show.html.j2",
                "/billing",
                viewer,
                {
                    "overview": overview,
                    "documents": documents() if filled else [],
                    "conversion": conversion(state) if filled else None,
                    "dunning": dunning(state, subscription, at, filled=filled),
                    "papers": contract(language),
                    "terms": terms(state, filled=filled),
                    "errors": {"price": samples.refusal("price")} if state == "last-day" else {},
                },
                blocks=("content", "plan_card", "dunning", "trial", "plans", "payments", "invoices"),
            )
    viewer = samples.viewer(role, language, samples.subscriptions(at)["trial"])
    token = FrameToken("t", "https://paytr.example/odeme/guvenli/t", "https://paytr.example/js/resizer.js")
    for frame in (token, None):
        payment = samples.payment(PaymentStatus.WAITING, at=at)
        if frame is None:
            order = payment.order
            order.kind, order.period_end, order.credit = OrderKind.CHANGE, at, 12_345
        context: dict[str, Any] = {
            "checkout": Checkout(payment.order, payment),
            "frame": frame,
            "plan": "team",
            "interval": "month",
            "order_id": "" if frame else samples.identifier("order"),
            "errors": {},
            "version": "2026-11",
            **NOTHING_ASKED,
            "payment": payment,
            "invoice": None,
            "registration": None,
            "reason": None,
        }
        name = "checkout" if frame else "checkout-away"
        yield Case(
            f"{name}-{role}", "billing/checkout.html.j2", "/billing/checkout", viewer, context, method="POST"
        )
    yield review_case(viewer, role, samples.payment(PaymentStatus.CREATED, at=at).order)
    yield from outcome_cases(viewer, role)
    yield from change_cases(at, viewer, role)
    yield from cancellation_cases(at, viewer, role)
    yield from card_cases(viewer, role)
    yield from document_cases(viewer, role)
    yield from card_checkout_cases(samples.payment(PaymentStatus.CREATED, at=at), viewer, role)


def conversion(state: str) -> ConversionChoice | None:
    """Return what the owner of a trial may agree to, or has; it stands only while the trial runs."""
    offer = samples.offers()[1]
    prices = (offer.month, offer.year)
    for price in prices:
        price.id, price.plan = samples.identifier(price.interval), offer.plan
    chosen = {"trial": None, "last-day": None, "trial-goes-on": prices[0], "trial-charged": prices[1]}
    if state not in chosen:
        return None
    return ConversionChoice(card("default", is_default=True), prices, chosen[state])


def outcome_cases(viewer: Viewer, role: Role) -> Iterator[Case]:
    """Yield the return page for every outcome and every reason of a decline."""
    at = this_hour()
    invoices = (None, samples.invoice(at=at, rendered=False), samples.invoice(at=at))
    contexts: list[dict[str, Any]] = [
        {"payment": samples.payment(PaymentStatus.SUCCEEDED, at=at), "invoice": invoice, "reason": None}
        for invoice in invoices
    ]
    contexts += [{**contexts[2], "registration": one} for one in registrations_with_a_payment()]
    surplus = samples.payment(PaymentStatus.SUCCEEDED, at=at)
    surplus.is_surplus, surplus.collected = True, 297_100
    contexts.append({"payment": surplus, "invoice": None, "reason": None})
    for status in map(PaymentStatus, ("waiting", "expired", "partly_refunded", "refunded")):
        contexts.append({"payment": samples.payment(status, at=at), "invoice": None, "reason": None})
    for decline in DECLINES.values():
        failed = samples.payment(PaymentStatus.FAILED, at=at)
        contexts.append({"payment": failed, "invoice": None, "reason": decline})
    for number, context in enumerate(contexts):
        yield Case(
            f"return-{role}-{number}",
            "billing/return.html.j2",
            "/billing/return/ok",
            viewer,
            {"registration": None, **context},
            blocks=("payment_state",),
        )
