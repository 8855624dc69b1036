"""`/company/members/{id}/quota`: how many places of the plan are kept for one member."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.companies.viewer import Viewer
from app.domain.workspaces.quotas import set_quota, share_in
from app.lib.clock import now
from app.lib.errors import InvalidInput
from app.lib.http import AnyRequest, Injected, redirect
from app.lib.templating import form_page


@dataclass
class QuotaForm:
    """The form as it was typed; nothing: no quota."""

    quota: str = ""


class QuotaController(Controller):
    """`/company/members/{id}/quota`."""

    path = "/company/members/{membership_id:uuid}/quota"

    @get("/", name="member-quota:show")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        membership_id: FromPath[UUID],
    ) -> Template:
        """Show what the member uses and what may be kept for them."""
        return await quota_page(request, db_session, viewer, membership_id)

    @post("/", name="member-quota:update", status_code=200)
    async def update(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        membership_id: FromPath[UUID],
        data: URLEncodedBody[QuotaForm],
    ) -> Response[Any] | Template:
        """Give the member this quota."""
        try:
            await set_quota(db_session, viewer, membership_id, data.quota, at=now())
        except InvalidInput as refusal:
            return await quota_page(request, db_session, viewer, membership_id, data, refusal)
        return redirect(request, "/company/members")


async def quota_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    membership_id: UUID,
    form: QuotaForm | None = None,
    refusal: InvalidInput | None = None,
) -> Template:
    """Return the form with what was typed and, after a refusal, the sentence at its field."""
    places, share = await share_in(session, viewer, membership_id, at=now())
    return form_page(
        request,
        "company/quota.html.j2",
        block="quota_form",
        places=places,
        share=share,
        largest=places.largest_quota(share),
        form=form or QuotaForm("" if share.quota is None else str(share.quota)),
        refusal=refusal,
    )
