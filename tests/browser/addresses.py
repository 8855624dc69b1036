"""The pages that have an address of their own, by the name of their picture."""

PUBLIC = {
    "landing": "/",
    "pricing": "/pricing",
    "register": "/register",
    "login": "/login",
    "password-reset": "/password-reset",
    "terms": "/legal/terms",
    "privacy": "/legal/privacy",
    "card-storage": "/legal/card-storage",
    "letters": "/dev/mails",
    "not-found": "/legal/nothing",
}
PRIVATE = {
    "dashboard": "/dashboard",
    "billing": "/billing",
    "billing-details": "/billing/details",
    "statement": "/billing/statement",
    "cancellation": "/billing/subscription/cancellation",
    "cards": "/billing/cards",
    "card-new": "/billing/cards/new",
    "workspaces": "/workspaces",
    "account": "/account",
    "account-email": "/account/email",
    "account-password": "/account/password",
    "account-sessions": "/account/sessions",
    "activity": "/company/audit",
}
CONSOLE = {
    "operator": "/operator",
    "operator-cases": "/operator/cases",
    "operator-cases-closed": "/operator/cases?status=closed",
    "operator-payments": "/operator/payments",
    "operator-ledger": "/operator/ledger",
    "operator-reconciliation": "/operator/reconciliation",
    "operator-forecast": "/operator/forecast",
    "operator-clocks": "/operator/clocks",
}
NO_PAGES = {
    "/metrics": "for Prometheus",
    "/health/live": "a probe",
    "/health/ready": "a probe",
    "/events": "a stream",
    "/edge/authorize": "for Traefik",
    "/edge/unavailable": "Traefik's, on a workspace's host",
    "/billing/checkout": "leads back to the plans",
    "/billing/checkout/card": "leads back to the plans",
    "/billing/plan-change": "leads back to the plans",
    "/billing/statement.csv": "a file",
    "/billing/statement.xlsx": "a file",
    "/company/audit.csv": "a file",
}
"""What answers GET at a fixed address and is no page to look at, and why."""
