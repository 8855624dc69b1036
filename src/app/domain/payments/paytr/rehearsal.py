"""Telling the local sandbox of payments that were made without it (docs/paytr.md, "Bring your own past")."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import httpx

from app.domain.payments.gateway import GatewayRefused, GatewayUnreachable
from app.domain.payments.paytr.messages.buyer import wire_currency

PATH: Final = "/control/orders"
PATIENCE_SECONDS: Final = 20.0
"""For the whole call: a sandbox that is started at this moment takes some seconds to listen."""
RETRY_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRefund:
    """Money given back, in minor units."""

    amount: int
    reference: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPayment:
    """One decided attempt whose callback has come; `at` is when it was paid or declined."""

    merchant_oid: str
    amount: int
    collected: int | None
    """In minor units; nothing when it was declined."""
    currency: str
    channel: str
    at: datetime
    test_mode: bool
    email: str
    refunds: tuple[PastRefund, ...] = ()


async def enter_past(
    http: httpx.AsyncClient, base_url: str, merchant_id: str, payments: Sequence[PastPayment]
) -> None:
    """Enter payments into the sandbox's book; those it has stay as they are.

    Raises `GatewayUnreachable` when nobody answers in time and `GatewayRefused` when it will not have them.
    """
    past = [_order(payment, merchant_id) for payment in payments]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await _post(http, f"{base_url.rstrip('/')}{PATH}", past)
    except (httpx.HTTPError, TimeoutError) as error:
        raise GatewayUnreachable(f"{PATH}: {type(error).__name__}") from error
    if answer.status_code != 200:
        raise GatewayRefused(f"{PATH}: HTTP {answer.status_code}")


async def _post(http: httpx.AsyncClient, address: str, past: list[dict[str, Any]]) -> httpx.Response:
    while True:
        try:
            return await http.post(address, json=past, timeout=PATIENCE_SECONDS)
        except httpx.ConnectError:
            await asyncio.sleep(RETRY_SECONDS)


def _order(payment: PastPayment, merchant_id: str) -> dict[str, Any]:
    order: dict[str, Any] = {
        "merchant_oid": payment.merchant_oid,
        "merchant_id": merchant_id,
        "amount": payment.amount,
        "at": payment.at.isoformat(),
        "state": "declined",
        "currency": wire_currency(payment.currency),
        "channel": payment.channel,
        "test_mode": payment.test_mode,
        "email": payment.email,
    }
    if payment.collected is None:
        return order
    refunds = [
        {"amount": refund.amount, "reference": refund.reference, "at": refund.at.isoformat()}
        for refund in payment.refunds
    ]
    return {**order, "state": "paid", "total_amount": payment.collected, "refunds": refunds}
