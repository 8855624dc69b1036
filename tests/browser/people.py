"""What people do with their account and with each other, step by step as the pages ask for it."""

import pyotp
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PASSWORD

TWO_FACTOR = "/account/two-factor"


def proof_form(page: Page) -> Locator:
    """Return the form that asks for a password or a code."""
    return page.locator("main form:has(input[name=password], input[name=code])")


def send(page: Page) -> None:
    """Send the form that asks for a password or a code."""
    proof_form(page).locator("button[type=submit]").click()


def begin_two_factor(page: Page) -> pyotp.TOTP:
    """Ask for a second factor and return an app that has read the key from the page."""
    page.goto(f"{TWO_FACTOR}/setup")
    page.fill("[name=password]", PASSWORD)
    send(page)
    expect(page.locator("svg.qr")).to_be_visible()
    return pyotp.TOTP(page.locator("#key").inner_text().replace(" ", ""))


def finish_two_factor(page: Page, app: pyotp.TOTP) -> list[str]:
    """Show that the app works and return the recovery codes."""
    page.fill("[name=code]", app.now())
    send(page)
    expect(page.locator("#codes li")).to_have_count(10)
    return page.locator("#codes li").all_inner_texts()


def place(page: Page) -> Locator:
    """Return where the page says which company is looked at."""
    return page.locator(".menu summary strong")


def invite(page: Page, email: str, role: str) -> None:
    """Invite somebody into the company that is looked at."""
    page.goto("/company/members")
    page.fill("[name=emails]", email)
    page.locator(f"[name=role][value={role}]").check(force=True)
    page.locator("#invite button[type=submit]").click()
    expect(page.locator("#invitations")).to_contain_text(email)


def switch(page: Page, company: str) -> None:
    """Look at another company, with the switcher in the menu."""
    page.locator("details.menu summary").click()
    page.locator(".menu-companies button", has_text=company).click()
    expect(place(page)).to_have_text(company)
