"""The operator console over HTTP: who gets in, what a search finds, and decisions as forms make them."""

import asyncio

import httpx
import pytest
from litestar import Litestar
from sqlalchemy import select, update

from app.db.models import CaseKind, OperatorCase, Order, Payment, PaymentStatus, Refund, User
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests import html
from tests.conftest import Browser, browser
from tests.factories import (
    PASSWORD,
    Person,
    add_case,
    callback_form,
    make_customer,
    make_operator,
    pay,
    send_callback,
    start_checkout,
)

REASON = "The customer asked for it."


@pytest.fixture
async def operator(resources: Resources, client: Browser) -> Person:
    """An operator who is logged in on `client`, in English."""
    person = await make_operator(resources.session_maker, language="en")
    await person.log_in(client)
    return person


async def paid(resources: Resources, name: str = "Işık Yazılım") -> Payment:
    customer = await make_customer(resources.session_maker, name=name)
    return (await pay(resources.session_maker, customer, resources.settings)).payment


def listed(answer: httpx.Response) -> set[str]:
    """Return the payments that a list links to."""
    links = (element.attributes.get("href") or "" for element in html.read(answer.text).elements)
    return {link.rpartition("/")[2] for link in links if link.startswith("/operator/payments/")}


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [("", "/operator"), ("/dashboard", "/operator"), ("/operator/cases", "/operator/cases")],
)
async def test_an_operator_lands_in_the_console_and_nowhere_else(
    resources: Resources, client: Browser, wanted: str, reached: str
) -> None:
    person = await make_operator(resources.session_maker)
    answer = await client.submit("/login", email=person.email, password=PASSWORD, next=wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, reached)
    assert (await client.get("/login")).headers["location"] == "/operator"


async def test_a_customer_is_not_led_to_the_console(resources: Resources, client: Browser) -> None:
    customer = await make_customer(resources.session_maker)
    answer = await client.submit("/login", email=customer.email, password=PASSWORD, next="/operator/cases")
    assert answer.headers["location"] == "/dashboard"


@pytest.mark.parametrize("loss", [{"session_epoch": User.session_epoch + 1}, {"is_operator": False}])
async def test_raising_the_epoch_or_losing_the_role_ends_an_operators_session(
    resources: Resources, client: Browser, operator: Person, loss: dict[str, object]
) -> None:
    assert (await client.get("/operator")).status_code == 200
    async with unit_of_work(resources.session_maker) as session:
        await session.execute(update(User).where(User.id == operator.user.id).values(**loss))
    assert (await client.get("/operator")).status_code == 302


async def test_every_login_of_an_operator_ends_the_session_before(
    application: Litestar, client: Browser, operator: Person
) -> None:
    first = client.cookies["session"]
    await operator.log_in(client)
    assert client.cookies["session"] != first
    async with browser(application) as other:
        other.cookies.set("session", first)
        assert (await other.get("/operator")).status_code == 302


async def test_refusals_say_which_side_a_page_belongs_to(client: Browser, operator: Person) -> None:
    answer = await client.get("/billing")
    assert answer.status_code == 403
    assert "You are logged in as an operator." in answer.text
    assert 'href="/operator"' in answer.text


async def test_a_payment_is_found_by_whatever_a_customer_quotes(
    resources: Resources, client: Browser, operator: Person
) -> None:
    payment, other = await paid(resources), await paid(resources, "Başka Şirket")
    async with resources.session_maker() as session:
        order = await session.get_one(Order, payment.order_id)
        person = await session.get_one(User, order.placed_by_id)
    for quoted in (
        payment.merchant_oid,
        payment.merchant_oid.lower(),
        str(order.id),
        "ışık",
        "IŞIK",
        person.email,
    ):
        assert listed(await client.get("/operator/payments", params={"q": quoted})) == {
            payment.merchant_oid
        }, quoted
    everything = await client.get("/operator/payments")
    assert listed(everything) == {payment.merchant_oid, other.merchant_oid}
    nothing = await client.get("/operator/payments", params={"q": "%"})
    assert listed(nothing) == set()


async def test_only_payments_without_an_outcome_can_be_asked_for(
    resources: Resources, client: Browser, operator: Person
) -> None:
    await paid(resources)
    customer = await make_customer(resources.session_maker)
    checkout = await start_checkout(resources.session_maker, customer)
    answer = await client.get("/operator/payments", params={"status": "undecided"})
    assert listed(answer) == {checkout.payment.merchant_oid}


