"""The operator's pages of reconciliation: days, proof, differences, and what is taken away from them."""

import csv
from dataclasses import replace
from datetime import date
from io import StringIO
from typing import Any, cast

import pytest
from saq.types import Context

from app.db.models import DifferenceCause as Cause
from app.domain.billing.reconciliation.proof import Totals
from app.domain.billing.reconciliation.rules import Difference
from app.tasks.context import Resources
from app.tasks.reconciliation import compare_day
from tests.conftest import Browser
from tests.domain.billing.books import Shop, add_run
from tests.factories import make_operator

FRIDAY = date(2026, 11, 20)
ADDRESS = "/operator/reconciliation/2026-11-20"
PROVEN = Totals(
    sales=297_000,
    refunds=1_000,
    reported_sales=297_000,
    reported_refunds=1_000,
    commission=8_880,
    net=287_120,
    closing=287_120,
    announced=287_120,
)


@pytest.fixture
async def shop(resources: Resources) -> Shop:
    return Shop(resources.session_maker, resources.settings)


@pytest.fixture
async def operator(resources: Resources, client: Browser) -> Browser:
    return await (await make_operator(resources.session_maker, language="en")).log_in(client)


def difference(cause: Cause = Cause.MISSING_HERE, oid: str | None = "TZG1", **facts: object) -> Difference:
    return Difference(
        cause=cause,
        kind="sale" if oid else "total",
        currency="TRY",
        ours=None,
        theirs=297_000,
        merchant_oid=oid,
        facts=facts,
    )


async def compare(shop: Shop, resources: Resources) -> None:
    """Run the job as a worker does, on the shop's gateway."""
    context = {"resources": replace(resources, gateway=shop.gateway)}
    await compare_day(cast("Context", cast("Any", context)), day=FRIDAY.isoformat())


async def test_before_the_first_payment_the_page_says_when_something_will_stand_here(
    operator: Browser,
) -> None:
    page = await operator.get("/operator/reconciliation")
    assert page.status_code == 200
    assert "Nothing to compare yet" in page.text
    assert (await operator.get(ADDRESS)).status_code == 404


async def test_the_list_shows_each_day_with_its_state_and_its_sums(operator: Browser, shop: Shop) -> None:
    await shop.sell("2026-11-18 10:00")
    await add_run(shop.session_maker, FRIDAY, totals={"TRY": PROVEN})
    await add_run(shop.session_maker, date(2026, 11, 19), differences=[difference()])
    page = (await operator.get("/operator/reconciliation?before=2026-11-21")).text
    assert page.index("20 November 2026") < page.index("19 November 2026") < page.index("18 November 2026")
    for text in ("Proven", "1 difference", "Not yet", "₺2,970.00", "₺88.80", "₺2,871.20"):
        assert text in page, text


async def test_a_day_shows_its_proof_and_leads_to_the_payments_it_names(
    operator: Browser, shop: Shop
) -> None:
    payment = await shop.sell("2026-11-20 10:00")
    found = [
        difference(oid=payment.merchant_oid),
        difference(oid="ELSEWHERE9"),
        difference(Cause.TOTAL, None, check="balance"),
    ]
    await add_run(shop.session_maker, FRIDAY, differences=found, totals={"TRY": PROVEN})
    page = (await operator.get(ADDRESS)).text
    assert "3 differences" in page
    assert f'href="/operator/payments/{payment.merchant_oid}"' in page
    assert 'href="/operator/payments/ELSEWHERE9"' not in page
    assert "PayTR reports it, our book does not have it." in page
    assert "What PayTR announces is not what it must owe us." in page
    assert "PayTR owes us when the day ends" in page


async def test_excel_opens_the_differences_with_turkish_letters_and_numbers(
    operator: Browser, shop: Shop
) -> None:
    await add_run(shop.session_maker, FRIDAY, differences=[difference(oid="=cmd|calc"), difference()])
    answer = await operator.get(f"{ADDRESS}/differences.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="reconciliation-2026-11-20.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf")
    header, formula, plain = csv.reader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";")
    assert header[0] == "Day"
    assert formula[3] == "'=cmd|calc"
    assert plain == [
        "2026-11-20",
        "PayTR reports it, our book does not have it.",
        "Sale",
        "TZG1",
        "",
        "TRY",
        "",
        "2970,00",
        "2970,00",
    ]


async def test_a_report_is_given_word_for_word_and_only_under_its_day(operator: Browser, shop: Shop) -> None:
    body = '{"status":"success","data":[{"siparis_no":"TZGĞ"}]}'
    _, report = await add_run(shop.session_maker, FRIDAY, body=body)
    answer = await operator.get(f"{ADDRESS}/reports/{report.id}")
    assert answer.text == body
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    other_day = await operator.get(f"/operator/reconciliation/2026-11-19/reports/{report.id}")
    assert other_day.status_code == 404


async def test_an_operator_has_a_day_compared_again(
    operator: Browser, shop: Shop, resources: Resources
) -> None:
    await shop.sell("2026-11-20 10:00")
    await add_run(shop.session_maker, FRIDAY, differences=[difference()])
    answer = await operator.submit(ADDRESS)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ADDRESS}?asked=1")
    assert "The day is being compared" in (await operator.get(f"{ADDRESS}?asked=1")).text
    await compare(shop, resources)
    page = (await operator.get(ADDRESS)).text
    assert "1 difference" in page  # the run before still stands in the list of runs
    assert "Proven" in page


async def test_a_failed_try_is_said_and_does_not_undo_what_was_proven(
    operator: Browser, shop: Shop, resources: Resources
) -> None:
    await shop.sell("2026-11-20 10:00")
    await add_run(shop.session_maker, FRIDAY, totals={"TRY": PROVEN})
    shop.gateway.unreachable = True
    await compare(shop, resources)
    page = (await operator.get(ADDRESS)).text
    assert "Proven" in page
    assert "PayTR did not answer" in page
