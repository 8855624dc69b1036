"""Message catalogues: `python scripts/messages.py update` after changing a sentence, `check` in CI.

Messages are found where they stand: `_()`, `ngettext()` and `translate(language, …)` in templates and
code, `N_()` where a sentence is kept before it is shown. A message nobody uses any more is dropped; a new
one waits in the Turkish catalogue with an empty translation, which `check` and the tests refuse.
"""

import sys
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "app"
LOCALES = SOURCE / "locales"
LANGUAGES = ("tr", "en")
METHODS = [("**.py", "python"), ("templates/**.j2", "jinja2")]
OPTIONS = {
    "templates/**.j2": {
        "extensions": "jinja2.ext.i18n,jinja2.ext.do",
        "newstyle_gettext": "true",
        "trim_blocks": "true",
        "lstrip_blocks": "true",
        "silent": "false",
    }
}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "translate": (2,)}
# Only what a reader of the catalogue needs: dates and tool names would change with every run.
HEADER = """msgid ""
msgstr ""
"Project-Id-Version: Tezgâh\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


def main(arguments: list[str]) -> int:
    """Update the catalogues, or say what is wrong with them."""
    if arguments == ["update"]:
        for language in LANGUAGES:
            path_of(language).write_bytes(updated(language))
        return report(list(problems()))
    if arguments == ["check"]:
        return report(list(problems()))
    print(__doc__)
    return 2


def report(found: list[str]) -> int:
    """Print what was found and return the exit code that says so."""
    print("\n".join(found) or "The catalogues are whole.")
    return 1 if found else 0


def path_of(language: str) -> Path:
    """Return the file of a language's catalogue."""
    return LOCALES / language / "LC_MESSAGES" / "messages.po"


def read(language: str) -> Catalog:
    """Return a catalogue as it stands."""
    with path_of(language).open("rb") as source:
        return read_po(source, locale=language)


def extracted() -> Catalog:
    """Return every message of the product with the files it stands in."""
    catalog = Catalog()
    for name, line, message, _, context in extract_from_dir(SOURCE, METHODS, OPTIONS, KEYWORDS):
        catalog.add(message, locations=[(f"src/app/{name}", line)], context=context)
    return catalog


def updated(language: str) -> bytes:
    """Return the file that a catalogue should be: today's messages with the translations it has."""
    catalog = read(language)
    for message in catalog:
        message.user_comments = []
    catalog.update(extracted(), no_fuzzy_matching=True)
    body = BytesIO()
    write_po(
        body,
        catalog,
        width=108,
        omit_header=True,
        ignore_obsolete=True,
        sort_by_file=True,
        include_lineno=False,
    )
    return HEADER.format(language=language).encode() + body.getvalue()


def problems() -> Iterator[str]:
    """Yield what is missing or wrong in the Turkish catalogue; English is its own message."""
    catalog, wanted = read("tr"), extracted()
    for message in wanted:
        if message.id and (problem := problem_of(message, catalog.get(first(message), message.context))):
            yield f"tr: {problem}: {first(message)!r}"
    for message in catalog:
        if message.id and wanted.get(first(message), message.context) is None:
            yield f"tr: no longer used, run `python scripts/messages.py update`: {first(message)!r}"


def problem_of(message: Message, translation: Message | None) -> str:
    """Return what is wrong with a translation, or nothing."""
    strings = forms(translation.string) if translation else ()
    if translation is None or not all(strings):
        return "not translated"
    if translation.fuzzy:
        return "fuzzy"
    facts = placeholders(forms(message.id)[-1])
    return "other placeholders" if any(placeholders(text) != facts for text in strings) else ""


def first(message: Message) -> str:
    """Return the identifier of a message: the singular where it has two forms."""
    return forms(message.id)[0]


def forms(text: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the singular and plural forms, or the only one."""
    return (text,) if isinstance(text, str) else tuple(text or ())


def placeholders(text: str) -> set[str]:
    """Return the names a message fills in; a doubled percent sign is none."""
    parts = text.replace("%%", "").split("%(")
    return {part.partition(")")[0] for part in parts[1:]}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
