"""What the customer's billing page says of money that goes back."""

import pytest

from app.tasks.context import Resources
from tests.conftest import Browser
from tests.scenarios.till import PRICE, Mood, Till, open_till

GIVEN, COMING = "given back", "on its way back"


@pytest.fixture
async def till(resources: Resources, client: Browser) -> Till:
    till = await open_till(resources, language="en")
    await till.customer.log_in(client)
    return till


async def payments(client: Browser) -> str:
    page = await client.get("/billing?block=payments", headers={"HX-Request": "true"})
    assert page.status_code == 200
    return page.text


async def test_a_payment_that_nobody_wants_back_says_nothing_of_refunds(till: Till, client: Browser) -> None:
    shown = await payments(client)
    assert "Paid" in shown
    assert GIVEN not in shown
    assert COMING not in shown


async def test_money_on_its_way_back_is_shown_before_paytr_has_answered(till: Till, client: Browser) -> None:
    till.gateway.line.refunds = [Mood.LOST_AFTER]
    await till.send(await till.ask(100_000))
    shown = await payments(client)
    assert "₺1,000.00 on its way back" in shown
    assert GIVEN not in shown


async def test_parts_given_back_and_parts_to_come_are_told_apart(till: Till, client: Browser) -> None:
    await till.send(await till.ask(100_000))
    await till.ask(50_000)
    shown = await payments(client)
    assert "Partly refunded" in shown
    assert "₺1,000.00 given back" in shown
    assert "₺500.00 on its way back" in shown


async def test_a_payment_given_back_whole_is_shown_as_refunded(till: Till, client: Browser) -> None:
    await till.send(await till.ask(PRICE))
    shown = await payments(client)
    assert "Refunded" in shown
    assert GIVEN not in shown
    assert COMING not in shown
