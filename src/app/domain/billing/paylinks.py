"""Links that let anybody pay one order without an account: signed, good for 30 days, and for nothing else.

A link names its order and its end, both under a signature of the service's key; nothing is stored. Whoever
holds it sees what is owed and may pay it, and learns nothing else about the company.
"""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from uuid import UUID

from app.db.models import Order
from app.lib.crypto import seal, unseal
from app.lib.errors import DomainError, NotFound
from app.lib.i18n import N_
from app.lib.settings import Settings

PURPOSE = "pay-link"
GOOD_FOR = timedelta(days=30)
EVER = datetime.fromtimestamp(0, UTC)


class LinkExpired(DomainError):
    """The link was ours and has ended."""

    status = HTTPStatus.GONE


def pay_link(settings: Settings, order: Order | UUID, *, at: datetime) -> str:
    """Return the address at which an order can be paid from now on, for `GOOD_FOR`."""
    return f"{settings.base_url}{pay_path(settings, order, at=at)}"


def pay_path(settings: Settings, order: Order | UUID, *, at: datetime) -> str:
    """Return the same address without its host, for our own pages."""
    order_id = order.id if isinstance(order, Order) else order
    token = seal(settings.keys, PURPOSE, order_id.hex, expires_at=at + GOOD_FOR)
    return f"/pay/{token}"


def order_of_link(settings: Settings, token: str, *, at: datetime) -> UUID:
    """Return which order a link pays. Raises `NotFound` for one that is not ours, and `LinkExpired`."""
    order_id = unseal(settings.keys, PURPOSE, token, at=EVER)
    if order_id is None:
        raise NotFound(N_("This payment link is not complete or not ours. Open it again from the e-mail."))
    if unseal(settings.keys, PURPOSE, token, at=at) is None:
        raise LinkExpired(
            N_("This payment link has expired. Log in and pay on the billing page, or ask us for a new link.")
        )
    return UUID(order_id)
