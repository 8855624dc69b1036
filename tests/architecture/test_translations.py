"""The product speaks whole Turkish: every sentence, with the same facts in it."""

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from app.lib.errors import InvalidInput
from app.lib.i18n import LANGUAGES, translate

SCRIPT = Path(__file__).parents[2] / "scripts" / "messages.py"


@pytest.fixture(scope="module")
def messages() -> Any:
    """The script that keeps the catalogues, as a module."""
    specification = spec_from_file_location("tezgah_messages", SCRIPT)
    assert specification is not None
    assert specification.loader is not None
    module: Any = module_from_spec(specification)
    specification.loader.exec_module(module)
    module.extracted = cache(module.extracted)  # seconds, and the same each time
    return module


def test_every_message_of_pages_and_code_is_translated(messages: Any) -> None:
    assert list(messages.problems()) == []


def test_running_the_update_changes_no_translation(messages: Any) -> None:
    for language in LANGUAGES:
        written = read_po(BytesIO(messages.updated(language)), locale=language)
        kept = {message.id: message.string for message in messages.read(language) if message.id}
        assert {message.id: message.string for message in written if message.id} == kept


def test_messages_are_found_in_pages_mails_and_code(messages: Any) -> None:
    files = {location[0] for message in messages.extracted() for location in message.locations}
    for kind in ("templates/public/", "templates/email/", "domain/", "server/"):
        assert any(file.startswith(f"src/app/{kind}") for file in files), kind


def test_a_refusal_reads_the_same_facts_in_both_languages() -> None:
    error = InvalidInput("Choose a password of at least %(length)s characters.", length=10)
    assert translate("tr", error.message, **error.facts) == "En az 10 karakterlik bir parola seçin."
    assert translate("en", error.message, **error.facts) == "Choose a password of at least 10 characters."


def test_other_placeholders_are_noticed(messages: Any) -> None:
    assert messages.placeholders("%(plan)s, %(price)s (%%%(rate)s)") == {"plan", "price", "rate"}
    assert messages.placeholders("100 %% of %(plan)s") == {"plan"}
