"""What `durum-sorgu` says of a paid order. Amounts are lira with a comma, as in PayTR's example (`10,8`)."""

import hashlib
from typing import Any

from app.domain.payments.paytr.amounts import lira_text
from app.lib.clock import ISTANBUL
from app.sandbox.bins import NO_PROGRAMME, issuer_of
from app.sandbox.book import Order, Refund


def paid_answer(order: Order) -> dict[str, Any]:
    """Return the answer for a paid order, its refunds in `returns`."""
    paid_at = (order.paid_at or order.created_at).astimezone(ISTANBUL)
    total = order.total_amount or 0
    return {
        "status": "success",
        "net_tutar": comma(total - order.commission),
        "kesinti_tutari": comma(order.commission),
        "payment_amount": comma(order.amount),
        "payment_total": comma(total),
        "payment_date": f"{paid_at:%Y-%m-%d %H:%M:%S}",
        "currency": order.currency,
        "taksit": str(order.installment_count),
        "kart_marka": card_brand(order),
        "masked_pan": order.masked_pan,
        "auth_code": auth_code(order),
        "auth_date": f"{paid_at:%d.%m.%Y %H:%M:%S}",
        "odeme_tipi": "KART",
        "test_mode": order.test_mode,
        "returns": [_returned(refund) for refund in order.refunds],
    }


def card_brand(order: Order) -> str:
    """Return the programme of the card an order was paid with, or its scheme where it has none."""
    issuer = issuer_of(order.masked_pan)
    return issuer.scheme if issuer.programme == NO_PROGRAMME else issuer.programme


def auth_code(order: Order) -> str:
    """Return the bank's six digits for an order; the same order has the same code."""
    digest = hashlib.sha256(order.merchant_oid.encode()).digest()
    return f"{int.from_bytes(digest[:4]) % 1_000_000:06d}"


def comma(kurus: int) -> str:
    """Write lira with a comma and no padding (`10,8`)."""
    return lira_text(kurus).rstrip("0").rstrip(".").replace(".", ",")


def _returned(refund: Refund) -> dict[str, str]:
    # The names are those integrators read; PayTR documents none.
    at = refund.at.astimezone(ISTANBUL)
    return {
        "return_amount": comma(refund.amount),
        "reference_no": refund.reference,
        "return_date": f"{at:%Y-%m-%d %H:%M:%S}",
    }
