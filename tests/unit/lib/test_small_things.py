"""Seals, ids, addresses, state tables and log fields."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.crypto import Unreadable, decrypt, derive_secret, encrypt, seal, unseal
from app.lib.errors import IllegalTransition
from app.lib.http import local_address
from app.lib.ids import random_reference, uuid7
from app.lib.log import hide_rows, hide_secrets
from app.lib.state import Transitions

AT = datetime(2027, 1, 1, tzinfo=UTC)
KEY = "k" * 40


def sealed(value: str) -> str:
    return seal(KEY, "purpose", value, expires_at=AT + timedelta(hours=1))


@given(st.text(max_size=200))
def test_a_sealed_value_comes_back_until_it_expires(value: str) -> None:
    assert unseal(KEY, "purpose", sealed(value), at=AT) == value
    assert unseal(KEY, "purpose", sealed(value), at=AT + timedelta(hours=1)) is None


def test_a_seal_of_another_key_or_purpose_is_worth_nothing() -> None:
    assert unseal("other" * 10, "purpose", sealed("v"), at=AT) is None
    assert unseal(KEY, "another", sealed("v"), at=AT) is None
    assert derive_secret(KEY, "one") != derive_secret(KEY, "two")


@given(st.data())
def test_a_seal_changed_in_any_character_is_worth_nothing(data: st.DataObject) -> None:
    good = sealed("value")
    position = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.characters().filter(lambda character: character != good[position]))
    assert unseal(KEY, "purpose", good[:position] + other + good[position + 1 :], at=AT) is None


@pytest.mark.parametrize("made_up", ["", ".", "a.b", "ığ.ş", "." * 300, "=.=", "\x00"])
def test_what_never_was_a_seal_is_worth_nothing(made_up: str) -> None:
    assert unseal(KEY, "purpose", made_up, at=AT) is None


@given(st.text(max_size=200))
def test_an_encrypted_value_comes_back_shows_nothing_and_is_never_the_same_twice(value: str) -> None:
    encrypted = encrypt(KEY, "purpose", value)
    assert decrypt(KEY, "purpose", encrypted) == value
    assert encrypted != encrypt(KEY, "purpose", value)
    raw = urlsafe_b64decode(encrypted)
    assert len(value) < 4 or value.encode() not in raw


@given(st.data())
def test_an_encrypted_value_that_was_changed_is_not_read(data: st.DataObject) -> None:
    raw = bytearray(urlsafe_b64decode(encrypt(KEY, "purpose", "a card's token")))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unreadable):
        decrypt(KEY, "purpose", urlsafe_b64encode(bytes(raw)).decode())


@pytest.mark.parametrize("made_up", ["", ".", "utoken", "ığş", "A" * 88, "A" * 89])
def test_what_was_never_encrypted_is_not_read(made_up: str) -> None:
    with pytest.raises(Unreadable):
        decrypt(KEY, "purpose", made_up)


def test_another_key_or_purpose_reads_nothing() -> None:
    encrypted = encrypt(KEY, "purpose", "a card's token")
    for key, purpose in (("other" * 10, "purpose"), (KEY, "another")):
        with pytest.raises(Unreadable):
            decrypt(key, purpose, encrypted)


def test_ids_sort_by_age_and_say_their_version() -> None:
    ids = [uuid7() for _ in range(50)]
    assert len(set(ids)) == 50
    assert {id_.version for id_ in ids} == {7}
    assert [id_.int >> 80 for id_ in ids] == sorted(id_.int >> 80 for id_ in ids)


def test_references_are_what_paytr_takes_and_never_twice() -> None:
    references = {random_reference("TZG") for _ in range(200)}
    assert len(references) == 200
    assert all(r.isalnum() and r.isascii() and len(r) == 24 and r.startswith("TZG") for r in references)


@pytest.mark.parametrize(
    "address", ["/", "/billing", "/workspaces/1?block=a#b", "/a//b", "/%2f%2fevil.example"]
)
def test_a_path_of_ours_is_kept(address: str) -> None:
    assert local_address(address, "/dashboard") == address


@given(st.text())
def test_what_is_kept_starts_with_one_slash_and_prints(address: str) -> None:
    kept = local_address(address, "/dashboard")
    assert kept.startswith("/")
    assert not kept.startswith(("//", "/\\"))
    assert kept.isprintable()


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


def test_a_state_machine_moves_along_its_arrows_only() -> None:
    table = Transitions({Light.RED: {Light.GREEN}})
    assert table.move(Light.RED, Light.GREEN) is Light.GREEN
    for current, target in ((Light.GREEN, Light.RED), (Light.RED, Light.RED)):
        assert not table.allows(current, target)
        with pytest.raises(IllegalTransition):
            table.move(current, target)


def test_fields_named_like_secrets_are_blanked_in_the_log() -> None:
    event: dict[str, Any] = {"event": "password.changed", "user": "7"}
    secrets = dict.fromkeys(
        ("password", "paytr_token", "Cookie", "Authorization", "hash", "card_number"), "x"
    )
    hidden = hide_secrets(None, "info", {**event, **secrets})
    assert hidden == event | dict.fromkeys(secrets, "[hidden]")


def test_rows_quoted_by_the_database_are_taken_out_of_traces() -> None:
    trace = "CheckViolationError: violates\nDETAIL:  Failing row contains (1, ada@example.com).\nTraceback"
    assert hide_rows(None, "error", {"event": "e", "exception": trace})["exception"] == (
        "CheckViolationError: violates\nDETAIL: [hidden]\nTraceback"
    )
