"""`/company/acceptances`: what the company and its people have accepted, in the words they were shown."""

from uuid import UUID

from litestar import Controller, get
from litestar.params import FromPath
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.accounts.legal import DOCUMENTS
from app.domain.billing.agreements.reading import acceptances_of, accepted_text
from app.domain.companies.permissions import Permission
from app.domain.companies.viewer import Viewer
from app.lib.http import AnyRequest, Injected
from app.lib.templating import page


class AgreementController(Controller):
    """`/company/acceptances`."""

    path = "/company/acceptances"

    @get("/", name="agreements:list")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], viewer: Injected[Viewer]
    ) -> Template:
        """List what was accepted, newest first."""
        viewer.require(Permission.SEE_BILLING)
        return page(
            request,
            "company/acceptances.html.j2",
            block="content",
            rows=await acceptances_of(db_session, viewer.company.id),
            titles={slug: document.title for slug, document in DOCUMENTS.items()},
        )

    @get("/{acceptance_id:uuid}", name="agreements:show")
    async def read(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        acceptance_id: FromPath[UUID],
    ) -> Template:
        """Show the very words of one acceptance."""
        viewer.require(Permission.SEE_BILLING)
        acceptance, text = await accepted_text(db_session, viewer.company.id, acceptance_id)
        return page(
            request,
            "company/acceptance.html.j2",
            block="content",
            acceptance=acceptance,
            text=text,
            title=DOCUMENTS[acceptance.document].title,
        )
