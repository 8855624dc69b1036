"""Every page in both languages and both colour schemes, at a desk and on a phone, saved to be looked at."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.addresses import CONSOLE, NO_PAGES, PRIVATE, PUBLIC
from tests.browser.conftest import agree, pay, prefer, sign_up
from tests.browser.letters import confirm_address
from tests.browser.looking import LOOKS, Look, watch
from tests.browser.product import Product
from tests.http.route_table import TABLE


@pytest.fixture(scope="module")
def customer(chromium: Browser, product: Product) -> dict[str, str]:
    """A paying customer with one workspace: their session and the addresses of their own pages."""
    context = chromium.new_context(base_url=product.base_url, locale="tr-TR")
    page = context.new_page()
    confirm_address(page, product, sign_up(page, "Işık Yazılım A.Ş."))
    pay(page, "team")
    page.wait_for_url("**/billing/return/ok**")
    paid = page.url
    page.goto("/company/acceptances")
    accepted = page.locator("main a[href^='/company/acceptances/']").first.get_attribute("href") or ""
    page.goto("/workspaces")
    page.fill("[name=name]", "vitrin")
    page.locator("form[action='/workspaces'] button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/workspaces/[0-9a-f-]{36}"))
    expect(page.locator("form[action$='/session/end'] button")).to_be_visible(timeout=60_000)
    state = product.home / "customer.json"
    context.storage_state(path=state)
    addresses = {"return": paid, "acceptance": accepted, "workspace": page.url, "state": str(state)}
    context.close()
    return addresses


def test_no_page_is_left_out() -> None:
    fixed = {path for method, path in TABLE if method == "GET" and "{" not in path}
    looked_at = {address.partition("?")[0] for address in (PUBLIC | PRIVATE | CONSOLE).values()}
    assert fixed - looked_at == set(NO_PAGES)


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_fits_bars_nobody_and_raises_no_error(
    chromium: Browser, product: Product, customer: dict[str, str], look: Look
) -> None:
    for pages, state in ((PUBLIC, None), (PRIVATE | own_pages(customer), customer["state"])):
        context = look.context(chromium, product.base_url, state)
        page = context.new_page()
        problems = watch(page)
        page.goto("/login")
        prefer(context, language=look.language, color_scheme=look.scheme)
        for name, address in pages.items():
            look.at(page, address, name)
        if state:
            look_at_checkout(page, look)
            look_at_change(page, look)
        context.close()
        assert not problems, problems


def own_pages(customer: dict[str, str]) -> dict[str, str]:
    """Return the pages that only this customer has."""
    return {name: address for name, address in customer.items() if name != "state"}


def look_at_checkout(page: Page, look: Look) -> None:
    """The checkout is the answer to a form; look at it too."""
    page.goto("/billing")
    page.locator("form[action='/billing/checkout']:has([name=plan][value=team]) button[type=submit]").click()
    look.on(page, "checkout-review")
    agree(page)
    page.frame_locator("#paytriframe").locator("form button").first.wait_for()
    page.wait_for_timeout(300)
    look.on(page, "checkout")


def look_at_change(page: Page, look: Look) -> None:
    """What another plan would cost is the answer to a form, too; and how the invoice came about."""
    page.goto("/billing")
    page.locator("a[href$='/explanation']").first.click()
    page.wait_for_url("**/explanation")
    look.on(page, "explanation")
    page.goto("/billing")
    form = page.locator("form[action='/billing/plan-change/preview']:has([name=plan][value=enterprise])")
    form.locator("button[type=submit]").click()
    page.locator("form[action='/billing/plan-change']").wait_for()
    look.on(page, "change")
