"""Seller, buyer and line of an invoice, copied from settings, company and order at the moment of issue."""

from typing import Any

from app.db.models.plan_price import Interval
from app.domain.subscriptions.periods import Period
from app.lib.i18n import N_, format_date, translate
from app.lib.settings import Settings

LINE = {
    Interval.MONTH: N_("%(plan)s plan, monthly: %(start)s to %(end)s"),
    Interval.YEAR: N_("%(plan)s plan, yearly: %(start)s to %(end)s"),
}


def seller_of(settings: Settings) -> dict[str, Any]:
    """Return the seller's identity as it stands today."""
    return {
        "name": settings.seller_name,
        "tax_office": settings.seller_tax_office,
        "tax_number": settings.seller_vkn,
        "mersis": settings.seller_mersis,
        "address": settings.seller_address,
        "email": settings.seller_email,
        "phone": settings.seller_phone,
    }


def buyer_of(row: Any) -> dict[str, Any]:
    """Return the buyer's identity as it stands today."""
    return {
        "name": row.legal_name or row.company_name,
        "tax_office": row.tax_office or "",
        "tax_number": row.tax_number or "",
        "mersis": "",
        "address": row.address or "",
        "email": row.email or "",
        "phone": row.phone or "",
    }


def line_description(plan_name: str, interval: str, period: Period, language: str) -> str:
    """Return the sentence on the invoice's line, in the company's language."""
    return translate(
        language,
        LINE[Interval(interval)],
        plan=plan_name,
        start=format_date(period.start, language),
        end=format_date(period.end, language),
    )
