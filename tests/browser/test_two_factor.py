"""The whole story of a second factor, in both languages: set up, logged in with, and without the phone."""

import re
import time

import pyotp
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import PASSWORD, prefer, sign_up
from tests.browser.people import TWO_FACTOR, begin_two_factor, finish_two_factor, send

WORDS = {"tr": "Doğrulama uygulaması kurun", "en": "Set up an authenticator app"}


def log_in(page: Page, email: str) -> None:
    """Log out and give the password."""
    page.locator("details.menu summary").click()
    page.locator("form[action='/logout'] button").click()
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    send(page)
    page.wait_for_url("**/login/code")


@pytest.mark.parametrize("language", ["tr", "en"])
def test_a_phone_is_set_up_logged_in_with_and_lost(
    page: Page, context: BrowserContext, language: str
) -> None:
    email = sign_up(page, "İki Adım A.Ş.")
    prefer(context, language=language)
    page.goto(TWO_FACTOR)
    page.locator(f"a[href='{TWO_FACTOR}/setup']").click()
    expect(page.locator("main h2")).to_have_text(WORDS[language])
    codes = finish_two_factor(page, app := begin_two_factor(page))
    with page.expect_download() as download:
        page.locator("a[download]").click()
    kept = download.value.path().read_text(encoding="utf-8")
    assert re.findall(r"^[0-9 ]{14}$", kept, re.MULTILINE) == codes

    log_in(page, email)
    page.fill("[name=code]", next_code(app))
    send(page)
    page.wait_for_url("**/dashboard")

    log_in(page, email)
    page.fill("[name=code]", codes[3])
    send(page)
    page.wait_for_url("**/dashboard")
    page.goto(TWO_FACTOR)
    expect(page.locator("main")).to_contain_text("9")
    expect(page.locator(f"a[href='{TWO_FACTOR}/removal']")).to_be_visible()


def next_code(app: pyotp.TOTP) -> str:
    """Return the code that the app will show next: the one it shows has set it up."""
    return app.at(int(time.time()) + app.interval)
