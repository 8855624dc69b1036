"""Paying an unpaid renewal now, from the billing page."""

from typing import Any

from litestar import Controller, Response, post
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.controllers.pages import require_billing
from app.domain.billing.dunning.service import retry_now
from app.domain.companies.viewer import Viewer
from app.lib.clock import now
from app.lib.errors import DomainError
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.i18n import N_


class RenewalController(Controller):
    """`/billing/renewal/...`."""

    @post("/billing/renewal/charge", name="renewals:charge")
    async def charge(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Response[Any]:
        """Charge the stored card now; the billing page then says that it is being checked."""
        require_billing(viewer)
        if not await retry_now(db_session, viewer.company.id, at=now()):
            raise DomainError(
                N_("Nothing can be charged now: it is paid, a payment is being checked, or no card is fit.")
            )
        return redirect(request, "/billing")
