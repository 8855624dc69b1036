"""Stored cards: the list, adding one through PayTR's form, the way back, the default one, removing one."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import Controller, Response, delete, get, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Template
from sqlalchemy.ext.asyncio import AsyncSession

from app.domain.accounts.legal import CARD_STORAGE
from app.domain.billing.cards import service as cards
from app.domain.billing.cards.registrations import (
    VERIFICATION_AMOUNT,
    card_payment,
    registration_of,
    start_registration,
)
from app.domain.billing.cards.store import cards_of, user_token_of
from app.domain.billing.controllers.pages import require_billing
from app.domain.companies.viewer import Viewer
from app.domain.payments.gateway import PaymentGateway
from app.domain.payments.paytr.reasons import classify
from app.lib.clock import ISTANBUL, now
from app.lib.errors import InvalidInput
from app.lib.http import MACHINE, AnyRequest, Injected, address_of, redirect
from app.lib.i18n import N_
from app.lib.settings import Settings
from app.lib.templating import form_page, page
from app.lib.uow import commit, roll_back

OID = re.compile(r"[A-Z0-9]{1,64}", re.ASCII)
YEARS_AHEAD = 20
"""How far ahead a card may expire in the form."""


@dataclass
class ConsentForm:
    """The one box of ours; the card itself is typed into PayTR's form."""

    consent: str = ""


class CardController(Controller):
    """`/billing/cards/...`."""

    path = "/billing/cards"

    @get("/", name="cards:list")
    async def show(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        block: FromQuery[str] = "",
    ) -> Template:
        """Show the company's cards."""
        require_billing(viewer)
        return page(
            request,
            "billing/cards.html.j2",
            block="card_list" if block == "card_list" else "content",
            cards=await cards_of(db_session, viewer.company.id),
            today=now().astimezone(ISTANBUL).date(),
        )

    @get("/new", name="cards:new", sync_to_thread=False)
    def begin(self, request: AnyRequest, viewer: Injected[Viewer]) -> Template:
        """Explain what storing a card means and ask for the consent."""
        require_billing(viewer)
        return consent_page(request)

    @post("/new", name="cards:create", status_code=200)
    async def create(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        settings: Injected[Settings],
        gateway: Injected[PaymentGateway],
        data: URLEncodedBody[ConsentForm],
    ) -> Template:
        """Commit consent and attempt, then show the form that the browser posts to PayTR."""
        require_billing(viewer)
        try:
            return await card_form_page(request, db_session, viewer, settings, gateway, data)
        except InvalidInput as refusal:
            await roll_back(db_session)
            return consent_page(request, refusal)

    @route(
        "/return/{result:str}",
        http_method=[HttpMethod.GET, HttpMethod.POST],
        name="cards:return",
        opt=MACHINE,
        status_code=200,
        sync_to_thread=False,
    )
    def come_back(
        self, settings: Injected[Settings], result: FromPath[str], oid: FromQuery[str] = ""
    ) -> Template:
        """Lead on to a page of ours; what the browser brings proves nothing and none of it is shown.

        PayTR's fail address is posted to from its own site (paytr.md §6): no cookie comes along, so this
        page knows nobody.
        """
        address = address_of_attempt("/billing/cards/registrations", oid, otherwise="/billing/cards")
        return way_back_page(settings, address, title=N_("Your card"))

    @get("/registrations/{registration_oid:str}", name="cards:registration")
    async def registration(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        registration_oid: FromPath[str],
    ) -> Template:
        """Show what has become of adding one card."""
        require_billing(viewer)
        registration = await registration_of(db_session, viewer.company.id, registration_oid)
        code = registration.failure_code
        return page(
            request,
            "billing/card_registration.html.j2",
            block="registration_state",
            registration=registration,
            reason=classify(code) if code and code.isdigit() else None,
        )

    @route("/{card_id:uuid}/default", http_method=[HttpMethod.PUT, HttpMethod.POST], name="cards:choose")
    async def choose(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        card_id: FromPath[UUID],
    ) -> Response[Any]:
        """Charge this card from now on; a form without JavaScript posts."""
        require_billing(viewer)
        await cards.make_default(db_session, viewer, card_id, at=now())
        return redirect(request, "/billing/cards")

    @post("/{card_id:uuid}/removal", name="cards:remove")
    async def remove(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        card_id: FromPath[UUID],
    ) -> Response[Any]:
        """Take a card away (form without JavaScript)."""
        return await remove_card(request, db_session, viewer, card_id)

    @delete("/{card_id:uuid}", name="cards:delete", status_code=200)
    async def erase(
        self,
        request: AnyRequest,
        db_session: Injected[AsyncSession],
        viewer: Injected[Viewer],
        card_id: FromPath[UUID],
    ) -> Response[Any]:
        """Take a card away."""
        return await remove_card(request, db_session, viewer, card_id)


def address_of_attempt(folder: str, oid: str, *, otherwise: str) -> str:
    """Return the page of an attempt that the browser names, unless what it brings is no number of ours."""
    return f"{folder}/{oid}" if OID.fullmatch(oid) else otherwise


def way_back_page(settings: Settings, address: str, *, title: str) -> Template:
    """Return the page that leads on from PayTR's site to a page of ours."""
    context = {"address": address, "base_url": settings.base_url, "title": title}
    return Template("billing/card_return.html.j2", context=context)


def consent_page(request: AnyRequest, refusal: InvalidInput | None = None) -> Template:
    """Return the consent with its box and, after a refusal, the sentence at it."""
    return form_page(
        request,
        "billing/card_consent.html.j2",
        block="consent_form",
        refusal=refusal,
        amount=VERIFICATION_AMOUNT,
        version=CARD_STORAGE.version,
    )


async def card_form_page(
    request: AnyRequest,
    session: AsyncSession,
    viewer: Viewer,
    settings: Settings,
    gateway: PaymentGateway,
    data: ConsentForm,
) -> Template:
    """Commit the registration and return PayTR's form, signed for exactly this attempt."""
    address, at = address_of(request), now()
    registration = await start_registration(
        session, viewer, consents=bool(data.consent), address=address, at=at
    )
    user_token = await user_token_of(session, viewer.company.id, settings.keys)
    payment = card_payment(registration, viewer, settings, address=address)
    card_form = gateway.card_form(payment, store_card=True, user_token=user_token)
    await commit(session)
    return page(
        request,
        "billing/card_form.html.j2",
        block="content",
        card_form=card_form,
        registration=registration,
        **expiry_choices(at),
    )


def expiry_choices(at: datetime) -> dict[str, Any]:
    """Return the months and years a card may end with, as PayTR's form takes them and as people read them."""
    year = at.astimezone(ISTANBUL).year
    return {
        "months": [(str(month), f"{month:02d}") for month in range(1, 13)],
        "years": [(f"{later % 100:02d}", str(later)) for later in range(year, year + YEARS_AHEAD)],
    }


async def remove_card(
    request: AnyRequest, session: AsyncSession, viewer: Viewer, card_id: UUID
) -> Response[Any]:
    """Take a card away and go back to the list."""
    require_billing(viewer)
    await cards.remove_card(session, viewer, card_id, at=now())
    return redirect(request, "/billing/cards")
