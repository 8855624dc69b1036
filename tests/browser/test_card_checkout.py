"""A plan paid with a card that is kept, as a buyer does it: PayTR's form, then the bank's page."""

import re

import httpx
from playwright.sync_api import Page, expect

from tests.browser.conftest import agree, pay, sign_up
from tests.browser.product import Product
from tests.browser.test_cards import VISA, look, plain

__all__ = ["plain"]  # a fixture


def choose_to_keep(page: Page, plan: str = "team") -> None:
    """Begin a checkout and agree to the card being kept, up to PayTR's form."""
    page.goto("/billing")
    form = page.locator(f"form[action='/billing/checkout']:has([name=plan][value={plan}])")
    form.locator("button[type=submit]").click()
    agree(page)
    page.locator("#keep-card > summary").click()
    page.locator("#keep-card [name=consent]").check(force=True)
    page.locator("form[action='/billing/checkout/card'] button[type=submit]").click()
    page.fill("[name=cc_owner]", "Ada Caglar")
    page.fill("[name=card_number]", VISA)
    page.select_option("[name=expiry_month]", "12")
    page.select_option("[name=expiry_year]", "30")
    page.fill("[name=cvv]", "000")


def answer_bank(page: Page, product: Product, answer: str = "confirm") -> None:
    """Send the card to PayTR and answer the bank's page."""
    page.locator("#card-form button[type=submit]").click()
    page.wait_for_url(f"{product.sandbox_url}/**")
    page.locator(f"button[value={answer}]").click()
    page.wait_for_url(re.compile("/billing/(payments|return)/"))


def test_a_plan_is_paid_and_its_card_is_kept_and_default(page: Page, product: Product) -> None:
    sign_up(page, "Saklayan A.Ş.")
    page.goto("/billing")
    page.locator("form[action='/billing/checkout'] button[type=submit]").first.click()
    look(page, "checkout-review")
    agree(page)
    expect(page.locator("#keep-card > summary")).to_be_visible()
    look(page, "checkout-offer")
    page.locator("#keep-card > summary").click()
    look(page, "checkout-consent")
    choose_to_keep(page)
    look(page, "checkout-card-form")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    answer_bank(page, product)
    expect(page.locator("#payment-state")).to_have_attribute("data-outcome", "succeeded")
    expect(page.locator("#payment-state")).to_contain_text("4358")
    expect(page.locator("a[href^='/invoices/']").first).to_be_visible()
    look(page, "checkout-card-kept")
    assert [line for line in sent if VISA in line and not line.startswith(product.sandbox_url)] == []
    assert [line for line in sent if VISA in line] != []
    page.goto("/billing/cards")
    expect(page.locator("#cards tbody tr")).to_have_count(1)
    expect(page.locator("#cards tbody tr")).to_contain_text("4358")
    expect(page.locator("#cards form[action$='/default']")).to_have_count(0)
    page.goto("/dashboard")
    expect(page.locator("#plan-card")).to_contain_text("Team")
    orders = httpx.get(f"{product.sandbox_url}/control/orders").raise_for_status().json()
    assert VISA not in str(orders)


def test_a_card_the_bank_does_not_confirm_is_not_kept_and_the_frame_still_takes_one(
    page: Page, product: Product
) -> None:
    sign_up(page, "Yine Deneyen Ltd.")
    choose_to_keep(page, "starter")
    answer_bank(page, product, "cancel")
    expect(page.locator("#payment-state")).to_have_attribute("data-outcome", "failed")
    look(page, "checkout-card-declined")
    page.goto("/billing/cards")
    expect(page.locator("#cards tbody tr")).to_have_count(0)
    pay(page, "starter")
    page.wait_for_url("**/billing/return/ok**")
    expect(page.locator("#payment-state")).to_have_attribute("data-outcome", "succeeded")


def test_without_javascript_the_plan_is_paid_and_the_card_kept(plain: Page, product: Product) -> None:
    sign_up(plain, "Betiksiz Ödeyen")
    choose_to_keep(plain)
    answer_bank(plain, product)
    for _ in range(20):
        if plain.locator("a[href='/billing/cards']").filter(visible=True).count():
            break
        plain.wait_for_timeout(500)
        plain.reload()
    expect(plain.locator("#payment-state")).to_contain_text("4358")
