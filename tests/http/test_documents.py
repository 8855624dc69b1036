"""What a company sees of its documents: the list, the explanation, its details, and its account."""

import csv
import zipfile
from datetime import timedelta
from io import BytesIO, StringIO
from typing import Any
from xml.etree import ElementTree

import pytest
from litestar import Litestar
from sqlalchemy import select

from app.db.models import Account, AuditEntry, Company, Invoice, Order
from app.domain.billing import papers
from app.domain.billing.explaining import PriceStep, from_json
from app.domain.invoices.credit_notes import issue_credit_note
from app.lib.clock import ISTANBUL, now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.conftest import Browser, browser
from tests.factories import Customer, make_customer, pay
from tests.scenarios.till import open_till

DETAILS = {
    "legal_name": "Işık Yazılım Hizmetleri A.Ş.",
    "tax_number": "390 038 3669",
    "tax_office": "Kadıköy",
    "address": "Caferağa Mah. Moda Cad. No: 12, İstanbul",
    "phone": "+90 216 123 45 67",
}


async def rows(resources: Resources, model: type[Any]) -> list[Any]:
    async with resources.session_maker() as session:
        return list(await session.scalars(select(model).order_by(model.id)))


async def take_back(resources: Resources, order_id: Any, amount: int) -> None:
    async with unit_of_work(resources.session_maker) as session:
        await issue_credit_note(
            session,
            order_id=order_id,
            amount=amount,
            reason="The payment was given back",
            to=Account.COMPANY_CREDIT,
            refund_id=None,
            series=resources.settings.credit_note_series,
            at=now(),
        )


@pytest.fixture
async def customer(resources: Resources, client: Browser) -> Customer:
    customer = await make_customer(resources.session_maker, language="en")
    await customer.log_in(client)
    return customer


