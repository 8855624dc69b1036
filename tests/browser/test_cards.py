"""A card from the consent to the list, as a buyer adds it: typed into PayTR's form, confirmed at the bank."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import sign_up
from tests.browser.product import SCREENSHOTS, Product

VISA, TROY = "4355084355084358", "9792030394440796"
LOOKS = [("desk", 1280, "light"), ("phone", 390, "dark")]


@pytest.fixture
def plain(chromium: Browser, product: Product) -> Iterator[Page]:
    """A tab without JavaScript."""
    context = chromium.new_context(
        base_url=product.base_url, locale="tr-TR", java_script_enabled=False, color_scheme="light"
    )
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def type_card(page: Page, number: str = VISA) -> None:
    """Agree, and type a card into PayTR's form."""
    page.goto("/billing/cards/new")
    page.locator("[name=consent]").check(force=True)
    page.locator("form[action='/billing/cards/new'] button[type=submit]").click()
    page.fill("[name=cc_owner]", "Ada Caglar")
    page.fill("[name=card_number]", number)
    page.select_option("[name=expiry_month]", "12")
    page.select_option("[name=expiry_year]", "30")
    page.fill("[name=cvv]", "000")


def confirm(page: Page, product: Product, answer: str = "confirm") -> None:
    """Send the card to PayTR and answer the bank's page."""
    page.locator("#card-form button[type=submit]").click()
    page.wait_for_url(f"{product.sandbox_url}/**")
    page.locator(f"button[value={answer}]").click()
    page.wait_for_url(re.compile("/billing/cards/registrations/TZC[A-Z0-9]+$"))


def test_a_card_is_added_and_removed_again_also_at_paytr(page: Page, product: Product) -> None:
    sign_up(page, "Kart Deneme A.Ş.")
    page.goto("/billing/cards")
    look(page, "cards-empty")
    page.locator(".empty-state a[href='/billing/cards/new']").click()
    expect(page.locator("#consent-form")).to_be_visible()
    look(page, "card-consent")
    type_card(page)
    look(page, "card-form")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    confirm(page, product)
    expect(page.locator("#registration-state")).to_have_attribute("data-outcome", "stored")
    expect(page.locator("main")).to_contain_text("4358")
    look(page, "card-stored")
    assert [line for line in sent if VISA in line and not line.startswith(product.sandbox_url)] == []
    assert [line for line in sent if VISA in line] != []
    oid = page.url.rsplit("/", 1)[1]
    order = httpx.get(f"{product.sandbox_url}/control/orders/{oid}").raise_for_status().json()
    assert order["refunded"] == order["amount"] == 100

    type_card(page, TROY)
    confirm(page, product)
    expect(page.locator("#registration-state")).to_have_attribute("data-outcome", "stored")
    page.goto("/billing/cards")
    expect(page.locator("#cards tbody tr")).to_have_count(2)
    look(page, "cards")
    page.locator("form[action$='/default'] button").click()
    expect(page.locator("#cards tbody tr").first).to_contain_text("0796")
    for left in (1, 0):
        page.locator("#cards details summary").first.click()
        page.locator("form[action$='/removal'] button").first.click()
        expect(page.locator("#cards tbody tr")).to_have_count(left)


def test_a_card_the_bank_does_not_confirm_says_so_and_leads_to_another_try(
    page: Page, product: Product
) -> None:
    sign_up(page, "Vazgeçen Ltd.")
    type_card(page)
    confirm(page, product, "cancel")
    expect(page.locator("#registration-state")).to_have_attribute("data-outcome", "failed")
    expect(page.locator("main a[href='/billing/cards/new']").first).to_be_visible()
    look(page, "card-failed")


def test_without_javascript_the_whole_way_works(plain: Page, product: Product) -> None:
    sign_up(plain, "Betiksiz Yazılım")
    type_card(plain)
    plain.locator("#card-form button[type=submit]").click()
    plain.wait_for_url(f"{product.sandbox_url}/**")
    plain.locator("button[value=confirm]").click()
    plain.wait_for_url(re.compile("/billing/cards/registrations/TZC[A-Z0-9]+$"))
    for _ in range(20):
        if plain.locator("[data-outcome=stored]").count():
            break
        plain.wait_for_timeout(500)
        plain.reload()
    expect(plain.locator("[data-outcome=stored]")).to_be_visible()


def look(page: Page, name: str) -> None:
    """Save the page as it looks everywhere, and see that nothing is wider than the screen."""
    before = page.viewport_size
    for device, width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 860})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        folder = SCREENSHOTS / device / "cards" / scheme
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"{name}.png", full_page=True, animations="disabled")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} at {width}"
    page.emulate_media(color_scheme="light")
    if before:
        page.set_viewport_size(before)