async def test_a_list_goes_on_where_the_page_before_ended(
    resources: Resources, client: Browser, operator: Person
) -> None:
    customer = await make_customer(resources.session_maker)
    for number in range(51):
        await add_case(resources.session_maker, None, CaseKind.UNKNOWN_ORDER, subject=f"TZG{number:03}")
        await start_checkout(resources.session_maker, customer)
    for address in ("/operator/cases", "/operator/payments"):
        first = html.read((await client.get(address)).text)
        rows = [element for element in first.elements if element.attributes.get("class") == "records-main"]
        following = [
            element for element in first.elements if "after=0" in str(element.attributes.get("href"))
        ]
        second = html.read((await client.get(following[0].attributes["href"] or "")).text)
        rest = [element for element in second.elements if element.attributes.get("class") == "records-main"]
        assert (len(rows), len(rest)) == (50, 1), address
        assert not {row.attributes["href"] for row in rows} & {row.attributes["href"] for row in rest}


async def test_a_payments_page_tells_its_story_without_what_signs_it(
    resources: Resources, client: Browser, operator: Person
) -> None:
    customer = await make_customer(resources.session_maker)
    checkout = await start_checkout(resources.session_maker, customer)
    form = callback_form(checkout.payment.merchant_oid, checkout.payment.amount, utoken="user-token")
    assert (await send_callback(client, form)).content == b"OK"
    page = (await client.get(f"/operator/payments/{checkout.payment.merchant_oid}")).text
    for said in ("Written down", "Money taken", "PayTR's notification", "paid its order"):
        assert said in page, said
    assert form["hash"] not in page
    assert "user-token" not in page


async def test_a_refund_is_asked_for_once_the_operator_has_confirmed_it(
    resources: Resources, client: Browser, operator: Person
) -> None:
    payment = await paid(resources)
    address = f"/operator/payments/{payment.merchant_oid}"
    page = html.read((await client.get(address)).text)
    assert page.value("amount") == "2970.00"
    fields = {"amount": "1.234,56", "reason": REASON, "left": page.value("left") or ""}
    refused = await client.submit(f"{address}/refunds", **fields)
    assert refused.status_code == 422
    shown = html.read(refused.text)
    assert shown.sentence_at("confirm") == "Tick this box to go on."
    assert shown.value("amount") == "1.234,56"
    done = await client.submit(f"{address}/refunds", **fields, confirm="yes")
    assert (done.status_code, done.headers["location"]) == (303, address)
    async with resources.session_maker() as session:
        refund = (await session.scalars(select(Refund))).one()
    assert (refund.amount, refund.reason, refund.requested_by_id) == (123_456, REASON, operator.user.id)


async def test_a_refund_form_that_is_sent_twice_gives_back_once(
    resources: Resources, client: Browser, operator: Person
) -> None:
    payment = await paid(resources)
    address = f"/operator/payments/{payment.merchant_oid}"
    left = html.read((await client.get(address)).text).value("left") or ""
    form = {"amount": "100", "reason": REASON, "confirm": "yes", "left": left}
    answers = await asyncio.gather(*(client.submit(f"{address}/refunds", **form) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409, 409]
    refused = html.read(next(answer for answer in answers if answer.status_code == 409).text)
    assert (refused.value("left"), refused.value("amount")) == ("287000", "100"), "what is left now, as typed"
    async with resources.session_maker() as session:
        assert [refund.amount for refund in await session.scalars(select(Refund))] == [10_000]


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"amount": "12,345"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "2970,01"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"reason": " "}, "reason"),
    ],
)
async def test_a_refund_that_cannot_be_made_says_why_at_its_field(
    resources: Resources, client: Browser, operator: Person, fields: dict[str, str], at: str
) -> None:
    payment = await paid(resources)
    form = {"amount": "10", "reason": REASON, "confirm": "yes", "left": "297000"} | fields
    answer = await client.submit(f"/operator/payments/{payment.merchant_oid}/refunds", **form)
    assert answer.status_code == 422
    assert html.read(answer.text).sentence_at(at)
    async with resources.session_maker() as session:
        assert (await session.scalars(select(Refund))).all() == []


