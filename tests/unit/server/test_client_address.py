"""Who is calling: believed from trusted hops alone, read from the right."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.server.observability import client_address, language_of

TRUSTED = frozenset({"127.0.0.1", "10.0.0.2"})


def address(peer: str | None, forwarded: str | None) -> str:
    scope: Any = {"client": (peer, 40000) if peer else None}
    headers = {} if forwarded is None else {b"x-forwarded-for": forwarded}
    return client_address(scope, headers, TRUSTED)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.9", "203.0.113.7"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("127.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "198.51.100.66, 198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "198.51.100.66, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        ("127.0.0.1", "10.0.0.2, 10.0.0.2", "10.0.0.2"),
        ("127.0.0.1", " , ,2001:db8::1 , ", "2001:db8::1"),
        (None, "198.51.100.9", "0.0.0.0"),  # noqa: S104 a placeholder, nothing listens on it
    ],
)
def test_the_address_is_the_last_that_a_trusted_hop_has_seen(
    peer: str | None, forwarded: str | None, expected: str
) -> None:
    assert address(peer, forwarded) == expected


@given(st.text(alphabet="0123456789., :abcdef"))
def test_a_stranger_cannot_choose_an_address(forwarded: str) -> None:
    assert address("203.0.113.7", forwarded) == "203.0.113.7"


@given(st.text(alphabet="0123456789., "))
def test_what_stands_left_of_the_last_hop_decides_nothing(forwarded: str) -> None:
    assert address("127.0.0.1", f"{forwarded}, 198.51.100.9") == "198.51.100.9"


@pytest.mark.parametrize(
    ("cookie", "wish", "language"),
    [
        ("", "", "tr"),
        ("", "en-GB,en;q=0.9,tr;q=0.8", "en"),
        ("", "de", "tr"),
        ("language=en", "tr", "en"),
        ("a=b; language=tr", "en", "tr"),
        ("language=../../etc", "en", "en"),
    ],
)
def test_the_language_is_the_cookies_then_the_browsers_then_turkish(
    cookie: str, wish: str, language: str
) -> None:
    assert language_of({b"cookie": cookie, b"accept-language": wish}) == language
