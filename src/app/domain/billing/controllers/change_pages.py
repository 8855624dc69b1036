"""The page that shows a change of plan before it is decided; the checkout leads to it, too."""

from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.agreements.papers import Papers
from app.domain.billing.agreements.service import papers_to_show
from app.domain.billing.changes.orders import new_order
from app.domain.billing.changes.promises import sealed
from app.domain.billing.changes.quotes import Quote
from app.domain.billing.changes.service import Wish, preview
from app.domain.companies.viewer import Viewer
from app.lib.clock import now
from app.lib.errors import DomainError, InvalidInput
from app.lib.http import AnyRequest
from app.lib.settings import Settings
from app.lib.templating import current_language, page


async def preview_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    wish: Wish,
    *,
    refusal: DomainError | None = None,
) -> Template:
    """Return what a change costs, with its promise; `refusal` says why it is shown once more."""
    at = now()
    shown = await preview(session, viewer, wish, at=at)
    papers = await papers_of_change(session, viewer, shown.quote, settings) if shown.quote.is_now else None
    return page(
        request,
        "billing/change.html.j2",
        block="content",
        status_code=422 if refusal else 200,
        preview=shown,
        quote=shown.quote,
        promise=sealed(shown.promise, settings, at=at),
        refusal=refusal if refusal and not isinstance(refusal, InvalidInput) else None,
        papers=papers,
        errors={refusal.field: refusal} if isinstance(refusal, InvalidInput) else {},
    )


async def papers_of_change(
    session: AsyncSession, viewer: Viewer, quote: Quote, settings: Settings
) -> Papers | None:
    """Return the contract of a change as its order would have it; nothing where nothing runs."""
    if viewer.subscription is None:
        return None
    draft = new_order(viewer, viewer.subscription.id, quote)
    who = {"language": current_language.get(), "email": viewer.user.email}
    return await papers_to_show(session, draft, settings, **who)
