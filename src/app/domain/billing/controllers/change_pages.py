"""The page that shows a change of plan before it is decided; the checkout leads to it, too."""

from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.billing.changes.promises import sealed
from app.domain.billing.changes.service import Wish, preview
from app.domain.companies.viewer import Viewer
from app.lib.clock import now
from app.lib.errors import DomainError
from app.lib.http import AnyRequest
from app.lib.settings import Settings
from app.lib.templating import page


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
    return page(
        request,
        "billing/change.html.j2",
        block="content",
        status_code=422 if refusal else 200,
        preview=shown,
        quote=shown.quote,
        promise=sealed(shown.promise, settings, at=at),
        refusal=refusal,
    )
