"""Prices are taken apart when they are published, so that no invoice ever has to round."""

import pytest

from app.db.models import Interval, PlanPrice
from app.domain.plans.service import new_price
from app.lib.clock import now
from app.lib.money import UnreachableGross


def published(gross: int) -> PlanPrice:
    return new_price(
        plan_code="team",
        interval=Interval.MONTH,
        currency="TRY",
        gross=gross,
        vat_basis_points=2_000,
        version=2,
        at=now(),
    )


@pytest.mark.parametrize("gross", [99_999, 49_995])
def test_a_price_without_a_whole_net_is_refused(gross: int) -> None:
    with pytest.raises(UnreachableGross):
        published(gross)


@pytest.mark.parametrize(("gross", "net"), [(99_900, 83_250), (49_900, 41_583), (149_900, 124_917)])
def test_a_price_is_published_with_its_net_and_its_vat(gross: int, net: int) -> None:
    price = published(gross)
    assert (price.gross, price.net, price.vat) == (gross, net, gross - net)
