"""Beginning support access: which company is meant, for how long, and one at a time."""

from datetime import timedelta

import pytest
from litestar import Litestar
from sqlalchemy.exc import IntegrityError

from app.db.models import SupportAccess
from app.lib.clock import real_now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser, browser
from tests.factories import Customer, Person, make_customer, make_operator
from tests.http.support_desk import REASON, begin, looking_at, the_access


@pytest.fixture
async def customer(resources: Resources) -> Customer:
    return await make_customer(resources.session_maker, language="en")


@pytest.fixture
async def operator(resources: Resources) -> Person:
    return await make_operator(resources.session_maker, language="en")


@pytest.fixture
async def looking(client: Browser, operator: Person, customer: Customer) -> Browser:
    """An operator's browser in the company's place."""
    return await looking_at(client, operator, customer)


async def test_one_at_a_time_also_when_two_begin_at_once(
    looking: Browser, application: Litestar, resources: Resources, operator: Person
) -> None:
    other = await make_customer(resources.session_maker, name="Başka Şirket")
    async with browser(application) as elsewhere:
        await operator.log_in(elsewhere)
        answer = await begin(elsewhere, other.company.slug)
        assert answer.status_code == 409
        assert "You look at a company already" in answer.text
        assert (await elsewhere.get("/dashboard")).status_code == 403, "another browser looks at nothing"
    at = real_now()
    with pytest.raises(IntegrityError, match="uq_support_accesses_running"):
        async with unit_of_work(resources.session_maker) as session:
            session.add(
                SupportAccess(
                    company_id=other.company.id,
                    operator_id=operator.user.id,
                    reason=REASON,
                    began_at=at,
                    ends_at=at + timedelta(minutes=1),
                )
            )


async def test_a_company_is_found_by_what_it_quotes_and_by_nothing_less(
    client: Browser, resources: Resources, operator: Person, customer: Customer
) -> None:
    twin = await make_customer(resources.session_maker, name="İkiz")
    await operator.log_in(client)
    for quoted, sentence in (
        ("isik", "No company is known by this"),
        ("%", "No company is known by this"),
        ("", "No company is known by this"),
    ):
        answer = await begin(client, quoted)
        assert answer.status_code == 422
        assert sentence in html.read(answer.text).sentence_at("company")
    for fields, field in (
        ({"reason": "x"}, "reason"),
        ({"minutes": "240"}, "minutes"),
        ({"minutes": "x"}, "minutes"),
    ):
        answer = await begin(client, twin.company.slug, **fields)
        assert html.read(answer.text).sentence_at(field)
    answer = await begin(client, customer.email.upper())
    assert answer.status_code == 303
    assert (await the_access(resources.session_maker)).company_id == customer.company.id


async def test_the_longest_time_is_the_databases_business_too(
    resources: Resources, operator: Person, customer: Customer
) -> None:
    at = real_now()
    values = {"company_id": customer.company.id, "operator_id": operator.user.id, "began_at": at}
    for broken in (
        {"ends_at": at + timedelta(minutes=61), "reason": REASON},
        {"ends_at": at + timedelta(minutes=15), "reason": "  "},
        {"ends_at": at + timedelta(minutes=15), "reason": REASON, "raised_at": at},
    ):
        with pytest.raises(IntegrityError, match="ck_support_accesses"):
            async with unit_of_work(resources.session_maker) as session:
                session.add(SupportAccess(**values, **broken))
