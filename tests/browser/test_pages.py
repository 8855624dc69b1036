"""Every page in both languages and both colour schemes, at a desk and on a phone, saved to be looked at."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SCREENSHOTS, pay, prefer, sign_up
from tests.browser.product import Product

PUBLIC = {
    "landing": "/",
    "pricing": "/pricing",
    "register": "/register",
    "login": "/login",
    "password-reset": "/password-reset",
    "terms": "/legal/terms",
    "privacy": "/legal/privacy",
    "card-storage": "/legal/card-storage",
    "letters": "/dev/mails",
    "not-found": "/legal/nothing",
}
PRIVATE = {
    "dashboard": "/dashboard",
    "billing": "/billing",
    "billing-details": "/billing/details",
    "statement": "/billing/statement",
    "cancellation": "/billing/subscription/cancellation",
    "cards": "/billing/cards",
    "card-new": "/billing/cards/new",
    "workspaces": "/workspaces",
    "account": "/account",
    "account-password": "/account/password",
    "account-sessions": "/account/sessions",
    "activity": "/company/audit",
}
WIDTHS = {"desk": 1280, "phone": 390}
LOOKS = [
    ("desk", "tr", "light"),
    ("desk", "en", "dark"),
    ("phone", "tr", "dark"),
    ("phone", "en", "light"),
]


@pytest.fixture(scope="module")
def customer(chromium: Browser, product: Product) -> dict[str, str]:
    """A paying customer with one workspace: their session and the addresses of their own pages."""
    context = chromium.new_context(base_url=product.base_url, locale="tr-TR")
    page = context.new_page()
    sign_up(page, "Işık Yazılım A.Ş.")
    pay(page, "team")
    page.wait_for_url("**/billing/return/ok**")
    paid = page.url
    page.goto("/workspaces")
    page.fill("[name=name]", "vitrin")
    page.locator("form[action='/workspaces'] button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/workspaces/[0-9a-f-]{36}"))
    expect(page.locator("form[action$='/session/end'] button")).to_be_visible(timeout=60_000)
    state = product.home / "customer.json"
    context.storage_state(path=state)
    addresses = {"return": paid, "workspace": page.url, "state": str(state)}
    context.close()
    return addresses


@pytest.mark.parametrize(("device", "language", "scheme"), LOOKS)
def test_every_page_fits_and_raises_no_error(
    chromium: Browser, product: Product, customer: dict[str, str], device: str, language: str, scheme: str
) -> None:
    folder = SCREENSHOTS / device / language / scheme
    visitor = {"color_scheme": scheme, "viewport": {"width": WIDTHS[device], "height": 860}}
    for pages, state in ((PUBLIC, None), (PRIVATE, customer["state"])):
        addresses = pages if state is None else {**pages, **own_pages(customer)}
        context = chromium.new_context(base_url=product.base_url, storage_state=state, **visitor)  # type: ignore[arg-type]
        page = context.new_page()
        problems = watch(page)
        page.goto("/login")
        prefer(context, language=language, color_scheme=scheme)
        for name, address in addresses.items():
            look_at(page, address, folder / f"{name}.png")
        if state:
            look_at_checkout(page, folder)
            look_at_change(page, folder)
        context.close()
        assert not problems, problems


def own_pages(customer: dict[str, str]) -> dict[str, str]:
    """Return the pages that only this customer has."""
    return {"return": customer["return"], "workspace": customer["workspace"]}


def watch(page: Page) -> list[str]:
    """Collect what goes wrong in a tab; the page that is not there is allowed its 404."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda said: problems.append(said.text) if said.type == "error" and "404" not in said.text else None,
    )
    return problems


def look_at(page: Page, address: str, picture: Path) -> None:
    """Open a page, save what it looks like, and see that nothing sticks out at the side."""
    page.goto(address)
    page.wait_for_load_state("load")
    page.screenshot(path=picture, full_page=True)
    wide = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    assert wide <= 0, f"{address} is {wide} px wider than the window"


def look_at_checkout(page: Page, folder: Path) -> None:
    """The checkout is the answer to a form; look at it too."""
    page.goto("/billing")
    page.locator("form[action='/billing/checkout']:has([name=plan][value=team]) button[type=submit]").click()
    page.frame_locator("#paytriframe").locator("form button").first.wait_for()
    page.wait_for_timeout(300)
    page.screenshot(path=folder / "checkout.png", full_page=True)


def look_at_change(page: Page, folder: Path) -> None:
    """What another plan would cost is the answer to a form, too; and how the invoice came about."""
    page.goto("/billing")
    page.locator("a[href$='/explanation']").first.click()
    page.screenshot(path=folder / "explanation.png", full_page=True)
    page.goto("/billing")
    form = page.locator("form[action='/billing/plan-change/preview']:has([name=plan][value=enterprise])")
    form.locator("button[type=submit]").click()
    page.locator("form[action='/billing/plan-change']").wait_for()
    page.screenshot(path=folder / "change.png", full_page=True)
