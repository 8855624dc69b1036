"""The public face: landing and prices."""

from litestar import Controller, get
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.plans.queries import current_offers
from app.lib.http import PUBLIC, Injected


class CatalogueController(Controller):
    """`/` and `/pricing`, from the same table that checkout charges from."""

    opt = PUBLIC

    @get("/", name="landing:show")
    async def landing(self, db_session: Injected[AsyncSession]) -> Template:
        """Show what the product is and what it costs."""
        return Template("public/landing.html.j2", context={"offers": await current_offers(db_session)})

    @get("/pricing", name="pricing:show")
    async def pricing(self, db_session: Injected[AsyncSession]) -> Template:
        """Show the plans side by side."""
        return Template("public/pricing.html.j2", context={"offers": await current_offers(db_session)})
