"""Stored cards (CAPI): kept by a payment, listed, deleted.

`utoken` is a user of a merchant, `ctoken` one card of that user.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.domain.payments.paytr.credentials import PaytrCredentials
from app.sandbox.bins import BAD_TOKEN, issuer_of
from app.sandbox.book import Book, StoredCard
from app.sandbox.card_rules import BAD_FIELD, NOT_PERMITTED
from app.sandbox.config import Permission, SandboxConfig
from app.sandbox.deck import conduct_of
from app.sandbox.rules import INACTIVE_MERCHANT, token_matches

NO_SUCH_CARD: Final = "Kart bulunamadi veya daha once silinmis"


def new_card(merchant_id: str, form: Mapping[str, str], at: datetime) -> StoredCard:
    """Return the card of a Direct form with tokens of its own; it is kept once it has paid.

    The user token of the form is used when there is one, else a new user begins.
    """
    number = form["card_number"]
    return StoredCard(
        merchant_id=merchant_id,
        user_token=form.get("utoken") or secrets.token_hex(32),
        card_token=secrets.token_hex(32),
        bin_number=number[:8],
        last_four=number[-4:],
        month=form["expiry_month"].zfill(2),
        year=form["expiry_year"],
        owner=form["cc_owner"],
        added_at=at,
    )


def find_card(book: Book, merchant_id: str, user_token: str, card_token: str) -> StoredCard | None:
    """Return a card that was not deleted."""
    cards = book.cards_of(merchant_id, user_token)
    return next((card for card in cards if card.card_token == card_token), None)


def list_answer(config: SandboxConfig, book: Book, form: Mapping[str, str]) -> Any:
    """Answer capi/list: a bare array, empty for a user without cards or an unknown one."""
    merchant = config.merchant(form.get("merchant_id", ""))
    if refusal := _refusal(config, merchant, form, "card_list", ("utoken",)):
        return refusal
    return [_item(card) for card in book.cards_of(form["merchant_id"], form["utoken"])]


def delete_answer(config: SandboxConfig, book: Book, form: Mapping[str, str]) -> dict[str, str]:
    """Answer capi/delete: a card that is gone already is an error."""
    merchant = config.merchant(form.get("merchant_id", ""))
    if refusal := _refusal(config, merchant, form, "card_delete", ("utoken", "ctoken")):
        return refusal
    card = find_card(book, form["merchant_id"], form["utoken"], form["ctoken"])
    if card is None:
        return _error(NO_SUCH_CARD)
    card.is_deleted = True
    book.keep_card(card)
    return {"status": "success"}


def _refusal(
    config: SandboxConfig,
    merchant: PaytrCredentials | None,
    form: Mapping[str, str],
    formula: str,
    required: tuple[str, ...],
) -> dict[str, str] | None:
    if merchant is None:
        return _error(INACTIVE_MERCHANT)
    for name in required:
        if not form.get(name, "").strip():
            return _error(BAD_FIELD % name)
    if not token_matches(formula, merchant, form):
        return _error(BAD_TOKEN)
    if not config.permits(merchant.merchant_id, Permission.STORED_CARDS):
        return _error(NOT_PERMITTED[Permission.STORED_CARDS])
    return None


def _item(card: StoredCard) -> dict[str, str]:
    issuer = issuer_of(card.bin_number)
    conduct = conduct_of(card.bin_number[:6], card.last_four)
    return {
        "ctoken": card.card_token,
        "last_4": card.last_four,
        "require_cvv": "1" if conduct.needs_cvv else "0",
        "month": card.month,
        "year": card.year,
        "c_bank": issuer.bank,
        "c_name": card.owner,
        "c_brand": issuer.programme,
        "c_type": "credit" if issuer.is_credit else "debit",
        "businessCard": "y" if issuer.is_business else "n",
        "initial": card.bin_number[:1],
        "schema": issuer.scheme,
    }


def _error(message: str) -> dict[str, str]:
    return {"status": "error", "err_msg": message}
