"""Stored cards for the storm: kept at the sandbox by payments of their own, before the weather turns."""

import json
import random
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import StoredCard
from app.domain.billing.cards.store import digest_of, hide
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.signing import sign
from app.lib.clock import now
from app.lib.ids import uuid7
from app.lib.settings import Settings
from app.sandbox.deck import DECK
from tests.storm.customers import Customer

PREFIX = "SETUP"
"""Names of the payments that store cards; they are no part of the storm's books."""
FIT = [
    card
    for card in DECK
    if card.first_six.startswith("4355")
    and not (card.conduct.decline_code or card.conduct.needs_3d or card.conduct.needs_cvv)
    and not (card.conduct.refund_error or card.conduct.waits)
]
WELL_BEHAVED = 0.6


async def store_card(
    http: httpx.AsyncClient, settings: Settings, customer: Customer, seed: int
) -> StoredCard:
    """Keep a card at the sandbox and return the row that names it; which card hangs on the seed."""
    dice = random.Random(f"{seed}/card/{customer.number}")  # noqa: S311 a seed is the point
    card = FIT[0] if dice.random() < WELL_BEHAVED else dice.choice(FIT)
    oid = f"{PREFIX}{customer.number:06d}"
    expected = {"merchant_oid": oid, "faults": ["never"]}
    (await http.post(f"{settings.paytr_base_url}/control/expect", json=expected)).raise_for_status()
    response = await http.post(f"{settings.paytr_base_url}/odeme", data=_form(oid, card.number))
    answer = response.json()
    if "ctoken" not in answer:
        raise RuntimeError(f"card {card.number} was not kept: {answer}")
    return StoredCard(
        id=uuid7(),
        company_id=customer.company_id,
        user_token=hide(settings.keys, answer["utoken"]),
        card_token=hide(settings.keys, answer["ctoken"]),
        card_digest=digest_of(settings.keys, answer["ctoken"]),
        brand="VISA",
        bank="Storm",
        last_four=card.last_four[-4:],
        expiry_month=12,
        expiry_year=2030,
        is_default=True,
        consent_version="storm",
        consented_at=now(),
    )


async def keep(session: AsyncSession, cards: list[StoredCard]) -> dict[UUID, UUID]:
    """Write the cards down; return the card of each company."""
    session.add_all(cards)
    return {card.company_id: card.id for card in cards}


def _form(oid: str, number: str) -> dict[str, str]:
    form = {
        "merchant_id": SANDBOX_MERCHANT.merchant_id,
        "user_ip": "192.0.2.1",
        "merchant_oid": oid,
        "email": "payer@example.com",
        "payment_type": "card",
        "payment_amount": "1.00",
        "installment_count": "0",
        "currency": "TL",
        "test_mode": "0",
        "non_3d": "1",
        "sync_mode": "1",
        "store_card": "1",
        "merchant_ok_url": "http://127.0.0.1/ok",
        "merchant_fail_url": "http://127.0.0.1/fail",
        "user_name": "Payer",
        "user_address": "Storm",
        "user_phone": "05000000000",
        "user_basket": json.dumps([["Card", "1.00", 1]]),
        "cc_owner": "Payer",
        "card_number": number.replace(" ", ""),
        "expiry_month": "12",
        "expiry_year": "30",
        "cvv": "0000" if number.startswith("3") else "000",
    }
    return {**form, "paytr_token": sign("direct_payment", SANDBOX_MERCHANT, form)}
