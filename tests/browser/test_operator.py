"""The operator's day in a browser: a case comes in, is looked into, decided, and stays on record."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.domain.billing.demo.service import DEMO_PASSWORD, EMAIL_DOMAIN
from app.lib.ids import random_reference
from tests.browser.addresses import CONSOLE
from tests.browser.conftest import prefer
from tests.browser.looking import LOOKS, Look, too_wide, watch
from tests.browser.product import Product
from tests.factories import callback_form


def enter(page: Page) -> None:
    """Log the demo operator in."""
    page.goto("/login")
    page.fill("[name=email]", f"operator@{EMAIL_DOMAIN}")
    page.fill("[name=password]", DEMO_PASSWORD)
    page.locator("#login-form button[type=submit]").click()
    page.wait_for_url("**/operator")


def unknown_order(product: Product) -> str:
    """Have PayTR report a payment that nobody ordered; return its number."""
    merchant_oid = random_reference("TZG")
    answer = httpx.post(f"{product.base_url}/webhooks/paytr", data=callback_form(merchant_oid, 12_300))
    assert answer.text == "OK"
    return merchant_oid


def test_a_case_is_decided_by_keyboard_and_stays_on_record(
    page: Page, context: BrowserContext, product: Product
) -> None:
    merchant_oid = unknown_order(product)
    enter(page)
    prefer(context, language="en")
    page.goto("/operator/cases?kind=unknown_order&order=newest")
    row = page.locator("tr", has_text=merchant_oid)
    row.locator("a").press("Enter")
    page.wait_for_url(re.compile(r"/operator/cases/[0-9a-f-]{36}$"))
    expect(page.locator("#content")).to_contain_text("123.00")
    page.locator("[name=note]").focus()
    page.keyboard.type("Belongs to the old shop; given back in PayTR's panel.")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#decision")).to_contain_text("Closed with a note")
    expect(page.locator("#decision")).to_contain_text("Belongs to the old shop")
    expect(page.locator("#decision")).to_contain_text(f"operator@{EMAIL_DOMAIN}")
    page.goto("/operator/cases?kind=unknown_order")
    expect(page.locator("tr", has_text=merchant_oid)).to_have_count(0)


def test_the_amount_is_asked_for_only_where_money_goes_back(page: Page) -> None:
    enter(page)
    page.goto("/operator/payments")
    page.locator("a.records-main").last.click()
    page.locator("#refund summary").click()
    expect(page.locator("[name=amount]")).to_have_value(re.compile(r"^\d+[.,]\d\d$"))
    page.locator("#refund button[type=submit]").click()
    assert page.evaluate("document.querySelector('#refund form :invalid').name") == "reason"


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_of_the_console_fits_bars_nobody_and_raises_no_error(
    chromium: Browser, product: Product, look: Look
) -> None:
    merchant_oid = unknown_order(product)
    context = look.context(chromium, product.base_url)
    page = context.new_page()
    problems = watch(page)
    enter(page)
    prefer(context, language=look.language, color_scheme=look.scheme)
    for name, address in CONSOLE.items():
        look.at(page, address, name)
    look.at(page, f"/operator/payments/{merchant_oid}", "operator-payment")
    page.goto("/operator/reconciliation")
    look.at(page, first_record(page), "operator-reconciliation-day")
    page.goto("/operator/cases")
    page.locator(".filter summary").click()
    assert not too_wide(page), "the open menu sticks out at the side"
    page.goto("/operator/cases?kind=unknown_order")
    look.at(page, first_record(page), "operator-case")
    context.close()
    assert not problems, problems


def first_record(page: Page) -> str:
    """Return the address of the first row's page."""
    return page.locator("a.records-main").first.get_attribute("href") or ""
