"""A plan is changed and ended by hand: what was shown is what is charged and given back."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import pay, sign_up

MONEY = re.compile(r"[\d.]+,\d\d")


def test_a_larger_plan_is_paid_to_the_kurus_shown_and_the_rest_comes_back_at_the_end(page: Page) -> None:
    sign_up(page, "Büyüyen Yazılım A.Ş.")
    pay(page, "starter")
    page.wait_for_url("**/billing/return/ok**")
    expect(page.locator("#payment-state")).to_contain_text("Starter")

    page.goto("/billing")
    wanted = page.locator("form[action='/billing/plan-change/preview']:has([name=plan][value=team])")
    wanted.locator("button[type=submit]").click()
    shown = MONEY.search(page.locator(".sum-total").inner_text())
    assert shown is not None
    page.locator("[name=accept_contract]").check(force=True)
    page.locator("form[action='/billing/plan-change'] button[type=submit]").first.click()
    expect(page.locator(".checkout-sum")).to_contain_text(shown[0])
    page.frame_locator("#paytriframe").locator("form button").first.click()
    page.wait_for_url("**/billing/return/ok**")
    expect(page.locator("#payment-state")).to_contain_text("Team")

    page.goto("/billing/subscription/cancellation")
    page.locator("#at-period-end button[type=submit]").click()
    page.goto("/billing")
    page.locator("#plan-card form[action='/billing/subscription/resumption'] button").click()
    page.goto("/billing/subscription/cancellation")
    page.locator("#at-once button[type=submit]").click()
    expect(page.locator("main")).to_contain_text(re.compile(r"sona erdi", re.IGNORECASE))
    page.goto("/billing")
    # the worker gives back what both payments brought, and the page hears of the credit notes by itself
    expect(page.locator("main")).to_contain_text("İade belgesi", timeout=60_000)


def test_every_kurus_of_an_invoice_is_explained(page: Page) -> None:
    sign_up(page, "Meraklı Yazılım A.Ş.")
    pay(page, "starter")
    page.wait_for_url("**/billing/return/ok**")
    page.goto("/billing")
    page.locator("a[href$='/explanation']").first.click()
    expect(page.locator("main")).to_contain_text("870,00")
    expect(page.locator("main")).to_contain_text("145,00")
