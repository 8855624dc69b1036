"""Support access in a browser: begun, seen for what it is on every page, raised, and given back."""

import re

import pytest
from playwright.sync_api import Browser, expect

from app.domain.billing.demo.service import DEMO_PASSWORD
from tests.browser.conftest import prefer
from tests.browser.looking import LOOKS, Look, watch
from tests.browser.product import Product
from tests.browser.test_operator import enter

WORDS = {
    "en": ("Only looking, until", "Changes allowed until", "You look at no company now"),
    "tr": ("Yalnızca bakma", "Değişiklik izni", "Şu anda bir şirkete bakmıyorsunuz"),
}


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_an_operator_looks_at_a_company_and_gives_it_back(
    chromium: Browser, product: Product, look: Look
) -> None:
    only_looking, raised, over = WORDS[look.language]
    context = look.context(chromium, product.base_url)
    page = context.new_page()
    problems = watch(page)
    enter(page)
    prefer(context, language=look.language, color_scheme=look.scheme)
    page.goto("/operator/payments")
    company = page.locator("tbody tr td:nth-child(2)").first.inner_text()
    page.locator("a.records-main").first.click()
    page.locator("a[href^='/operator/support?company=']").click()
    look.on(page, "support")
    page.fill("[name=reason]", "Ticket 4711: a workspace does not open")
    page.locator("form[action='/operator/support'] button[type=submit]").click()
    page.wait_for_url("**/dashboard")
    bar = page.locator(".support-bar")
    expect(bar).to_contain_text(company)
    expect(bar).to_contain_text(only_looking)
    look.on(page, "support-dashboard")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(bar).to_be_in_viewport()
    look.at(page, "/company/support", "support-company")
    look.at(page, "/company/audit", "support-activity")
    page.locator(".support-bar a[href='/operator/support/changes']").click()
    look.on(page, "support-changes")
    page.fill("[name=reason]", "The billing address has a slip")
    page.fill("[name=password]", DEMO_PASSWORD)
    page.locator("form[action='/operator/support/changes'] button[type=submit]").click()
    page.wait_for_url("**/dashboard")
    expect(bar).to_contain_text(raised)
    look.at(page, "/operator/audit?actor=operator", "audit")
    page.locator(".support-bar button").click()
    page.wait_for_url(re.compile(r"/operator/support$"))
    expect(bar).to_have_count(0)
    page.goto("/operator/support/changes")
    expect(page.locator("h1")).to_contain_text(over)
    context.close()
    assert not problems, problems
