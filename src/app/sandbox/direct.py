"""Payments posted to `/odeme`: what is accepted, and what becomes of it.

Three doors: a card typed in the browser, a stored card with the buyer present, and a stored card charged
by the merchant's server alone. Each accepted payment ends in a callback, whatever was answered before.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.domain.payments.paytr.amounts import kurus_from_lira
from app.sandbox.bank import GENERAL_DECLINE, Decision, Verdict, decide, decide_charge
from app.sandbox.book import Channel, Order, StoredCard
from app.sandbox.card_rules import (
    BAD_FIELD,
    CARD_FIELDS,
    CardRefused,
    RequestRefused,
    channel_of,
    check_card,
    check_request,
)
from app.sandbox.deck import conduct_of
from app.sandbox.payouts import local_day
from app.sandbox.simulator import Simulator
from app.sandbox.stored_cards import NO_SUCH_CARD, find_card, new_card


def accept(simulator: Simulator, form: Mapping[str, str], at: datetime) -> tuple[Order, StoredCard]:
    """Check a payment and enter it. Raises `RequestRefused` and `CardRefused`; then nothing is entered."""
    merchant = check_request(simulator.config, form)
    if simulator.book.find(form["merchant_oid"]):
        raise RequestRefused(BAD_FIELD % "merchant_oid")
    channel = channel_of(form)
    is_typed = channel is Channel.DIRECT
    card = _typed_card(simulator, form, at) if is_typed else _stored_card(simulator, form)
    order = Order(
        merchant=merchant,
        token=secrets.token_hex(32),
        form={name: value for name, value in form.items() if name not in CARD_FIELDS},
        created_at=at,
        amount=kurus_from_lira(form["payment_amount"]),
        channel=channel,
        frame_open=form["non_3d"] == "0",
        masked_pan=f"{card.bin_number[:6]}AAA{card.last_four}",
        card=card if is_typed and form.get("store_card") == "1" else None,
    )
    simulator.book.add(order)
    return order, card


def authorise(simulator: Simulator, order: Order, at: datetime) -> Decision:
    """Let the bank decide a payment with the buyer present, and tell the merchant by callback."""
    decision = decide(order, simulator.faults.of(order.merchant_oid))
    _carry_out(simulator, order, decision, at)
    return decision


def charge(simulator: Simulator, form: Mapping[str, str], at: datetime) -> dict[str, Any]:
    """Answer a charge without the buyer. A refused request says `err_msg`; only a card's fault says `msg`."""
    try:
        order, card = accept(simulator, form, at)
    except RequestRefused as refusal:
        return {"status": "failed", "err_msg": str(refusal)}
    except CardRefused as refusal:
        return {"status": "failed", "try_again": False, "msg": str(refusal)}
    faults = simulator.faults.of(order.merchant_oid)
    decision = decide_charge(order, faults, card, at, has_cvv=bool(form.get("cvv")))
    card.charges += 1
    simulator.book.keep_card(card)
    _carry_out(simulator, order, decision, at)
    answer = {"status": decision.verdict.value, "msg": decision.message}
    if decision.verdict is Verdict.DECLINED:
        return {**answer, "try_again": decision.may_retry}
    return answer


def sync_answer(order: Order, decision: Decision) -> dict[str, str]:
    """Return the JSON answer of sync_mode=1, with the tokens of a card that was kept."""
    answer = {"status": decision.verdict.value, "msg": decision.message}
    if order.card is not None and decision.verdict is Verdict.PAID:
        answer |= {"utoken": order.card.user_token, "ctoken": order.card.card_token}
    return answer


def _typed_card(simulator: Simulator, form: Mapping[str, str], at: datetime) -> StoredCard:
    check_card(form, local_day(at))
    user_token = form.get("utoken", "")
    if user_token and not simulator.book.knows_user(form["merchant_id"], user_token):
        raise RequestRefused(BAD_FIELD % "utoken")
    return new_card(form["merchant_id"], form, at)


def _stored_card(simulator: Simulator, form: Mapping[str, str]) -> StoredCard:
    card = find_card(simulator.book, form["merchant_id"], form.get("utoken", ""), form.get("ctoken", ""))
    if card is None:
        raise CardRefused(NO_SUCH_CARD)
    needs_cvv = conduct_of(card.bin_number[:6], card.last_four).needs_cvv
    if needs_cvv and not form.get("cvv") and channel_of(form) is Channel.STORED_CARD:
        raise CardRefused(BAD_FIELD % "cvv")
    return card


def _carry_out(simulator: Simulator, order: Order, decision: Decision, at: datetime) -> None:
    if decision.verdict is Verdict.PAID:
        # PayTR's callbacks write a single payment as 1, requests as 0.
        simulator.pay(order, at, installment_count=max(1, int(order.form["installment_count"])))
    elif decision.verdict is Verdict.DECLINED:
        simulator.decline(order, decision.code or GENERAL_DECLINE)
    else:
        order.decides_at = at + timedelta(seconds=simulator.config.decision_seconds)
        order.decides_code = decision.code
        simulator.book.save(order)
