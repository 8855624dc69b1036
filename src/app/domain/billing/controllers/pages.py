"""The dashboard, the billing page, invoices to download, and the stream that keeps them fresh."""

from litestar import Controller, Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent, Template
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.agreements.papers import Papers
from app.domain.billing.agreements.papers import papers_of as papers_of_order
from app.domain.billing.dunning.outlook import DunningView, dunning_view
from app.domain.billing.papers import papers_of
from app.domain.billing.terms import Terms, terms_of
from app.domain.billing.trials.conversion import conversion_choice
from app.domain.billing.views import BillingOverview, invoice_of, overview_of
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.domain.subscriptions.entitlement import entitlement_of
from app.lib.clock import now
from app.lib.errors import InvalidInput, Unavailable
from app.lib.events import stream
from app.lib.http import AnyRequest, Injected
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.storage import Storage
from app.lib.templating import current_language, form_page, page

DASHBOARD_BLOCKS = frozenset({"plan_card", "usage", "workspaces", "payments"})
BILLING_BLOCKS = frozenset({"plan_card", "dunning", "trial", "plans", "payments", "invoices"})


class DashboardController(Controller):
    """`/dashboard`, `/billing`, `/invoices/{number}.pdf`, `/events`."""

    @get("/dashboard", name="dashboard:show")
    async def dashboard(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        block: FromQuery[str] = "",
    ) -> Template:
        """Show plan, usage, newest workspaces and latest payments."""
        return page(
            request,
            "dashboard/show.html.j2",
            block=block if block in DASHBOARD_BLOCKS else "content",
            overview=await overview_of(db_session, viewer, at=now()),
        )

    @get("/billing", name="billing:show")
    async def billing(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        block: FromQuery[str] = "",
    ) -> Template:
        """Show the plan, the plans on sale, and everything that was paid."""
        require_billing(viewer)
        return await billing_page(request, db_session, viewer, settings, block=block)

    @get("/invoices/{document:str}", name="invoices:show")
    async def invoice(
        self,
        document: FromPath[str],
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        storage: Injected[Storage],
    ) -> Response[bytes]:
        """Give the PDF of an invoice to its own company."""
        require_billing(viewer)
        invoice = await invoice_of(db_session, viewer.company.id, document.removesuffix(".pdf"))
        if invoice.pdf_key is None:
            raise Unavailable(N_("This invoice is being prepared. Try again in a minute."))
        name = f'inline; filename="{invoice.number}.pdf"'
        return Response(
            await storage.get(invoice.pdf_key),
            media_type="application/pdf",
            headers={"Content-Disposition": name, "Cache-Control": "private, no-store"},
        )

    @get("/events", name="events:show", sync_to_thread=False)
    def events(self, redis: Injected[Redis], viewer: Injected[Viewer]) -> ServerSentEvent:
        """Stream hints about what changed in the viewer's company."""
        return stream(
            redis, viewer.company.id, "billing-changed", "workspaces-changed", until=viewer.looks_until
        )


async def billing_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    *,
    block: str = "",
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the billing page or one block of it and, after a refusal, the sentence at its field."""
    at = now()
    terms = await terms_of(session, viewer, at=at)
    papers = await papers_of(session, viewer.company.id)
    dunning = dunning_view(viewer.subscription, terms.owed, settings, at=at)
    return form_page(
        request,
        "billing/show.html.j2",
        block=block if block in BILLING_BLOCKS else "content",
        overview=BillingOverview(
            subscription=viewer.subscription,
            entitlement=entitlement_of(viewer.subscription, at),
            payments=papers.payments,
        ),
        terms=terms,
        dunning=dunning,
        papers=papers_of_renewal(viewer, terms, dunning, settings),
        documents=papers.documents,
        conversion=conversion_choice(viewer.subscription, terms.offers, terms.cards, terms.agreed, at=at),
        refusal=refusal,
    )


def papers_of_renewal(
    viewer: Viewer, terms: Terms, dunning: DunningView | None, settings: Settings
) -> Papers | None:
    """Return the contract of an unpaid renewal that could be charged now to the card that is kept."""
    if dunning is None or dunning.card is None or dunning.is_undecided or terms.is_concluded:
        return None
    who = {"language": current_language.get(), "email": viewer.user.email}
    return papers_of_order(dunning.order, viewer.company, settings, **who)


def require_billing(viewer: Viewer) -> None:
    """Refuse people who have nothing to do with the company's money."""
    viewer.require(Permission.SEE_BILLING)
