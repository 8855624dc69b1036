"""The life of an account in both languages: from signing up by way of two companies to being forgotten."""

import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PASSWORD, prefer, sign_up
from tests.browser.letters import confirm_address, link_from_letter
from tests.browser.looking import LOOKS, Look, watch
from tests.browser.people import begin_two_factor, finish_two_factor, invite, place, send, switch
from tests.browser.product import Product

FIRST = "Işık Yazılım A.Ş."
SECOND = "Deniz Bilişim"
OWNER = "Ada Çağlar"
REFUSED = {"tr": "parola hatalı", "en": "password is wrong"}


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.language)
def test_people_sign_up_work_together_and_are_forgotten(
    chromium: Browser, product: Product, look: Look
) -> None:
    owner, problems = arrive(chromium, product, look)
    owner_email = sign_up(owner, FIRST)
    begin(owner, product, look, owner_email)
    email = f"guest{time.time_ns()}@example.com"
    invite(owner, email, "developer")
    look.on(owner, "people-invited")

    guest, problems_of_guest = arrive(chromium, product, look)
    accept_anew(guest, product, look, email)
    look_at_member(owner, look)
    found(guest, look)
    switch(guest, FIRST)
    switch(guest, SECOND)
    invite(guest, owner_email, "admin")
    accept_as_oneself(owner, product, look, owner_email)
    hand_over(guest, look)
    switch(guest, FIRST)
    leave(guest, look)
    delete_account(guest, look, email)
    look.at(owner, "/company/audit", "people-activity")
    owner.context.close()
    guest.context.close()
    assert not problems + problems_of_guest


def arrive(chromium: Browser, product: Product, look: Look) -> tuple[Page, list[str]]:
    """Open a browser of this look; return its tab and the list of what goes wrong in it."""
    context = look.context(chromium, product.base_url)
    page = context.new_page()
    problems = watch(page)
    page.goto("/login")
    prefer(context, language=look.language, color_scheme=look.scheme)
    return page, problems


def begin(page: Page, product: Product, look: Look, email: str) -> None:
    """Confirm the address of a new owner and set their second factor up."""
    look.on(page, "people-signed-up")
    page.goto(link_from_letter(product, email, "/email-verification"))
    look.on(page, "people-confirming")
    confirm_address(page, product, email)
    look.on(page, "people-confirmed")
    app = begin_two_factor(page)
    look.on(page, "people-key")
    finish_two_factor(page, app)
    look.on(page, "people-codes")


def accept_anew(page: Page, product: Product, look: Look, email: str) -> None:
    """Follow the invitation without an account, and see the company."""
    page.goto(link_from_letter(product, email, "/invitations"))
    look.on(page, "people-invitation")
    page.fill("[name=full_name]", "Deniz Kaya")
    page.fill("[name=password]", PASSWORD)
    page.locator("[name=accept_terms]").check(force=True)
    page.locator("#invitation button[type=submit]").click()
    page.wait_for_url("**/dashboard")
    expect(place(page)).to_have_text(FIRST)
    look.on(page, "people-joined")
    look.at(page, "/company/members", "people-members-seen")


def look_at_member(page: Page, look: Look) -> None:
    """Look at what the owner may do about the new member."""
    page.goto("/company/members")
    page.locator("#members a.btn").click()
    page.wait_for_selector("#role-form")
    look.on(page, "people-member")
    look.at(page, f"{page.url}/quota", "people-quota")
    look.at(page, f"{page.url.removesuffix('/quota')}/removal", "people-removal")


def found(page: Page, look: Look) -> None:
    """Begin a company of one's own and look at the switcher."""
    look.at(page, "/account/companies/new", "people-founding")
    page.fill("[name=company_name]", SECOND)
    page.locator("[name=accept_terms]").check(force=True)
    page.locator("#company-form button[type=submit]").click()
    page.wait_for_url("**/dashboard")
    expect(place(page)).to_have_text(SECOND)
    page.locator("details.menu summary").click()
    look.on(page, "people-switcher")
    page.locator("details.menu summary").click()
    look.at(page, "/account/companies", "people-companies")


def accept_as_oneself(page: Page, product: Product, look: Look, email: str) -> None:
    """Follow the invitation to a second company with the account that one has."""
    page.goto(link_from_letter(product, email, "/invitations"))
    look.on(page, "people-second-invitation")
    page.locator("#invitation form[action^='/invitations/'] button").click()
    page.wait_for_url("**/dashboard")
    expect(place(page)).to_have_text(SECOND)


def hand_over(page: Page, look: Look) -> None:
    """Find that an owner cannot be forgotten, and make the other person the owner."""
    look.at(page, "/account/deletion", "people-still-owns")
    page.locator("#deletion-form a[href='/company/ownership']").click()
    heir = page.locator("[name=to] option", has_text=OWNER).get_attribute("value")
    page.select_option("[name=to]", heir)
    look.on(page, "people-ownership")
    page.fill("[name=password]", PASSWORD)
    send(page)
    expect(page.locator("#ownership-form")).to_have_count(0)
    look.at(page, "/company/members", "people-handed-over")


def leave(page: Page, look: Look) -> None:
    """Leave one company; the session goes on in the other."""
    look.at(page, "/company/departure", "people-departure")
    page.locator("form[action='/company/departure'] button").click()
    expect(place(page)).to_have_text(SECOND)
    look.on(page, "people-left")
    expect(page.locator(".menu-companies")).to_have_count(0)


def delete_account(page: Page, look: Look, email: str) -> None:
    """Have everything forgotten, after which the password opens nothing."""
    look.at(page, "/account/deletion", "people-deletion")
    page.fill("[name=password]", PASSWORD)
    send(page)
    page.wait_for_url("**/login**")
    look.on(page, "people-forgotten")
    tab = page.context.new_page()
    problems = watch(tab, allowed="422")
    tab.goto("/login")
    tab.fill("[name=email]", email)
    tab.fill("[name=password]", PASSWORD)
    tab.locator("#login-form button[type=submit]").click()
    expect(tab.locator("#login-form")).to_contain_text(REFUSED[look.language])
    look.on(tab, "people-refused")
    assert not problems
