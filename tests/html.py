"""Reading pages as a browser does, so that tests speak of fields and not of markup."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

Attributes = dict[str, str | None]


@dataclass
class Element:
    """One element with the text inside it."""

    name: str
    attributes: Attributes
    text: str = ""


VOID = {"input", "meta", "link", "br", "hr", "img", "use", "path", "source"}


@dataclass
class Page(HTMLParser):
    """A page's elements in order."""

    elements: list[Element] = field(default_factory=list)
    _open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while tag not in VOID and self._open:
            if self._open.pop().name == tag:
                return

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def named(self, name: str) -> Iterator[Element]:
        """Yield the fields of this name."""
        return (element for element in self.elements if element.attributes.get("name") == name)

    def value(self, name: str) -> str | None:
        """Return what a field holds: of ticks and picks the chosen one's value."""
        for element in self.named(name):
            choice = element.attributes.get("type") in {"radio", "checkbox"}
            if not choice or "checked" in element.attributes:
                return element.attributes.get("value") or ""
        return None

    def sentence_at(self, name: str) -> str:
        """Return what is said about a field: by its description, or within its group."""
        for element in self.named(name):
            described = (element.attributes.get("aria-describedby") or "").split()
            if element.attributes.get("aria-invalid") == "true":
                return " ".join(self.by_id(id_).text.strip() for id_ in described)
        group = [
            e
            for e in self.elements
            if e.name == "fieldset" and "is-wrong" in (e.attributes.get("class") or "")
        ]
        return group[0].text if group else ""

    def by_id(self, id_: str) -> Element:
        """Return the element of this id."""
        return next(element for element in self.elements if element.attributes.get("id") == id_)


def read(text: str) -> Page:
    """Return a page ready to be asked."""
    page = Page()
    page.feed(text)
    return page
