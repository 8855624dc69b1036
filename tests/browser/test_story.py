"""The main job as a customer does it: sign up, try, pay, get the invoice, write code in the browser."""

import json
import re
from io import BytesIO
from pathlib import Path

import httpx
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pypdf import PdfReader

from tests.browser.conftest import agree, pay, sign_up
from tests.browser.letters import confirm_on_a_phone, letters
from tests.browser.product import SCREENSHOTS, Product


def test_from_sign_up_to_a_file_written_in_the_editor(
    page: Page, context: BrowserContext, chromium: Browser, product: Product
) -> None:
    email = sign_up(page, "Işık Yazılım A.Ş.")
    page.goto("/workspaces")
    expect(page.locator("form[action='/workspaces']")).to_have_count(0)
    page.locator("form[action='/account/email/verification'] button").click()
    expect(page.get_by_role("status").filter(has_text=email)).to_be_visible()
    confirm_on_a_phone(chromium, product, email)
    page.goto("/dashboard")
    expect(page.locator("#plan-card")).to_contain_text("Team")
    pay(page, "team")
    page.wait_for_url("**/billing/return/ok**")
    invoice = page.locator("a[href^='/invoices/']").first
    expect(invoice).to_be_visible()
    number = (invoice.get_attribute("href") or "").removeprefix("/invoices/").removesuffix(".pdf")
    assert re.fullmatch(r"TZG20\d\d\d{9}", number)
    pdf = context.request.get(f"/invoices/{number}.pdf")
    assert "Işık Yazılım A.Ş." in PdfReader(BytesIO(pdf.body())).pages[0].extract_text()
    assert mailed_attachment(product, email, number) == pdf.body()

    page.goto("/workspaces")
    page.fill("[name=name]", "siparis")
    page.locator("form[action='/workspaces'] button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/workspaces/[0-9a-f-]{36}"))
    opened = page.locator("a[href$='/open'], form[action$='/open'] button").first
    expect(opened).to_be_visible(timeout=60_000)
    with context.expect_page() as tab:
        opened.click()
    written = write_a_file(tab.value, product.home / "workspaces")
    assert written.read_text(encoding="utf-8").strip() == "selam"
    assert "session" not in {cookie["name"] for cookie in context.cookies(tab.value.url)}
    tab.value.close()

    page.locator("form[action$='/session/end'] button").click()
    expect(page.locator("form[action$='/session'] button")).to_be_visible(timeout=30_000)
    page.locator("details.danger summary").click()
    page.locator("form[action$='/deletion'] button").click()
    page.wait_for_url("**/workspaces")
    expect(page.locator("main")).not_to_contain_text("siparis", timeout=30_000)
    assert not written.exists()


def test_a_declined_card_says_why_and_the_next_try_succeeds(page: Page, product: Product) -> None:
    email = sign_up(page, "Çınar Tasarım")
    pay(page, "starter", answer="6")
    page.wait_for_url("**/billing/return/fail**")
    expect(page.locator("main")).to_contain_text("sayfa kapatıldı ya da süresi doldu")
    expect(page.locator("a[href='/billing']").first).to_be_visible()
    pay(page, "starter")
    page.wait_for_url("**/billing/return/ok**")
    page.goto("/dashboard")
    expect(page.locator("#plan-card")).to_contain_text("Starter")
    assert {"payment_failed", "payment_receipt"} <= subjects_by_kind(product, email)


def test_the_page_follows_a_payment_made_elsewhere_without_reload(page: Page, product: Product) -> None:
    sign_up(page, "Deniz Bilişim")
    page.goto("/billing")
    page.locator("form[action='/billing/checkout'] button[type=submit]").first.click()
    agree(page)
    page.wait_for_selector("#paytriframe")
    polled = page.locator("[hx-get^='/billing/payments/']").first.get_attribute("hx-get") or ""
    oid = polled.rsplit("/", 1)[1].partition("?")[0]
    httpx.post(f"{product.sandbox_url}/control/orders/{oid}/pay", json={}).raise_for_status()
    expect(page.locator("#payment-state")).to_contain_text("Starter", timeout=20_000)


def write_a_file(editor: Page, workspaces: Path) -> Path:
    """Write a file with the editor's terminal and return where it lies; the shell may take its time."""
    editor.wait_for_selector(".monaco-workbench", timeout=60_000)
    editor.screenshot(path=SCREENSHOTS / "editor.png")
    editor.wait_for_timeout(1500)
    editor.keyboard.press("Control+Backquote")
    terminal = editor.locator(".terminal.xterm").first
    terminal.wait_for(timeout=30_000)
    for _ in range(20):
        terminal.click()
        editor.keyboard.type("echo selam > merhaba.txt\n", delay=20)
        editor.wait_for_timeout(1500)
        if found := list(workspaces.rglob("merhaba.txt")):
            editor.screenshot(path=SCREENSHOTS / "editor-terminal.png")
            return found[0]
    editor.screenshot(path=SCREENSHOTS / "editor-terminal.png")
    raise AssertionError("the terminal wrote no file")


def mailed_attachment(product: Product, email: str, number: str) -> bytes:
    """Return the PDF that was mailed to this address, as the inbox offers it."""
    for message in letters(product, email):
        for attachment in message["attachments"]:
            if attachment["name"] == f"{number}.pdf":
                return httpx.get(f"{product.inbox_url}{attachment['url']}").content
    raise AssertionError(f"no mail with {number}.pdf: {json.dumps(letters(product, email))}")


def subjects_by_kind(product: Product, email: str) -> set[str]:
    """Tell which letters of the story this address has got, by what only they say."""
    subjects = " | ".join(str(letter["subject"]) for letter in letters(product, email))
    signs = {"payment_failed": "alınamadı", "payment_receipt": "Ödemeniz alındı"}
    return {kind for kind, sign in signs.items() if sign in subjects}
