"""Paying an order with a card that PayTR keeps: PayTR's card form instead of its frame (paytr.md §6, §8).

Order, payment and the consent to the card are committed together, before the form is shown.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import PaymentChannel
from app.domain.billing.agreements.service import Answer, NotConcluded, conclude, papers_to_show
from app.domain.billing.cards.orders import register_with_payment
from app.domain.billing.cards.store import user_token_of
from app.domain.billing.checkout import Checkout, frame_request, pay_change, place_order
from app.domain.companies.viewer import Viewer
from app.domain.payments.gateway import PaymentGateway
from app.domain.payments.values import CardForm
from app.lib.errors import InvalidInput, NotFound
from app.lib.i18n import N_
from app.lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """What is bought, and whether the card may be kept."""

    plan: str
    interval: str
    consents: bool
    order: str = ""
    """The id of an open change of plan that is to be paid instead."""


async def place_order_with_card(
    session: AsyncSession, viewer: Viewer, choice: Choice, answer: Answer, *, settings: Settings, at: datetime
) -> Checkout:
    """Place the order with an attempt that keeps its card.

    Raises as `place_order` and `pay_change` do, `NotConcluded` without the contract, `InvalidInput` without a
    consent, and `TooMany`.
    """
    if choice.order:
        checkout = await pay_change(session, viewer, order_id_in(choice.order), at=at)
    else:
        checkout = await place_order(session, viewer, plan_code=choice.plan, interval=choice.interval, at=at)
    checkout.payment.channel = PaymentChannel.DIRECT
    papers = await papers_to_show(
        session, checkout.order, settings, language=answer.language, email=answer.email
    )
    try:
        await register_with_payment(
            session, viewer, checkout.payment, consents=choice.consents, address=answer.address, at=at
        )
    except InvalidInput as refusal:
        if papers is None:
            raise
        raise NotConcluded(refusal.message, checkout.order, papers, field=refusal.field) from refusal
    await conclude(session, checkout.order, answer, settings=settings, at=at)
    return checkout


def order_id_in(text: str) -> UUID:
    """Return the id that a form carries. Raises `NotFound`."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(N_("There is no such order.")) from None


async def sign_card_form(
    session: AsyncSession,
    gateway: PaymentGateway,
    checkout: Checkout,
    viewer: Viewer,
    settings: Settings,
    *,
    address: str,
) -> CardForm:
    """Return PayTR's form for exactly this attempt; nothing leaves for PayTR yet.

    Raises `InvalidInput` for an e-mail address that PayTR cannot take.
    """
    user_token = await user_token_of(session, viewer.company.id, settings.keys)
    request = frame_request(checkout, viewer, settings, address=address)  # asked for the same as in the frame
    return gateway.card_form(request, store_card=True, user_token=user_token)
