"""Every route, and what each kind of person gets there: one table, and nothing may be missing from it."""

PEOPLE = ("visitor", "stranger", "owner", "admin", "billing", "developer", "operator")
EVERY_KIND = (*PEOPLE, "unverified", "suspended")
EVERYBODY = "200 200 200 200 200 200"
MONEY = "302 404 200 200 200 403"
"""A thing of the company's billing: another company's is not found, developers are refused."""
CONSOLE = "302 403 403 403 403 403 200"
CONSOLE_FORM = "302 403 403 403 403 403 422"
"""For operators alone; an empty form comes back with its sentences."""
MACHINE_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}

#              visitor stranger owner admin billing developer, and operator where it is not as `expected` says
TABLE: dict[tuple[str, str], str] = {
    ("GET", "/"): EVERYBODY,
    ("GET", "/pricing"): EVERYBODY,
    ("GET", "/legal/{document:str}"): EVERYBODY,
    ("GET", "/legal/{document:str}/{version:str}"): EVERYBODY,
    ("GET", "/account/data"): "302 200 200 200 200 200",
    ("POST", "/account/data"): "302 303 303 303 303 303",
    ("GET", "/account/data/{archive_id:uuid}"): "302 404 404 404 404 404",
    ("GET", "/account/deletion"): "302 200 200 200 200 200",
    ("POST", "/account/deletion"): "302 422 422 422 422 422",
    ("GET", "/company/data"): "302 200 200 403 403 403",
    ("POST", "/company/data"): "302 303 303 403 403 403",
    ("GET", "/company/data/{archive_id:uuid}"): "302 404 404 404 404 404",
    ("GET", "/company/closing"): "302 200 200 403 403 403",
    ("POST", "/company/closing"): "302 409 409 403 403 403",
    ("POST", "/company/closing/withdrawal"): "302 303 303 403 403 403",
    ("GET", "/legal/acceptance"): "302 303 303 303 303 303",
    ("POST", "/legal/acceptance"): "302 422 422 422 422 422",
    ("GET", "/company/acceptances"): "302 200 200 200 200 403",
    ("GET", "/company/acceptances/{acceptance_id:uuid}"): "302 404 200 200 200 403",
    ("GET", "/static/{file_path:path}"): EVERYBODY,
    ("GET", "/dev/mails"): EVERYBODY,
    ("GET", "/dev/mails/{name:str}"): EVERYBODY,
    ("GET", "/dev/mails/{name:str}/{wanted:str}"): EVERYBODY,
    ("GET", "/health/live"): EVERYBODY,
    ("GET", "/health/ready"): EVERYBODY,
    ("GET", "/metrics"): EVERYBODY,
    ("POST", "/webhooks/paytr"): "400 400 400 400 400 400",
    ("GET", "/edge/authorize"): "403 403 403 403 403 403",
    **{(method, "/edge/unavailable"): "503 503 503 503 503 503" for method in sorted(MACHINE_METHODS)},
    ("GET", "/register"): "200 303 303 303 303 303",
    ("POST", "/register"): "422 422 422 422 422 422",
    ("GET", "/login"): "200 303 303 303 303 303",
    ("GET", "/password-reset"): EVERYBODY,
    ("POST", "/password-reset"): "422 422 422 422 422 422",
    ("GET", "/password-reset/{token:str}"): "410 410 410 410 410 410",
    ("POST", "/password-reset/{token:str}"): "410 410 410 410 410 410",
    # no link that was made for this
    **{(method, "/email-verification/{token:str}"): "410 410 410 410 410 410" for method in ("GET", "POST")},
    **{(method, "/email-change/{token:str}"): "410 410 410 410 410 410" for method in ("GET", "POST")},
    ("POST", "/email-change/{token:str}/refusal"): "410 410 410 410 410 410",
    ("GET", "/account/email"): "302 200 200 200 200 200",
    ("POST", "/account/email"): "302 422 422 422 422 422",
    # no change waits
    ("POST", "/account/email/letters"): "302 409 409 409 409 409",
    ("POST", "/account/email/withdrawal"): "302 303 303 303 303 303",
    ("POST", "/account/email/verification"): "302 303 303 303 303 303",
    ("GET", "/account"): "302 200 200 200 200 200",
    ("POST", "/account"): "302 422 422 422 422 422",
    ("GET", "/account/password"): "302 200 200 200 200 200",
    ("POST", "/account/password"): "302 422 422 422 422 422",
    ("GET", "/login/code"): "303 303 303 303 303 303",
    ("POST", "/login/code"): "303 303 303 303 303 303",
    ("GET", "/account/two-factor"): "302 200 200 200 200 200 200",
    ("GET", "/account/two-factor/setup"): "302 200 200 200 200 200 200",
    # there is no second factor here
    ("GET", "/account/two-factor/recovery-codes"): "302 303 303 303 303 303 303",
    ("GET", "/account/two-factor/removal"): "302 303 303 303 303 303 303",
    ("POST", "/account/two-factor/setup"): "302 422 422 422 422 422 422",
    ("POST", "/account/two-factor/confirmation"): "302 410 410 410 410 410 410",
    ("POST", "/account/two-factor/recovery-codes"): "302 422 422 422 422 422 422",
    ("POST", "/account/two-factor/removal"): "302 422 422 422 422 422 422",
    ("GET", "/company/security"): "302 200 200 403 403 403",
    ("POST", "/company/security"): "302 303 303 403 403 403",
    ("GET", "/account/sessions"): "302 200 200 200 200 200",
    ("POST", "/account/sessions/{handle:str}/end"): "302 404 404 404 404 404",
    ("POST", "/account/sessions/end-others"): "302 303 303 303 303 303",
    ("GET", "/account/companies"): "302 200 200 200 200 200",
    ("GET", "/account/companies/new"): "302 200 200 200 200 200",
    ("POST", "/account/companies/new"): "302 422 422 422 422 422",
    ("POST", "/company/switch"): "302 404 404 404 404 404",
    ("GET", "/company"): "302 200 200 200 200 200",
    ("POST", "/company"): "302 422 422 422 403 403",
    ("GET", "/company/roles"): "302 200 200 200 200 200",
    ("GET", "/company/ownership"): "302 200 200 403 403 403",
    ("POST", "/company/ownership"): "302 422 422 403 403 403",
    ("GET", "/company/departure"): "302 200 200 200 200 200",
    ("GET", "/company/members"): "302 200 200 200 200 200",
    ("GET", "/company/members/{membership_id:uuid}"): "302 404 200 200 403 403",
    ("POST", "/company/members/{membership_id:uuid}/role"): "302 404 422 422 403 403",
    ("POST", "/company/invitations"): "302 422 422 422 403 403",
    ("POST", "/company/invitations/{invitation_id:uuid}/resending"): "302 404 303 303 403 403",
    ("POST", "/company/invitations/{invitation_id:uuid}/withdrawal"): "302 404 303 303 403 403",
    **{(method, "/invitations/{token:str}"): "410 410 410 410 410 410" for method in ("GET", "POST")},
    ("GET", "/company/audit"): "302 200 200 200 403 403",
    ("GET", "/company/audit.csv"): "302 200 200 200 403 403",
    ("GET", "/company/members/{membership_id:uuid}/quota"): "302 404 200 200 403 403",
    ("POST", "/company/members/{membership_id:uuid}/quota"): "302 404 303 303 403 403",
    ("GET", "/company/members/{membership_id:uuid}/removal"): "302 404 200 200 403 403",
    ("POST", "/company/members/{membership_id:uuid}/removal"): "302 404 303 303 403 403",
    ("GET", "/company/members/removals/{removal_id:uuid}"): "302 404 200 200 403 403",
    ("POST", "/company/members/removals/{removal_id:uuid}/retry"): "302 404 303 303 403 403",
    ("GET", "/company/support"): "302 200 200 200 403 403",
    ("POST", "/company/support/{access_id:uuid}/end"): "302 404 303 403 403 403",
    ("POST", "/company/support"): "302 303 303 403 403 403",
    ("POST", "/preferences"): "303 303 303 303 303 303",
    ("GET", "/dashboard"): "302 200 200 200 200 200",
    ("GET", "/events"): "302 200 200 200 200 200",
    ("GET", "/billing"): "302 200 200 200 200 403",
    ("GET", "/invoices/{document:str}"): MONEY,
    # a visitor is only led out of PayTR's frame, where no cookie of ours is sent
    ("GET", "/billing/return/{result:str}"): "200 404 200 200 200 403",
    # PayTR's card form posts to it from its own site
    ("POST", "/billing/return/{result:str}"): EVERYBODY,
    ("GET", "/billing/payments/{merchant_oid:str}"): MONEY,
    ("GET", "/billing/checkout"): "302 303 303 303 303 303",
    ("POST", "/billing/checkout"): "302 200 200 200 200 403",
    ("GET", "/billing/checkout/card"): "302 303 303 303 303 303",
    ("POST", "/billing/checkout/card"): "302 200 200 200 200 403",
    ("GET", "/billing/details"): "302 200 200 200 200 403",
    ("POST", "/billing/details"): "302 422 422 422 422 403",
    ("GET", "/billing/invoices/{number:str}/explanation"): MONEY,
    ("GET", "/billing/statement"): "302 200 200 200 200 403",
    ("GET", "/billing/statement.csv"): "302 200 200 200 200 403",
    ("GET", "/billing/statement.xlsx"): "302 200 200 200 200 403",
    ("GET", "/billing/plan-change"): "302 303 303 303 303 303",
    # another company has no paid period to change
    ("POST", "/billing/plan-change/preview"): "302 409 200 200 200 403",
    ("POST", "/billing/plan-change"): "302 409 422 422 422 403",
    ("POST", "/billing/plan-change/undo"): "302 303 303 303 303 403",
    ("DELETE", "/billing/plan-change"): "302 303 303 303 303 403",
    ("GET", "/billing/subscription/cancellation"): "302 200 200 200 200 403",
    # another company is in its trial, which only ends at once
    ("POST", "/billing/subscription/cancellation"): "302 409 303 303 303 403",
    ("DELETE", "/billing/subscription/cancellation"): "302 409 303 303 303 403",
    ("POST", "/billing/subscription/resumption"): "302 409 303 303 303 403",
    ("GET", "/billing/cards"): "302 200 200 200 200 403",
    ("GET", "/billing/cards/new"): "302 200 200 200 200 403",
    ("POST", "/billing/cards/new"): "302 200 200 200 200 403",
    # PayTR posts to it from its own site, where no cookie of ours is sent
    ("GET", "/billing/cards/return/{result:str}"): EVERYBODY,
    ("POST", "/billing/cards/return/{result:str}"): EVERYBODY,
    ("GET", "/billing/cards/registrations/{registration_oid:str}"): MONEY,
    ("POST", "/billing/cards/{card_id:uuid}/default"): "302 404 303 303 303 403",
    ("PUT", "/billing/cards/{card_id:uuid}/default"): "302 404 303 303 303 403",
    ("POST", "/billing/cards/{card_id:uuid}/removal"): "302 404 303 303 303 403",
    ("DELETE", "/billing/cards/{card_id:uuid}"): "302 404 303 303 303 403",
    # the company has paid: there is no trial left to agree about
    ("POST", "/billing/subscription/conversion"): "302 409 409 409 409 403",
    ("POST", "/billing/subscription/conversion/end"): "302 303 409 409 409 403",
    ("DELETE", "/billing/subscription/conversion"): "302 303 409 409 409 403",
    # nothing is owed here
    ("POST", "/billing/renewal/charge"): "302 409 409 409 409 403",
    # whoever has the link sees its order, here a paid one
    ("GET", "/pay/{token:str}"): EVERYBODY,
    ("POST", "/pay/{token:str}"): "409 409 409 409 409 409",
    ("GET", "/pay/return/{token:str}"): EVERYBODY,
    ("GET", "/workspaces"): "302 200 200 200 200 200",
    ("POST", "/workspaces"): "302 303 303 303 403 303",
    ("GET", "/workspaces/{workspace_id:uuid}"): "302 404 200 200 200 200",
    ("GET", "/workspaces/{workspace_id:uuid}/events"): "302 404 200 200 200 200",
    # of the owner's workspace: nobody else opens it, and a developer starts, stops and deletes only their own
    ("GET", "/workspaces/{workspace_id:uuid}/open"): "302 404 303 403 403 403",
    ("GET", "/workspaces/open/{label:str}"): "302 404 303 403 403 403",
    ("POST", "/workspaces/{workspace_id:uuid}/session"): "302 404 303 303 403 403",
    ("DELETE", "/workspaces/{workspace_id:uuid}/session"): "302 404 303 303 403 403",
    ("POST", "/workspaces/{workspace_id:uuid}/session/end"): "302 404 303 303 403 403",
    ("POST", "/workspaces/{workspace_id:uuid}/deletion"): "302 404 303 303 403 403",
    ("DELETE", "/workspaces/{workspace_id:uuid}"): "302 404 303 303 403 403",
    ("GET", "/operator"): CONSOLE,
    ("GET", "/operator/cases"): CONSOLE,
    ("GET", "/operator/cases/{case_id:uuid}"): CONSOLE,
    ("POST", "/operator/cases/{case_id:uuid}/decision"): CONSOLE_FORM,
    ("GET", "/operator/payments"): CONSOLE,
    ("GET", "/operator/payments/{merchant_oid:str}"): CONSOLE,
    ("POST", "/operator/payments/{merchant_oid:str}/refunds"): CONSOLE_FORM,
    ("GET", "/operator/forecast"): CONSOLE,
    ("GET", "/operator/forecast/{day:date}"): CONSOLE,
    ("GET", "/operator/forecast/{day:date}/companies.csv"): CONSOLE,
    ("GET", "/operator/reconciliation"): CONSOLE,
    ("GET", "/operator/reconciliation/{day:date}"): CONSOLE,
    ("POST", "/operator/reconciliation/{day:date}"): "302 403 403 403 403 403 303",
    ("GET", "/operator/reconciliation/{day:date}/differences.csv"): CONSOLE,
    ("GET", "/operator/reconciliation/{day:date}/reports/{report_id:uuid}"): CONSOLE,
    ("GET", "/operator/ledger"): CONSOLE,
    ("POST", "/operator/ledger/proofs"): "302 403 403 403 403 403 303",
    ("GET", "/operator/audit"): CONSOLE,
    ("GET", "/operator/audit/entries.csv"): CONSOLE,
    ("GET", "/operator/support"): CONSOLE,
    ("POST", "/operator/support"): CONSOLE_FORM,
    # they look at no company
    ("GET", "/operator/support/changes"): "302 403 403 403 403 403 404",
    ("POST", "/operator/support/changes"): "302 403 403 403 403 403 404",
    ("POST", "/operator/support/{access_id:uuid}/end"): "302 403 403 403 403 403 404",
    ("GET", "/operator/clocks"): CONSOLE,
    ("POST", "/operator/clocks"): CONSOLE_FORM,
    ("GET", "/operator/clocks/{company_id:uuid}"): CONSOLE,
    ("GET", "/operator/clocks/{company_id:uuid}/events"): CONSOLE,
    ("POST", "/operator/clocks/{company_id:uuid}/advances"): CONSOLE_FORM,
    ("POST", "/operator/clocks/{company_id:uuid}/release"): "302 403 403 403 403 403 303",
    # last, since they end the membership, and end or renew the session; an owner stays
    ("POST", "/company/departure"): "302 409 409 303 303 303",
    ("POST", "/login"): "422 422 422 422 422 422",
    ("POST", "/logout"): "303 303 303 303 303 303",
    ("DELETE", "/logout"): "303 303 303 303 303 303",
}
STREAMS = {
    "/events",
    "/workspaces/{workspace_id:uuid}/events",
    "/operator/clocks/{company_id:uuid}/events",
}
WAITS_FOR_CONFIRMATION = {
    ("POST", "/company/invitations"),
    ("POST", "/company/invitations/{invitation_id:uuid}/resending"),
    ("POST", "/company/invitations/{invitation_id:uuid}/withdrawal"),
    ("POST", "/workspaces"),
    ("POST", "/workspaces/{workspace_id:uuid}/session"),
}
"""What somebody cannot do before their e-mail address is confirmed; everything else they can."""
WHILE_SUSPENDED = {
    # there is no paid period to change, nor one to leave or to go on with
    ("POST", "/billing/plan-change/preview"): 409,
    ("POST", "/billing/plan-change"): 409,
    ("POST", "/billing/subscription/cancellation"): 409,
    ("DELETE", "/billing/subscription/cancellation"): 409,
    ("POST", "/billing/subscription/resumption"): 409,
    # nothing starts and nobody gets in; stopping and deleting is left
    ("POST", "/workspaces"): 403,
    ("GET", "/workspaces/{workspace_id:uuid}/open"): 403,
    ("GET", "/workspaces/open/{label:str}"): 403,
    ("POST", "/workspaces/{workspace_id:uuid}/session"): 403,
}
"""What the owner of a suspended company gets otherwise than an owner whose company has paid."""
FORMS = {
    ("POST", "/billing/cards/new"): {"consent": "yes"},
    ("POST", "/billing/checkout"): {"plan": "team", "interval": "month"},
    ("POST", "/billing/checkout/card"): {"plan": "team", "interval": "month", "consent": "yes"},
    ("POST", "/billing/plan-change/preview"): {"plan": "enterprise", "interval": "month"},
    ("POST", "/billing/plan-change"): {"plan": "enterprise", "interval": "month", "quote": "x.y"},
    ("POST", "/workspaces"): {"name": "brand-new"},
}


def expected(route: tuple[str, str], row: str, who: str) -> int:
    """Return what a row says; operators are refused what needs a company and else are as anybody inside."""
    if who == "unverified":
        return 403 if route in WAITS_FOR_CONFIRMATION else expected(route, row, "admin")
    if who == "suspended":
        return WHILE_SUSPENDED.get(route) or expected(route, row, "owner")
    statuses = dict(zip(PEOPLE, row.split(), strict=False))
    if who in statuses:
        return int(statuses[who])
    return 403 if statuses["visitor"] == "302" else int(statuses["owner"])
