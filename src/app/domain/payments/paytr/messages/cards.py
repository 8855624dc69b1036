"""Stored cards (CAPI): list and delete. `utoken` is one buyer of ours, `ctoken` one card of that buyer."""

from typing import Any, Final

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.credentials import PaytrCredentials
from app.domain.payments.paytr.messages.answers import (
    Answer,
    is_true,
    read_json,
    read_object,
    refusal_text,
    text_of,
)
from app.domain.payments.paytr.signing import sign
from app.domain.payments.values import ListedCard

BRANDS: Final = frozenset({"VISA", "MASTERCARD", "AMEX", "TROY"})
_BRAND_BY_INITIAL: Final = {"2": "MASTERCARD", "3": "AMEX", "4": "VISA", "5": "MASTERCARD", "9": "TROY"}


def card_list_form(credentials: PaytrCredentials, user_token: str) -> dict[str, str]:
    """Return the signed question for the cards of a buyer."""
    form = {"merchant_id": credentials.merchant_id, "utoken": user_token}
    return {**form, "paytr_token": sign("card_list", credentials, form)}


def card_delete_form(credentials: PaytrCredentials, *, user_token: str, card_token: str) -> dict[str, str]:
    """Return the signed order to forget a card."""
    form = {"merchant_id": credentials.merchant_id, "utoken": user_token, "ctoken": card_token}
    return {**form, "paytr_token": sign("card_delete", credentials, form)}


def read_cards(body: str) -> tuple[ListedCard, ...]:
    """Return the listed cards. Success is a bare array without a status; nothing found is empty JSON.

    One card that cannot be read makes the whole list unreadable: a list that lacks a card without saying
    so would look like a removed card.
    """
    answer = read_json(body)
    if isinstance(answer, dict) and answer:
        if text_of(answer, "status") in {"error", "failed"}:
            raise GatewayRefused(refusal_text(answer, "the card list was refused without a reason"))
        raise GatewayUnreachable("the card list answered with something else than cards")
    if answer is not None and not isinstance(answer, list | dict):
        raise GatewayUnreachable("the card list answered with something else than cards")
    return tuple(_card(item) for item in answer or ())


def read_deletion(body: str) -> str | None:
    """Return nothing for a removed card, or PayTR's words for not removing it."""
    answer = read_object(body)
    match text_of(answer, "status"):
        case "success":
            return None
        case "error" | "failed":
            return refusal_text(answer, "the card was not removed, without a reason")
    raise GatewayUnreachable("card removal answered something else than success or error")


def _card(item: Any) -> ListedCard:
    if not isinstance(item, dict):
        raise GatewayUnreachable("the card list holds something else than cards")
    month, year = text_of(item, "month"), text_of(item, "year")
    token = text_of(item, "ctoken")
    if not (token and month.isdecimal() and 1 <= int(month) <= 12 and year.isdecimal()):
        raise GatewayUnreachable("the card list holds a card without token or expiry")
    return ListedCard(
        card_token=token,
        last_four=text_of(item, "last_4"),
        expiry_month=int(month),
        expiry_year=int(year) if len(year) == 4 else 2000 + int(year),
        bank=text_of(item, "c_bank"),
        brand=_brand(item),
        # A card of which PayTR does not say that it charges without CVV must not be counted on.
        requires_cvv=is_true(text_of(item, "require_cvv")) is not False,
        is_business=is_true(text_of(item, "businessCard")) is True,
        is_credit=text_of(item, "c_type").lower() == "credit",
    )


def _brand(item: Answer) -> str:
    schema = text_of(item, "schema").upper()
    return schema if schema in BRANDS else _BRAND_BY_INITIAL.get(text_of(item, "initial"), "OTHER")
