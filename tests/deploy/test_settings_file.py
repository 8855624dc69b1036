"""The file of settings: all of them, with the very defaults of the service."""

import re
from pathlib import Path

import msgspec

from app.lib.settings import PREFIX, Settings, read_environment_file

EXAMPLE = Path(__file__).resolve().parents[2] / ".env.example"


def test_every_setting_stands_in_the_file_with_its_default() -> None:
    listed = read_environment_file(EXAMPLE)
    defaults = msgspec.to_builtins(Settings(), enc_hook=str)
    shown = {
        PREFIX + name.upper(): str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in defaults.items()
    }
    assert listed == shown


def test_every_setting_is_explained() -> None:
    blocks = EXAMPLE.read_text(encoding="utf-8").strip().split("\n\n")
    for block in blocks:
        assert re.match(r"# [A-Z].*[.:]\n?", block), block
