"""The operator's pages of forecasts: empty, told, refused, a day company by company, and its file."""

from datetime import timedelta

import pytest

from app.db.models import LineKind
from app.domain.billing.reconciliation.book import day_of, start_of
from app.domain.ops.forecasts import service
from app.domain.ops.forecasts.figures import DayFacts, Figure, FigureName, Line
from app.domain.ops.forecasts.service import Foretold
from app.lib.clock import now
from app.lib.sheets import BYTE_ORDER_MARK
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from app.tasks.forecasts import TOO_SLOW
from tests.conftest import Browser
from tests.factories import Customer, make_customer, make_operator, pay


@pytest.fixture
async def operator(resources: Resources, client: Browser) -> Browser:
    return await (await make_operator(resources.session_maker, language="en")).log_in(client)


async def tell(resources: Resources, customer: Customer) -> None:
    """Let today have been told: the customer renews, and nothing else happens."""
    at = start_of(day_of(now())) - timedelta(hours=2)
    figures = [Figure(FigureName.NET, "TRY", 1, 247_500), Figure(FigureName.CHARGES, "TRY", 1, 297_000)]
    line = Line(customer.company.id, None, LineKind.PAID, "renewal", "Team", 297_000, "TRY")
    async with unit_of_work(resources.session_maker) as session:
        await service.claim(session, day_of(now()), at=at)
        await service.keep(session, day_of(now()), Foretold(DayFacts(figures, [line])), began_at=at)


async def test_before_the_first_forecast_the_page_says_when_it_comes(operator: Browser) -> None:
    page = (await operator.get("/operator/forecast")).text
    assert "No day has been told yet" in page
    assert '<svg viewBox="0 0 900' not in page
    assert (await operator.get("/operator/forecast/2031-01-01")).status_code == 404


async def test_today_stands_beside_what_was_told_and_names_who_differs(
    resources: Resources, operator: Browser
) -> None:
    renewing = await make_customer(resources.session_maker, name="Yenilenecek")
    await tell(resources, renewing)
    await pay(
        resources.session_maker,
        await make_customer(resources.session_maker, name="Gelen"),
        resources.settings,
    )
    page = (await operator.get("/operator/forecast")).text
    assert "₺2,475.00 so far" in page
    assert "₺2,475.00, expected ₺2,475.00" in page, "the chart says what the table says"

    day = day_of(now()).isoformat()
    page = (await operator.get(f"/operator/forecast/{day}")).text
    differing, _, coming = page.partition('id="coming"')
    assert "The company signed up after the forecast was made." in differing
    assert "Gelen" in differing
    assert "Yenilenecek" in coming
    answer = await operator.get(f"/operator/forecast/{day}/companies.csv")
    assert answer.headers["content-disposition"].endswith(f'"forecast-{day}.csv"')
    titles, *rows = answer.text.removeprefix(BYTE_ORDER_MARK).splitlines()
    assert titles.startswith("Day;Company;")
    assert [row.split(";")[1:2] + row.split(";")[6:8] for row in rows] == [
        ["Gelen", "", "2970,00"],
        ["Yenilenecek", "2970,00", ""],
    ]


async def test_a_day_that_could_not_be_told_says_why(resources: Resources, operator: Browser) -> None:
    at = now()
    async with unit_of_work(resources.session_maker) as session:
        await service.claim(session, day_of(at), at=at)
        await service.refuse(session, day_of(at), TOO_SLOW, began_at=at, next_attempt_at=None)
    for path in ("/operator/forecast", f"/operator/forecast/{day_of(at)}"):
        assert "too large" in (await operator.get(path)).text
