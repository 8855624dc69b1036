"""The browser under the browser tests: one is always found, and the one from npm is a real one."""

import asyncio
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.browser.chromium import BUNDLED, ChromiumLaunch, NoChromiumError, chromium_executable

PAGE = """<!doctype html><html lang="tr"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Tezgâh</title>
<style>@media (prefers-color-scheme: dark) { body { background: #111 } }</style>
<h1>ğüşıöç İ 1.234,56 ₺</h1><iframe src="/frame"></iframe></html>"""


class Pages(http.server.BaseHTTPRequestHandler):
    """One page with a frame in it."""

    def do_GET(self) -> None:
        body = ('<p id="inside">3-D Secure</p>' if self.path == "/frame" else PAGE).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Keep the test's output free of access logs."""


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://demo--acme.tezgah.localhost:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("choice", ["", BUNDLED], ids=["found", "bundled"])
def test_chromium_shows_a_phone_in_the_dark_and_what_is_in_a_frame(
    choice: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEZGAH_CHROMIUM", choice)
    # in a thread of its own: the browser of the other tests holds this one's event loop
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, look(chromium_executable(), address, tmp_path)).result()


async def look(launch: ChromiumLaunch, address: str, tmp_path: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=launch.path, args=list(launch.args))
        try:
            context = await browser.new_context(
                viewport={"width": 390, "height": 844}, color_scheme="dark", locale="tr-TR"
            )
            page = await context.new_page()
            await page.goto(address)
            assert await page.frame_locator("iframe").locator("#inside").inner_text() == "3-D Secure"
            assert await page.evaluate("[innerWidth, navigator.language]") == [390, "tr-TR"]
            background = await page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert background == "rgb(17, 17, 17)"
            picture = await page.screenshot(path=tmp_path / "page.png")
            assert picture.startswith(b"\x89PNG")
        finally:
            await browser.close()


def test_a_machine_without_the_named_browser_fails_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEZGAH_CHROMIUM", "/nowhere/chromium")
    with pytest.raises(NoChromiumError, match="/nowhere/chromium"):
        chromium_executable()
