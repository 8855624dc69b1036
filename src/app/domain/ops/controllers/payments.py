"""The operator's pages of payments: found by what a customer quotes, with their whole story, and refunds."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Controller, Response, get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Payment
from app.domain.accounts.operators import Operator
from app.domain.billing.refunds.service import request_refund
from app.domain.companies.clocks import time_of_row
from app.domain.ops.controllers.forms import amount_text, read_amount, require_confirmation
from app.domain.ops.payment_files import PaymentFile, PaymentFilter, file_of, list_payments
from app.lib.clock import now
from app.lib.errors import DomainError, NotFound
from app.lib.http import FOR_OPERATORS, AnyRequest, Injected, redirect
from app.lib.i18n import N_
from app.lib.templating import form_page, page
from app.lib.uow import roll_back

QUERY_LENGTH = 100


@dataclass
class RefundForm:
    """The refund as it was typed; `left` is what the page said was left, in minor units."""

    amount: str = ""
    reason: str = ""
    confirm: str = ""
    left: str = ""

    def read(self) -> int:
        """Return the amount in minor units, or the sentence for the first field that cannot be accepted."""
        amount = read_amount(self.amount)
        require_confirmation(self.confirm)
        return amount

    @property
    def seen_left(self) -> int:
        """What the operator saw to be left, in minor units; a form that does not say has seen nothing."""
        return int(self.left) if self.left.isdecimal() else -1


class PaymentController(Controller):
    """`/operator/payments`."""

    path = "/operator/payments"
    opt = FOR_OPERATORS

    @get("/", name="operator_payments:list")
    async def list_all(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        q: FromQuery[str] = "",
        status: FromQuery[str] = "",
        after: FromQuery[UUID | None] = None,
    ) -> Template:
        """Show payments, newest first; `q` is whatever a customer quotes."""
        wanted = PaymentFilter(q.strip()[:QUERY_LENGTH], status == "undecided", after)
        return page(
            request,
            "operator/payments.html.j2",
            block="content",
            wanted=wanted,
            found=await list_payments(db_session, wanted),
        )

    @get("/{merchant_oid:str}", name="operator_payments:show")
    async def show(
        self, request: AnyRequest, db_session: Injected[AsyncSession], merchant_oid: FromPath[str]
    ) -> Template:
        """Show one payment with its whole story."""
        return await payment_page(request, db_session, merchant_oid)

    @post("/{merchant_oid:str}/refunds", name="operator_payments:refund", status_code=200)
    async def refund(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        operator: Injected[Operator],
        merchant_oid: FromPath[str],
        data: URLEncodedBody[RefundForm],
    ) -> Response[Any] | Template:
        """Have money sent back; a refusal shows the page as it stands now, with all that was typed."""
        try:
            await send_back(db_session, operator, merchant_oid, data)
        except NotFound:
            raise
        except DomainError as refusal:
            await roll_back(db_session)
            return await payment_page(request, db_session, merchant_oid, form=data, refusal=refusal)
        return redirect(request, f"/operator/payments/{merchant_oid}")


async def send_back(session: AsyncSession, operator: Operator, merchant_oid: str, form: RefundForm) -> None:
    """Request the refund that the form describes."""
    file = await require_file(session, merchant_oid)
    if file.payment is None:
        raise NotFound(N_("There is no such payment."))
    await request_refund(
        session,
        file.payment.id,
        amount=form.read(),
        seen_left=form.seen_left,
        reason=form.reason,
        requested_by_id=operator.user.id,
        at=await time_of_row(session, Payment, file.payment.id, now()),
    )


async def require_file(session: AsyncSession, merchant_oid: str) -> PaymentFile:
    """Return what is known under this number; nothing at all is not found."""
    file = await file_of(session, merchant_oid)
    if file is None:
        raise NotFound(N_("There is no such payment."))
    return file


async def payment_page(
    request: AnyRequest,
    session: AsyncSession,
    merchant_oid: str,
    *,
    form: RefundForm | None = None,
    refusal: DomainError | None = None,
) -> Template:
    """Return the page of one payment; a fresh form proposes all that is left."""
    file = await require_file(session, merchant_oid)
    return form_page(
        request,
        "operator/payment.html.j2",
        block="content",
        file=file,
        form=form or RefundForm(amount=amount_text(file.left)),
        refusal=refusal,
    )
