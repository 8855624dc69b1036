"""The operator's page of the book: what stands where, what does not hold, and having it checked again."""

from typing import Any, cast

import pytest
from saq.types import Context
from sqlalchemy import text

from app.domain.ledger.rules import BY_KEY
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from app.tasks.ledger import prove_ledger
from tests.conftest import Browser
from tests.factories import make_customer, make_operator, pay


@pytest.fixture
async def operator(resources: Resources, client: Browser) -> Browser:
    return await (await make_operator(resources.session_maker, language="en")).log_in(client)


async def prove(resources: Resources) -> None:
    """Run the job as a worker does."""
    await prove_ledger(cast("Context", cast("Any", {"resources": resources})))


async def spoil(resources: Resources, statement: str) -> None:
    async with unit_of_work(resources.session_maker) as session:
        await session.execute(text(statement))


async def test_before_the_first_proof_the_pages_say_so(operator: Browser) -> None:
    assert "Not proven yet" in (await operator.get("/operator")).text
    page = (await operator.get("/operator/ledger")).text
    assert "Not proven yet" in page
    assert "Nothing is posted yet" in page


async def test_a_proven_book_shows_its_accounts(resources: Resources, operator: Browser) -> None:
    await pay(resources.session_maker, await make_customer(resources.session_maker), resources.settings)
    await prove(resources)
    page = (await operator.get("/operator/ledger")).text
    assert "Every rule holds" in page
    assert page.count("₺2,970.00") == 1, "what PayTR owes"
    assert page.count("₺2,475.00") == 1, "revenue"
    assert "Everything holds" in (await operator.get("/operator")).text


async def test_a_break_is_shown_with_its_rows_until_a_check_finds_it_mended(
    resources: Resources, operator: Browser
) -> None:
    customer = await make_customer(resources.session_maker, name="Kırık Defter")
    await pay(resources.session_maker, customer, resources.settings)
    await spoil(resources, "INSERT INTO company_credits SELECT id, 'TRY', 12345 FROM companies")
    await prove(resources)
    page = (await operator.get("/operator/ledger")).text
    for shown in (
        BY_KEY["company_credit"].sentence.split("'")[0],
        "Kırık Defter",
        "₺123.45",
        "not charged by itself",
    ):
        assert shown in page
    assert "1 break" in (await operator.get("/operator")).text

    await spoil(resources, "DELETE FROM company_credits")
    answer = await operator.submit("/operator/ledger/proofs")
    assert answer.status_code == 303
    assert "being checked" in (await operator.get(answer.headers["location"])).text
    await prove(resources)
    page = (await operator.get(answer.headers["location"])).text
    assert "being checked" not in page
    assert "Every rule holds" in page
    assert "Mended" in page
