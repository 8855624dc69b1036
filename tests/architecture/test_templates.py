"""Every page in every state, for every role, in both languages: whole, safe, and leading somewhere."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from litestar import Litestar

from app.asgi import create_app
from app.lib.i18n import DEFAULT_LANGUAGE, LANGUAGES
from app.lib.settings import Settings
from app.lib.templating import TEMPLATES
from tests.architecture import samples
from tests.architecture.case import Case
from tests.architecture.cases import all_cases
from tests.architecture.rendering import SETTINGS, render

FRAGMENTS = (
    "errors/toast.html.j2",
    "accounts/verify_toast.html.j2",
    "accounts/verification_sent.html.j2",
)
PROVIDER = "https://paytr.example"
NOT_PAGES = ("components/", "email/", "layouts/", "legal/texts/")
PHONES = ("otpauth:", "data:text/plain")
"""A key that opens the phone's own app, and codes that are kept as a file."""
WORDLESS = {"hidden", "submit", "button"}


class Page(HTMLParser):
    """What a rendered page consists of, as a browser would find it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.forms: list[dict[str, str]] = []
        self.fields_by_form: list[set[str]] = []
        self._open_forms: list[int] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag == "form":
            self._open_forms.append(len(self.forms))
            self.forms.append(attributes)
            self.fields_by_form.append(set())
        elif "name" in attributes and self._open_forms:
            self.fields_by_form[self._open_forms[-1]].add(attributes["name"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open_forms.pop()

    def all(self, *tags: str) -> Iterator[dict[str, str]]:
        """Yield the attributes of every element with one of these names."""
        return (attributes for tag, attributes in self.elements if tag in tags)


@cache
def rendered(language: str) -> list[tuple[Case, str | None, str]]:
    """Return every page, and in one language every block that htmx may ask for, once per run.

    What a block lacks where it stands alone it lacks in any language; its words stand in the whole page.
    """
    return [
        (case, block, render(case, language, block))
        for case in all_cases(language)
        for block in (None, *(case.blocks if language == DEFAULT_LANGUAGE else ()))
    ]


@cache
def parsed(language: str) -> list[tuple[str, Page]]:
    """Return every different rendering taken apart, with a name for the message of a failing test.

    A block that its whole page contains word for word is looked at there.
    """
    whole, different = "", dict[str, str]()
    for case, block, html in rendered(language):
        whole = html if block is None else whole
        if block is None or html.strip() not in whole:
            different.setdefault(html, f"{case.name}{f'#{block}' if block else ''}")
    return [(name, Page(html)) for html, name in different.items()]


@pytest.fixture(scope="module")
def application() -> Litestar:
    """The application with all its routes; it never connects to anything."""
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
    return create_app(
        Settings(
            env="test",
            database_url=nowhere,
            redis_url="redis://127.0.0.1:1",
            smtp_url="smtp://127.0.0.1:1",
            paytr_base_url="http://127.0.0.1:1",
        )
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_renders_for_every_role_in_every_state(language: str) -> None:
    names = {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html.j2")}
    pages = {name for name in names if not name.startswith(NOT_PAGES) and "/_" not in name}
    assert {case.template for case, _, _ in rendered(language)} == pages
    assert all(html.strip() for _, block, html in rendered(language) if block is None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_a_whole_document_in_its_language(language: str) -> None:
    for case, block, html in rendered(language):
        if block is None and case.template not in FRAGMENTS:
            assert html.lstrip().startswith("<!doctype html>"), case.name
            assert f'<html lang="{language}"' in html, case.name
            assert html.count("<h1") == 1, f"{case.name} has {html.count('<h1')} first headings"
            assert html.count("<main") == 1, case.name
            assert re.search(r"<title>\s*\S+.*· Tezgâh</title>", html), case.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_inline_that_the_content_security_policy_forbids(language: str) -> None:
    for name, page in parsed(language):
        for tag, attributes in page.elements:
            handlers = {attribute for attribute in attributes if attribute.startswith(("on", "hx-on"))}
            assert not handlers, f"{name}: <{tag}> has {handlers}"
            assert "style" not in attributes, f"{name}: <{tag}> has a style of its own"
            assert tag != "style", f"{name} has a style sheet inside"
            assert tag != "script" or attributes.get("src"), f"{name} has a script inside"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_people_typed_is_never_markup(language: str) -> None:
    for case, block, html in rendered(language):
        assert samples.RAW_NAME not in html, f"{case.name}#{block}"
        assert '"><script>' not in html, f"{case.name}#{block}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_works_without_script_and_carries_its_token(language: str) -> None:
    for name, page in parsed(language):
        for form, fields in zip(page.forms, page.fields_by_form, strict=True):
            if form.get("method") == "get":  # asks and changes nothing: a search, at an address one can keep
                assert form["action"].startswith("/"), f"{name}: {form}"
                assert "_csrf_token" not in fields, f"{name}: {form}"
                continue
            assert form.get("method") == "post", f"{name}: {form}"
            if form["action"].startswith(PROVIDER):  # our token reaches nobody else
                assert "_csrf_token" not in fields, f"{name}: {form}"
                continue
            assert form.get("action", "").startswith("/"), f"{name}: {form}"
            assert form.get("hx-post", form["action"]) == form["action"], f"{name}: {form}"
            assert "_csrf_token" in fields, f"{name}: {form}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_field_has_a_label_and_says_what_is_wrong_with_it(language: str) -> None:
    for name, page in parsed(language):
        labels = {attributes.get("for") for attributes in page.all("label")}
        identifiers = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(identifiers) == len(set(identifiers)), f"{name} has an id twice"
        for attributes in page.all("input", "select", "textarea"):
            if attributes.get("type") not in WORDLESS:
                assert attributes.get("id") in labels, f"{name}: {attributes}"
            described = set(attributes.get("aria-describedby", "").split())
            assert described <= set(identifiers), f"{name}: {attributes}"
            assert attributes.get("type") != "password" or not attributes["value"], f"{name} shows a password"


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_frames_and_bars_are_named(language: str) -> None:
    for name, page in parsed(language):
        assert all("alt" in attributes for attributes in page.all("img")), name
        assert all(attributes.get("title") for attributes in page.all("iframe")), name
        assert all(attributes.get("aria-label") for attributes in page.all("progress")), name
        for attributes in page.all("svg"):
            assert attributes.get("aria-label") or attributes.get("aria-hidden") == "true", name


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_address_on_a_page_is_a_route(language: str, application: Litestar) -> None:
    routes = [
        (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", route.path) + "$"), route.methods)
        for route in application.routes
        if hasattr(route, "methods")
    ]
    wanted = {
        (method, urlsplit(address).path)
        for _, page in parsed(language)
        for method, address in addresses(page)
        if address.startswith("/") and not address.startswith("/static/")
    }
    lost = {
        (method, path)
        for method, path in wanted
        if not any(pattern.match(path) and method in methods for pattern, methods in routes)
    }
    assert lost == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_links_lead_outside_only_where_they_are_meant_to(language: str) -> None:
    ours = (SETTINGS.mail_inbox_url, "https://tezgah.example", PROVIDER, "mailto:", *PHONES)
    for name, page in parsed(language):
        for _, address in addresses(page):
            assert address.startswith(("/", "#", *ours)), f"{name}: {address}"


def addresses(page: Page) -> Iterator[tuple[str, str]]:
    """Yield the method and address of everything on a page that asks a server."""
    for tag, attributes in page.elements:
        if tag == "form":
            yield attributes["method"].upper(), attributes["action"]
        for attribute, method in (("href", "GET"), ("hx-get", "GET"), ("hx-post", "POST"), ("src", "GET")):
            if attribute in attributes:
                yield method, attributes[attribute]
        if "sse-connect" in attributes:
            yield "GET", attributes["sse-connect"]
