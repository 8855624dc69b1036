"""Paying an unpaid renewal now, from the billing page."""

from typing import Any

from litestar import Controller, Response, post
from litestar.params import URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.agreements.renewals import conclude_renewal
from app.domain.billing.agreements.service import NotConcluded
from app.domain.billing.controllers.agreement import AgreementForm, answer_of
from app.domain.billing.controllers.pages import billing_page, require_billing
from app.domain.billing.dunning.service import retry_now
from app.domain.companies.viewer import Viewer
from app.lib.clock import now
from app.lib.errors import DomainError
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.uow import roll_back


class RenewalController(Controller):
    """`/billing/renewal/...`."""

    @post("/billing/renewal/charge", name="renewals:charge", status_code=200)
    async def charge(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        data: URLEncodedBody[AgreementForm],
    ) -> Response[Any] | Template:
        """Charge the stored card now; the billing page then says that it is being checked."""
        require_billing(viewer)
        try:
            answer = answer_of(request, data, viewer)
            await conclude_renewal(db_session, viewer.company.id, answer, settings=settings, at=now())
        except NotConcluded as refusal:
            await roll_back(db_session)
            return await billing_page(request, db_session, viewer, settings, block="dunning", refusal=refusal)
        if not await retry_now(db_session, viewer.company.id, at=now()):
            raise DomainError(
                N_("Nothing can be charged now: it is paid, a payment is being checked, or no card is fit.")
            )
        return redirect(request, "/billing")
