"""One product and one browser for all browser tests, gone before the next package begins: while Playwright
is open its event loop counts as running, and no other could.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.chromium import chromium_executable
from tests.browser.product import Product, running_product

PASSWORD = "correct horse battery"
PATIENCE = 20_000
"""Milliseconds: what a page shows may be waiting for a worker that other tests keep from its work."""
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def product() -> Iterator[Product]:
    """The whole product, started as `make run` starts it.

    Not in pytest's folder, which pytest closes to all others: as root, editors run as another user.
    """
    with tempfile.TemporaryDirectory(prefix="tezgah-browser-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        with running_product(Path(folder) / "tezgah") as running:
            yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; there always is one."""
    launch = chromium_executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=launch.path, args=list(launch.args))
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, product: Product) -> Iterator[BrowserContext]:
    """A visitor from Türkiye with a browser of their own."""
    context = chromium.new_context(
        base_url=product.base_url, locale="tr-TR", viewport={"width": 1280, "height": 900}
    )
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab in which nothing may go wrong unseen: any error of a script or of the policy fails the test."""
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    yield page
    assert not problems, problems


def sign_up(page: Page, company: str) -> str:
    """Sign a company up through the form and return the owner's address."""
    email = f"owner{time.time_ns()}@example.com"
    page.goto("/register")
    page.fill("[name=company_name]", company)
    page.fill("[name=full_name]", "Ada Çağlar")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.locator("[name=accept_terms]").check(force=True)
    page.locator("form[action='/register'] button[type=submit]").click()
    page.wait_for_url("**/dashboard")
    return email


def pay(page: Page, plan: str = "team", *, answer: str = "") -> None:
    """Choose a plan and pay on PayTR's page; `answer` is one of the sandbox's bank answers."""
    page.goto("/billing")
    form = page.locator(f"form[action='/billing/checkout']:has([name=plan][value={plan}])")
    form.locator("button[type=submit]").click()
    agree(page)
    frame = page.frame_locator("#paytriframe")
    if answer:
        frame.locator("select").select_option(answer)
    frame.locator("form button").first.click()


def agree(page: Page) -> None:
    """Accept the contract of what is bought, where it was not accepted before."""
    page.wait_for_selector("#review, #paytriframe")
    if page.locator("#review").count():
        page.locator("[name=accept_contract]").check(force=True)
        page.locator("#review button[type=submit]").click()


def prefer(context: BrowserContext, **choice: str) -> None:
    """Choose language or colours as the form in the page does."""
    token = next(cookie["value"] for cookie in context.cookies() if cookie["name"] == "csrf")
    answer = context.request.post("/preferences", form={**choice, "next": "/", "_csrf_token": token})
    assert answer.ok
