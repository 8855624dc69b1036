"""Seals and ciphers: what was made with a key opens with it and with nothing else, also while keys change."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lib.crypto import (
    Encrypted,
    Keys,
    Unreadable,
    decrypt,
    derive_secret,
    digest,
    digests,
    encrypt,
    seal,
    unseal,
)

AT = datetime(2027, 1, 1, tzinfo=UTC)
KEYS, OTHER = Keys("k" * 40), Keys("other" * 10)
CHANGED = Keys(OTHER.newest, (KEYS.newest,))
"""While the key is changed: another makes what is new, ours still opens."""


def sealed(value: str) -> str:
    return seal(KEYS, "purpose", value, expires_at=AT + timedelta(hours=1))


@given(st.text(max_size=200))
def test_a_sealed_value_comes_back_until_it_expires(value: str) -> None:
    assert unseal(KEYS, "purpose", sealed(value), at=AT) == value
    assert unseal(KEYS, "purpose", sealed(value), at=AT + timedelta(hours=1)) is None


def test_a_seal_of_another_key_or_purpose_is_worth_nothing() -> None:
    assert unseal(OTHER, "purpose", sealed("v"), at=AT) is None
    assert unseal(KEYS, "another", sealed("v"), at=AT) is None
    assert derive_secret(KEYS, "one") != derive_secret(KEYS, "two")


@given(st.data())
def test_a_seal_changed_in_any_character_is_worth_nothing(data: st.DataObject) -> None:
    good = sealed("value")
    position = data.draw(st.integers(0, len(good) - 1))
    other = data.draw(st.characters().filter(lambda character: character != good[position]))
    assert unseal(KEYS, "purpose", good[:position] + other + good[position + 1 :], at=AT) is None


@pytest.mark.parametrize("made_up", ["", ".", "a.b", "ığ.ş", "." * 300, "=.=", "\x00", "\ud800.\udfff"])
def test_what_never_was_a_seal_is_worth_nothing(made_up: str) -> None:
    assert unseal(KEYS, "purpose", made_up, at=AT) is None


@given(st.text(max_size=200))
def test_an_encrypted_value_comes_back_shows_nothing_and_is_never_the_same_twice(value: str) -> None:
    encrypted = encrypt(KEYS, "purpose", value)
    assert decrypt(KEYS, "purpose", encrypted) == value
    assert encrypted != encrypt(KEYS, "purpose", value)
    raw = urlsafe_b64decode(encrypted.token)
    assert len(value) < 4 or value.encode() not in raw


@given(st.data())
def test_an_encrypted_value_that_was_changed_is_not_read(data: st.DataObject) -> None:
    raw = bytearray(urlsafe_b64decode(encrypt(KEYS, "purpose", "a card's token").token))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unreadable):
        decrypt(KEYS, "purpose", Encrypted(urlsafe_b64encode(bytes(raw)).decode()))


@pytest.mark.parametrize("made_up", ["", ".", "utoken", "ığş", "A" * 88, "A" * 89])
def test_what_was_never_encrypted_is_not_read(made_up: str) -> None:
    with pytest.raises(Unreadable):
        decrypt(KEYS, "purpose", Encrypted(made_up))


def test_another_key_or_purpose_reads_nothing() -> None:
    encrypted = encrypt(KEYS, "purpose", "a card's token")
    for keys, purpose in ((OTHER, "purpose"), (KEYS, "another")):
        with pytest.raises(Unreadable):
            decrypt(keys, purpose, encrypted)


def test_after_a_change_of_keys_the_old_one_opens_what_it_made_and_makes_nothing() -> None:
    assert unseal(CHANGED, "purpose", sealed("v"), at=AT) == "v"
    assert decrypt(CHANGED, "purpose", encrypt(KEYS, "purpose", "token")) == "token"
    made = seal(CHANGED, "purpose", "new", expires_at=AT + timedelta(hours=1))
    assert (unseal(OTHER, "purpose", made, at=AT), unseal(KEYS, "purpose", made, at=AT)) == ("new", None)
    with pytest.raises(Unreadable):
        decrypt(KEYS, "purpose", encrypt(CHANGED, "purpose", "token"))
    assert derive_secret(CHANGED, "one") == derive_secret(OTHER, "one")


def test_a_digest_written_under_an_older_key_is_still_recognised() -> None:
    assert digest(KEYS, "purpose", "token") in digests(CHANGED, "purpose", "token")
    assert digest(CHANGED, "purpose", "token") not in digests(KEYS, "purpose", "token")


def test_a_key_is_found_by_its_name_and_what_has_none_belongs_to_the_oldest() -> None:
    assert CHANGED.named(KEYS.name) == KEYS == CHANGED.named(None)
    assert CHANGED.named(OTHER.name) == OTHER == CHANGED.named("of a key that is gone")
    assert KEYS.newest not in f"{KEYS!r}{CHANGED!r}{KEYS.name}"
