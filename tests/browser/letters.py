"""The letters that the product has really sent, read where its mail catcher keeps them."""

import re
import time
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.browser.product import Product

PATIENCE_SECONDS = 20


def letters(product: Product, email: str) -> list[dict[str, Any]]:
    """Return the mails this address was sent, newest first."""
    found = httpx.get(f"{product.inbox_url}/api/messages", params={"recipient": email}).json()
    assert isinstance(found, list)
    return found


def link_from_letter(product: Product, email: str, path: str) -> str:
    """Return the newest link below `path` that this address was sent; the letter may be on its way."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for letter in letters(product, email):
            whole = httpx.get(f"{product.inbox_url}/api/messages/{letter['id']}").json()
            if link := re.search(rf"http\S+{path}/\S+", whole["text"]):
                return link[0]
        time.sleep(0.2)
    raise AssertionError(f"{email} got no link to {path}")


def confirm_address(page: Page, product: Product, email: str) -> None:
    """Confirm the address as its owner does: by the letter, and one press behind its link."""
    page.goto(link_from_letter(product, email, "/email-verification"))
    page.locator("form[action^='/email-verification/'] button").click()
    expect(page.locator("form[action^='/email-verification/']")).to_have_count(0)


def confirm_on_a_phone(chromium: Browser, product: Product, email: str) -> None:
    """Confirm the address where nobody is logged in."""
    phone = chromium.new_context(
        base_url=product.base_url, locale="tr-TR", viewport={"width": 390, "height": 800}
    )
    page = phone.new_page()
    confirm_address(page, product, email)
    expect(page.locator("a[href^='/login']").first).to_be_visible()
    phone.close()
