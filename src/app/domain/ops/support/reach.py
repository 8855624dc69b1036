"""How far support access reaches: every route of a company is on one of these lists, and on one alone.

What is on none is closed, so a new route opens nothing by being forgotten; a test asks for the decision.
"""

from typing import Final

from app.lib.errors import NotAllowed
from app.lib.i18n import N_

SEEN: Final = frozenset(
    {
        "/dashboard",
        "/events",
        "/billing",
        "/billing/cards",
        "/billing/cards/registrations/{registration_oid}",
        "/billing/details",
        "/billing/invoices/{number}/explanation",
        "/billing/payments/{merchant_oid}",
        "/billing/plan-change",
        "/billing/return/{result}",
        "/billing/statement",
        "/billing/statement.csv",
        "/billing/statement.xlsx",
        "/billing/subscription/cancellation",
        "/company",
        "/company/audit",
        "/company/audit.csv",
        "/company/members",
        "/company/roles",
        "/company/support",
        "/invoices/{document}",
        "/workspaces",
        "/workspaces/{workspace_id}",
        "/workspaces/{workspace_id}/events",
    }
)
"""Pages that an operator reads as the owner does."""
OWN_PEOPLE: Final = N_("Who belongs to a company, and who may look at it, its own people decide.")
CLOSED_WHOLE: Final = {
    "/account": N_("Somebody's own account is never opened to support."),
    "/company/acceptances": N_("What a company has accepted, it shows to support itself."),
    "/company/closing": N_("Whether a company goes on, its own people decide."),
    "/company/data": N_("A copy of a company's data is for its own people."),
    "/company/departure": OWN_PEOPLE,
    "/company/invitations": OWN_PEOPLE,
    "/company/ownership": OWN_PEOPLE,
    "/company/security": OWN_PEOPLE,
    "/company/switch": OWN_PEOPLE,
    "/legal/acceptance": N_("Nobody accepts anything in a company's place."),
}
"""Addresses under which everything is closed, whatever will be added there."""
CHANGED: Final = frozenset(
    {
        "POST /billing/details",
        "POST /workspaces/{workspace_id}/session",
        "DELETE /workspaces/{workspace_id}/session",
        "POST /workspaces/{workspace_id}/session/end",
    }
)
"""What an operator may also do once changes are allowed."""
CLOSED: Final = {
    N_("Money, cards and what is agreed about them stay in the company's own hands."): frozenset(
        {
            "GET /billing/checkout",
            "POST /billing/checkout",
            "GET /billing/checkout/card",
            "POST /billing/checkout/card",
            "GET /billing/cards/new",
            "POST /billing/cards/new",
            "POST /billing/cards/{card_id}/default",
            "PUT /billing/cards/{card_id}/default",
            "POST /billing/cards/{card_id}/removal",
            "DELETE /billing/cards/{card_id}",
            "POST /billing/plan-change",
            "POST /billing/plan-change/preview",
            "POST /billing/plan-change/undo",
            "DELETE /billing/plan-change",
            "POST /billing/renewal/charge",
            "POST /billing/subscription/cancellation",
            "DELETE /billing/subscription/cancellation",
            "POST /billing/subscription/conversion",
            "POST /billing/subscription/conversion/end",
            "DELETE /billing/subscription/conversion",
            "POST /billing/subscription/resumption",
        }
    ),
    N_("A workspace holds somebody's code: support makes none, opens none and deletes none."): frozenset(
        {
            "POST /workspaces",
            "GET /workspaces/open/{label}",
            "GET /workspaces/{workspace_id}/open",
            "POST /workspaces/{workspace_id}/deletion",
            "DELETE /workspaces/{workspace_id}",
        }
    ),
    OWN_PEOPLE: frozenset(
        {
            "POST /company",
            "GET /company/members/{membership_id}",
            "POST /company/members/{membership_id}/role",
            "GET /company/members/removals/{removal_id}",
            "GET /company/members/{membership_id}/quota",
            "GET /company/members/{membership_id}/removal",
            "POST /company/members/removals/{removal_id}/retry",
            "POST /company/members/{membership_id}/quota",
            "POST /company/members/{membership_id}/removal",
            "POST /company/support",
            "POST /company/support/{access_id}/end",
        }
    ),
}
"""What stays closed to support also when changes are allowed, and the sentence that says why."""
ALWAYS: Final = frozenset(
    {
        "POST /logout",
        "DELETE /logout",
        "POST /operator/support/changes",
        "POST /operator/support/{access_id}/end",
    }
)
"""The ways out, and the way to ask for changes."""
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
LOOKING_ONLY: Final = N_("You only look. End the support access to do this as yourself.")
NOT_RAISED: Final = N_("You only look. Allow changes first if the company needs this from you.")
UNDECIDED: Final = N_("Support access does not reach here.")


def require_reach(method: str, path: str, *, is_public: bool, may_change: bool) -> None:
    """Refuse what an operator may not do in a company's place; `path` is a route's, with its names.

    Raises `NotAllowed` with the sentence that says why.
    """
    route = f"{method} {path}"
    if (method in READS and (is_public or path in SEEN)) or route in ALWAYS:
        return
    if method in READS or route not in CHANGED:
        raise NotAllowed(_why_not(route) or (UNDECIDED if method in READS else LOOKING_ONLY))
    if not may_change:
        raise NotAllowed(NOT_RAISED)


def require_looking(method: str, path: str) -> None:
    """Refuse what changes something in the console while an access runs: one hat at a time."""
    if method not in READS and f"{method} {path}" not in ALWAYS:
        raise NotAllowed(LOOKING_ONLY)


def _why_not(route: str) -> str | None:
    path = route.partition(" ")[2]
    for beginning, sentence in CLOSED_WHOLE.items():
        if path == beginning or path.startswith(f"{beginning}/"):
            return sentence
    return next((sentence for sentence, routes in CLOSED.items() if route in routes), None)
