"""Looking at a page as people with good and with weak eyes, with a mouse and without do."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.product import ROOT, SCREENSHOTS

SHOWN = 200
"""Characters of an element in a finding: enough to find it."""
WIDTHS = {"desk": 1280, "phone": 390}


@dataclass(frozen=True, slots=True)
class Look:
    """A screen, a language and colours."""

    device: str
    language: str
    scheme: str

    def __str__(self) -> str:
        return f"{self.device}-{self.language}-{self.scheme}"

    @property
    def folder(self) -> Path:
        """Where the pictures of it are kept."""
        return SCREENSHOTS / self.device / self.language / self.scheme

    def context(self, chromium: Browser, base_url: str, state: str | None = None) -> BrowserContext:
        """Return a browser of this look; `state` is the file of a session."""
        return chromium.new_context(
            base_url=base_url,
            storage_state=state,
            color_scheme="dark" if self.scheme == "dark" else "light",
            viewport={"width": WIDTHS[self.device], "height": 860},
        )

    def at(self, page: Page, address: str, name: str) -> None:
        """Open a page, save what it looks like, and see that everybody can use it."""
        page.goto(address)
        self.on(page, name)

    def on(self, page: Page, name: str) -> None:
        """Do the same with the page that is open, such as the answer to a form."""
        page.wait_for_load_state("load")
        page.screenshot(path=self.folder / f"{name}.png", full_page=True)
        assert not too_wide(page), f"{page.url} is wider than the window"
        found = barriers(page)
        assert not found, found


LOOKS = (Look("desk", "tr", "light"), Look("phone", "en", "dark"))
"""Each size, language and set of colours once."""


def watch(page: Page, *, allowed: str = "404") -> list[str]:
    """Collect what goes wrong in a tab from now on; the page that is not there is allowed its status."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda said: (
            problems.append(said.text) if said.type == "error" and allowed not in said.text else None
        ),
    )
    return problems


def too_wide(page: Page) -> bool:
    """Tell whether the page can be scrolled sideways."""
    return bool(
        page.evaluate("document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth")
    )


def barriers(page: Page) -> list[str]:
    """Return each element that breaks one of axe-core's rules, with the rule and the page."""
    page.evaluate(axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{page.url} {rule['id']} ({rule['impact']}): {node['html'][:SHOWN]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


@cache
def axe() -> str:
    """Return the script; the browser's console runs it, so that the page's policy need not allow it."""
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