async def test_a_number_that_only_paytr_knows_has_a_page_without_a_refund(
    client: Browser, operator: Person
) -> None:
    await send_callback(client, callback_form("TZGNOBODY", 100))
    page = await client.get("/operator/payments/TZGNOBODY")
    assert (page.status_code, "no order has this number" in page.text) == (200, True)
    form = {"amount": "1", "reason": REASON, "confirm": "yes"}
    assert (await client.submit("/operator/payments/TZGNOBODY/refunds", **form)).status_code == 404
    assert (await client.get("/operator/payments/TZGNEVERSEEN")).status_code == 404


async def test_a_case_is_decided_once_and_then_says_by_whom(
    resources: Resources, client: Browser, operator: Person
) -> None:
    await send_callback(client, callback_form("TZGNOBODY", 100))
    async with resources.session_maker() as session:
        case_id = await session.scalar(select(OperatorCase.id))
    form = {"action": "close", "note": "A test of the shop next door.", "confirm": "yes"}
    done = await client.submit(f"/operator/cases/{case_id}/decision", **form)
    assert done.status_code == 303
    again = await client.submit(f"/operator/cases/{case_id}/decision", **form)
    assert again.status_code == 409
    for said in ("This case is decided already", "Seda Bakıcı", operator.email, form["note"]):
        assert said in again.text, said


@pytest.mark.parametrize(
    ("fields", "at"), [({"action": ""}, "action"), ({"note": " "}, "note"), ({"confirm": ""}, "confirm")]
)
async def test_an_incomplete_decision_keeps_what_was_typed(
    resources: Resources, client: Browser, operator: Person, fields: dict[str, str], at: str
) -> None:
    case_id = await add_case(resources.session_maker, None, CaseKind.UNKNOWN_ORDER)
    form = {"action": "close", "note": "Looked it up.", "confirm": "yes"} | fields
    answer = await client.submit(f"/operator/cases/{case_id}/decision", **form)
    page = html.read(answer.text)
    assert answer.status_code == 422
    assert page.sentence_at(at)
    assert form["note"].strip() in page.by_id("note").text


async def test_a_decision_of_another_kind_of_case_is_refused(
    resources: Resources, client: Browser, operator: Person
) -> None:
    case_id = await add_case(resources.session_maker, None, CaseKind.UNKNOWN_ORDER)
    form = {"action": "refund", "amount": "1", "note": "Looked it up.", "confirm": "yes"}
    assert (await client.submit(f"/operator/cases/{case_id}/decision", **form)).status_code == 409


async def test_the_list_shows_open_cases_first_and_others_when_asked(
    resources: Resources, client: Browser, operator: Person
) -> None:
    maker = resources.session_maker
    await add_case(maker, None, CaseKind.UNKNOWN_ORDER, subject="TZGOPEN")
    closed = await add_case(maker, None, CaseKind.PAID_TWICE, subject="TZGCLOSED")
    async with unit_of_work(maker) as session:
        case = await session.get_one(OperatorCase, closed)
        case.decision, case.closed_at = "accept", now()
    for query, found in (
        ("", {"TZGOPEN"}),
        ("?status=closed", {"TZGCLOSED"}),
        ("?status=all", {"TZGOPEN", "TZGCLOSED"}),
        ("?status=all&kind=paid_twice", {"TZGCLOSED"}),
        ("?kind=paid_twice", set()),
    ):
        page = (await client.get(f"/operator/cases{query}")).text
        assert {subject for subject in ("TZGOPEN", "TZGCLOSED") if subject in page} == found, query
    assert (await client.get("/operator/cases?kind=nothing")).status_code == 404


async def test_the_first_page_counts_what_waits(
    resources: Resources, client: Browser, operator: Person
) -> None:
    await add_case(resources.session_maker, None, CaseKind.UNKNOWN_ORDER)
    customer = await make_customer(resources.session_maker)
    checkout = await start_checkout(resources.session_maker, customer)
    async with unit_of_work(resources.session_maker) as session:
        (await session.get_one(Payment, checkout.payment.id)).status = PaymentStatus.UNKNOWN
    page = (await client.get("/operator")).text
    assert [said for said in ("Unknown order", "Outcome unknown", "₺2,970.00") if said not in page] == []
