"""Levers for stored cards: put one into the book without a payment, look at them, let the bank close one."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromPath, JSONBody

from app.lib.clock import now
from app.sandbox.book import StoredCard
from app.sandbox.cards import is_card_number
from app.sandbox.deck import DECK
from app.sandbox.simulator import Simulator
from app.sandbox.stored_cards import new_card


class NewCard(msgspec.Struct, forbid_unknown_fields=True):
    """A card to keep, by default for a new user of the first merchant."""

    number: str = DECK[0].number
    month: Annotated[str, msgspec.Meta(pattern=r"^(0[1-9]|1[0-2])$")] = "12"
    year: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}$")] = "30"
    owner: str = "Test Kart"
    utoken: str = ""
    merchant_id: str = ""


class Closing(msgspec.Struct, forbid_unknown_fields=True):
    """From when the bank refuses a card, by default from now on."""

    closed_from: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


@get("/control/cards")
async def list_cards(simulator: NamedDependency[Simulator]) -> list[dict[str, Any]]:
    """Return every stored card, deleted ones too."""
    return [card_view(card) for card in simulator.book.cards()]


@post("/control/cards", status_code=201)
async def keep_card(data: JSONBody[NewCard], simulator: NamedDependency[Simulator]) -> dict[str, Any]:
    """Keep a card as if it had paid."""
    number = data.number.replace(" ", "")
    merchant_id = data.merchant_id or simulator.config.merchants[0].merchant_id
    if not is_card_number(number) or simulator.config.merchant(merchant_id) is None:
        raise ValidationException("no such merchant, or the check digit of the card number is wrong")
    form = {
        "card_number": number,
        "expiry_month": data.month,
        "expiry_year": data.year,
        "cc_owner": data.owner,
        "utoken": data.utoken,
    }
    card = new_card(merchant_id, form, now())
    simulator.book.keep_card(card)
    return card_view(card)


@post("/control/cards/{card_token:str}/close", status_code=200)
async def close_card(
    card_token: FromPath[str], data: JSONBody[Closing], simulator: NamedDependency[Simulator]
) -> dict[str, Any]:
    """Let the bank refuse a card that is charged without the buyer."""
    card = next((kept for kept in simulator.book.cards() if kept.card_token == card_token), None)
    if card is None:
        raise NotFoundException(f"the book has no card {card_token}")
    card.closed_from = data.closed_from or now()
    simulator.book.keep_card(card)
    return card_view(card)


def card_view(card: StoredCard) -> dict[str, Any]:
    """Return a card as the control API shows it."""
    return {
        "merchant_id": card.merchant_id,
        "utoken": card.user_token,
        "ctoken": card.card_token,
        "masked_pan": f"{card.bin_number[:6]}AAA{card.last_four}",
        "expiry": f"{card.month}/{card.year}",
        "owner": card.owner,
        "charges": card.charges,
        "closed_from": card.closed_from.isoformat() if card.closed_from else None,
        "is_deleted": card.is_deleted,
    }


CARDS_CONTROL: Final = (list_cards, keep_card, close_card)
