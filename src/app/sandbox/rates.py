"""What PayTR keeps of a payment, and what it says about that: commission and the instalment rates.

Rates are basis points inside (299 is 2.99 %). A commission is rounded half to even, to the kuruş.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from app.sandbox.bins import BAD_TOKEN, issuer_of
from app.sandbox.book import Order
from app.sandbox.config import Permission, SandboxConfig
from app.sandbox.rules import INACTIVE_MERCHANT, token_matches

NO_PERMISSION: Final = "Magaza API yetkisi bulunmuyor."
BAD_REQUEST_ID: Final = "request_id gonderilmedi veya gecersiz"
PROGRAMMES: Final = (
    "advantage",
    "axess",
    "bonus",
    "cardfinans",
    "combo",
    "maximum",
    "paraf",
    "saglamkart",
    "world",
)
MOST_INSTALMENTS: Final = 12
_PER_INSTALMENT: Final = 155
_ABROAD: Final = 100
_TEN_THOUSAND: Final = 10_000


def rate(config: SandboxConfig, *, installments: int, is_foreign: bool = False) -> int:
    """Return the commission in basis points; 0 and 1 instalments are a single payment."""
    surcharge = _PER_INSTALMENT * installments if installments > 1 else 0
    return config.commission_basis_points + surcharge + (_ABROAD if is_foreign else 0)


def commission(config: SandboxConfig, order: Order) -> int:
    """Return the commission of a paid order in kuruş."""
    basis_points = order_rate(config, order)
    return _round(Decimal(order.total_amount or 0) * basis_points / _TEN_THOUSAND)


def order_rate(config: SandboxConfig, order: Order) -> int:
    """Return the rate of an order in basis points, by its instalments and its card."""
    is_foreign = issuer_of(order.masked_pan).is_foreign
    return rate(config, installments=order.installment_count, is_foreign=is_foreign)


def commission_returned(order: Order, amount: int) -> int:
    """Return the part of the commission, in kuruş, that comes back with a refund of `amount`.

    It is the rounded share of everything refunded, less what came back before: parts never add up to more
    than the whole, and a payment refunded to the end costs nothing.
    """
    if not order.total_amount:
        return 0
    share = Decimal(order.commission) * (order.refunded + amount) / order.total_amount
    return _round(share) - sum(refund.commission for refund in order.refunds)


def percent(basis_points: int) -> str:
    """Write basis points as percent with two decimals (`2.99`)."""
    return str(Decimal(basis_points).scaleb(-2))


def rates_answer(config: SandboxConfig, form: Mapping[str, str]) -> dict[str, Any]:
    """Answer taksit-oranlari. `oranlar` by programme, `taksit_2` to `taksit_12`, percent."""
    merchant = config.merchant(form.get("merchant_id", ""))
    request_id = form.get("request_id", "")
    if merchant is None:
        return {"status": "error", "err_msg": INACTIVE_MERCHANT}
    if not 0 < len(request_id) <= 32:
        return {"status": "error", "err_msg": BAD_REQUEST_ID}
    if not token_matches("installment_rates", merchant, form):
        return {"status": "error", "err_msg": BAD_TOKEN}
    if not config.permits(merchant.merchant_id, Permission.RATES):
        return {"status": "error", "err_msg": NO_PERMISSION}
    return {
        "status": "success",
        "request_id": request_id,
        "max_inst_non_bus": MOST_INSTALMENTS,
        "oranlar": {programme: _programme_rates(config, form) for programme in PROGRAMMES},
    }


def _programme_rates(config: SandboxConfig, form: Mapping[str, str]) -> dict[str, float]:
    # PayTR's rates are JSON numbers, the one place where it sends no text.
    counts = {f"taksit_{count}": rate(config, installments=count) for count in range(2, MOST_INSTALMENTS + 1)}
    if form.get("single_ratio") == "1":
        counts = {"tek_cekim": rate(config, installments=1), **counts}
    if form.get("abroad_ratio") == "1":
        counts = {**counts, "yurtdisi_tek_cekim": rate(config, installments=1, is_foreign=True)}
    return {name: float(percent(basis_points)) for name, basis_points in counts.items()}


def _round(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))