async def test_the_next_invoice_is_made_out_to_the_details_and_the_last_one_stays(
    resources: Resources, client: Browser, customer: Customer
) -> None:
    await pay(resources.session_maker, customer, resources.settings)
    answer = await client.submit("/billing/details", **DETAILS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/billing")
    await pay(resources.session_maker, customer, resources.settings)
    first, second = await rows(resources, Invoice)
    assert (first.buyer["name"], first.buyer["tax_number"]) == (customer.company.name, "")
    kept = {**DETAILS, "tax_number": "3900383669"}
    assert {name: second.buyer["name" if name == "legal_name" else name] for name in kept} == kept
    (entry,) = [one for one in await rows(resources, AuditEntry) if one.action.startswith("company.billing")]
    assert sorted(entry.facts["fields"]) == sorted(DETAILS)
    assert "3900383669" not in str(entry.facts)


async def test_wrong_details_come_back_as_typed_with_their_sentences_and_nothing_is_kept(
    resources: Resources, client: Browser, customer: Customer
) -> None:
    await client.submit("/preferences", language="en")
    typed = {**DETAILS, "tax_number": "390 038 3668", "phone": "call me"}
    answer = await client.submit("/billing/details", **typed)
    assert answer.status_code == 422
    assert "one of its digits is wrong" in answer.text
    assert "Write a phone number" in answer.text
    assert all(f'value="{text}"' in answer.text for text in typed.values())
    (company,) = await rows(resources, Company)
    assert (company.legal_name, company.tax_number) == (None, None)


async def test_an_order_keeps_how_its_price_came_about(resources: Resources, customer: Customer) -> None:
    await pay(resources.session_maker, customer, resources.settings)
    (order,) = await rows(resources, Order)
    (step,) = from_json(order.explanation)
    assert isinstance(step, PriceStep)
    assert (step.price.price_id, step.price.plan, step.amount) == (order.price_id, "Team", order.gross)


async def test_an_invoice_and_its_credit_notes_explain_themselves_to_their_company_alone(
    resources: Resources, application: Litestar, client: Browser, customer: Customer
) -> None:
    checkout = await pay(resources.session_maker, customer, resources.settings)
    for amount in (100_000, 50_000):
        await take_back(resources, checkout.order.id, amount)
    await client.submit("/preferences", language="en")
    invoice, *notes = sorted(
        await rows(resources, Invoice), key=lambda one: (one.kind.value != "invoice", one.number)
    )
    pages = [
        (await client.get(f"/billing/invoices/{one.number}/explanation")).text for one in (invoice, *notes)
    ]
    assert "Team, monthly, price version 1" in pages[0]
    assert "VAT is 20 percent of the net amount" in pages[0]
    assert all(note.number in pages[0] for note in notes)
    assert invoice.number in pages[2]
    assert "With this note ₺1,500.00 of the invoice's ₺2,970.00 are taken back" in pages[2]
    assert "is ₺250.00; the notes before carry ₺166.67 of that" in pages[2]
    listed = (await client.get("/billing")).text
    found = [
        listed.find(f"/billing/invoices/{one.number}/explanation") for one in (*reversed(notes), invoice)
    ]
    assert -1 not in found
    assert found == sorted(found), "the newest document comes first"
    assert listed.count("corrects " + invoice.number) == len(notes)
    stranger = await make_customer(resources.session_maker)
    async with browser(application) as other:
        await stranger.log_in(other)
        for one in (invoice, *notes):
            address = f"/billing/invoices/{one.number}/explanation"
            assert (await other.get(address)).status_code == 404


async def test_a_payment_keeps_its_invoice_when_newer_documents_fill_the_page(
    resources: Resources, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers, "PAGE", 2)
    checkouts = [await pay(resources.session_maker, customer, resources.settings) for _ in range(3)]
    for amount in (1_000, 2_000):
        await take_back(resources, checkouts[0].order.id, amount)
    async with resources.session_maker() as session:
        shown = await papers.papers_of(session, customer.company.id)
    paid = [checkout.payment.id for checkout in reversed(checkouts[1:])]
    assert [row.payment.id for row in shown.payments] == paid
    assert [row.invoice and row.invoice.payment_id for row in shown.payments] == paid
    assert [note.total for note in shown.documents] == [2_000, 1_000]


async def test_the_account_ends_where_the_book_does(resources: Resources, client: Browser) -> None:
    till = await open_till(resources, language="en")
    await till.customer.log_in(client)
    await client.submit("/preferences", language="en")
    await till.send(await till.ask(100_000))
    order_id = (await till.payment()).order_id
    await take_back(resources, order_id, 50_000)
    page = (await client.get("/billing/statement")).text
    assert "₺500.00 stand in your favour at the end of these days." in page
    answer = await client.get("/billing/statement.csv")
    assert answer.text.startswith("\ufeff")
    lines = list(csv.reader(StringIO(answer.text.removeprefix("\ufeff")), delimiter=";"))
    assert [(line[1], line[4], line[5], line[7]) for line in lines[1:]] == [
        ("Opening balance", "", "", "0,00"),
        ("Invoice", "2970,00", "", "2970,00"),
        ("Payment", "", "2970,00", "0,00"),
        ("Credit note", "", "1000,00", "-1000,00"),
        ("Refund", "1000,00", "", "0,00"),
        ("Credit note", "", "500,00", "-500,00"),
    ]
    tomorrow = (now().astimezone(ISTANBUL) + timedelta(days=1)).date().isoformat()
    later = (await client.get(f"/billing/statement.csv?from={tomorrow}&to={tomorrow}")).text
    assert later.splitlines()[1:] == [f"{tomorrow};Opening balance;;TRY;;;;-500,00"]


async def test_days_that_make_no_sense_come_back_as_typed(client: Browser, customer: Customer) -> None:
    await client.submit("/preferences", language="en")
    for query, sentence in (
        ("from=22.11.2026", "Write a day such as 2026-11-22."),
        ("to=9999-12-31", "Write a day such as 2026-11-22."),
        ("from=2026-11-22&to=2026-11-01", "The last day lies before the first."),
    ):
        answer = await client.get(f"/billing/statement?{query}")
        assert answer.status_code == 422
        assert sentence in answer.text
        assert (await client.get(f"/billing/statement.csv?{query}")).status_code == 422


async def test_the_workbook_holds_numbers_and_texts_and_no_formula(
    resources: Resources, client: Browser
) -> None:
    till = await open_till(resources)
    await till.customer.log_in(client)
    answer = await client.get("/billing/statement.xlsx")
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    assert (await client.get("/billing/statement.xlsx")).content == answer.content
    with zipfile.ZipFile(BytesIO(answer.content)) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 our own file
    space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    assert sheet.findall(".//x:f", space) == []
    values = {
        cell.get("r"): cell.findtext("x:v", namespaces=space) for cell in sheet.iterfind(".//x:c", space)
    }
    assert values["E3"] == "2970.00"
