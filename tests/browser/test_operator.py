"""The operator's day in a browser: a case comes in, is looked into, decided, and stays on record."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from app.domain.billing.demo.service import DEMO_PASSWORD, EMAIL_DOMAIN
from app.lib.ids import random_reference
from tests.browser.conftest import SCREENSHOTS, prefer
from tests.browser.product import Product
from tests.factories import callback_form

LOOKS = [("desk", 1280, "tr", "light"), ("desk", 1280, "en", "dark"), ("phone", 390, "tr", "dark")]


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


@pytest.mark.parametrize(("device", "width", "language", "scheme"), LOOKS)
def test_every_page_of_the_console_fits_and_raises_no_error(
    chromium: Browser, product: Product, device: str, width: int, language: str, scheme: str
) -> None:
    merchant_oid = unknown_order(product)
    context = chromium.new_context(base_url=product.base_url, viewport={"width": width, "height": 860})
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    enter(page)
    prefer(context, language=language, color_scheme=scheme)
    folder = SCREENSHOTS / device / language / scheme
    for name in (
        "",
        "/cases",
        "/cases?status=closed",
        "/payments",
        f"/payments/{merchant_oid}",
        "/ledger",
        "/reconciliation",
    ):
        look_at(page, f"/operator{name}", folder / f"operator{re.sub(r'[^a-z]+', '-', name[:18])}.png")
    day = page.locator("a.records-main").first.get_attribute("href") or ""
    look_at(page, day, folder / "operator-reconciliation-day.png")
    page.goto("/operator/cases")
    page.locator(".filter summary").click()
    assert not too_wide(page), "the open menu sticks out at the side"
    page.goto("/operator/cases?kind=unknown_order")
    look_at(
        page, page.locator("a.records-main").first.get_attribute("href") or "", folder / "operator-case.png"
    )
    context.close()
    assert not problems, problems


def look_at(page: Page, address: str, picture: Path) -> None:
    """Open a page, save what it looks like, and see that nothing sticks out at the side."""
    page.goto(address)
    page.wait_for_load_state("load")
    page.screenshot(path=picture, full_page=True)
    assert not too_wide(page), f"{address} is wider than the window"


def too_wide(page: Page) -> bool:
    """Tell whether the page can be scrolled sideways."""
    return bool(
        page.evaluate("document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth")
    )
