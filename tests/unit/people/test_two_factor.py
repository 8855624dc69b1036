"""Codes: those of RFC 6238, when they are good, and what is kept of those on paper."""

from base64 import b32encode
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import uuid4

import pyotp
import pytest

from app.db.models import User
from app.domain.people.two_factor import codes
from app.domain.people.two_factor.codes import DRIFT, STEP, accepted_step, new_recovery_codes, recovery_hash
from app.domain.people.two_factor.setup import GOOD_FOR, begin_setup, open_setup
from app.lib.crypto import Keys
from app.lib.settings import Environment, Settings

AT = datetime(2026, 11, 22, 9, 0, 10, tzinfo=UTC)
RFC_SECRET = b32encode(b"12345678901234567890").decode()
KEYS = Keys("a-secret-key-of-more-than-32-characters")


@pytest.mark.parametrize(
    ("seconds", "code"),
    # RFC 6238, appendix B, SHA-1: the last six of the eight digits printed there
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_of_the_rfc_are_accepted_at_their_time(seconds: int, code: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert accepted_step(RFC_SECRET, code, at=at, after=-1) == seconds // STEP
    assert accepted_step(RFC_SECRET, code, at=at + timedelta(hours=1), after=-1) is None


@pytest.mark.parametrize("steps", range(-3, 4))
def test_a_clock_may_be_off_by_one_step_and_no_more(steps: int) -> None:
    code = pyotp.TOTP(RFC_SECRET).at(int(AT.timestamp()) + steps * STEP)
    expected = int(AT.timestamp()) // STEP + steps if abs(steps) <= DRIFT else None
    assert accepted_step(RFC_SECRET, code, at=AT, after=-1) == expected


def test_a_step_that_was_used_opens_nothing_and_those_before_it_neither() -> None:
    now = int(AT.timestamp()) // STEP
    app = pyotp.TOTP(RFC_SECRET)
    for step in (now - 1, now):
        assert accepted_step(RFC_SECRET, app.generate_otp(step), at=AT, after=now) is None
    assert accepted_step(RFC_SECRET, app.generate_otp(now + 1), at=AT, after=now) == now + 1


def test_an_app_is_told_key_account_and_issuer() -> None:
    secret = codes.new_secret()
    read = pyotp.parse_uri(codes.app_address(secret, "ada+test@acme.com.tr"))
    assert (read.secret, read.name, read.issuer) == (secret, "ada+test@acme.com.tr", "Tezgâh")
    assert len(secret) == 32  # 160 bits
    assert codes.new_secret() != secret


def test_the_picture_stands_in_the_page_without_style_or_script() -> None:
    picture = codes.picture_of(codes.app_address(RFC_SECRET, "ada@acme.com.tr"))
    assert picture.startswith('<svg aria-hidden="true" ')
    assert "style" not in picture
    assert "script" not in picture


def test_recovery_codes_are_ten_different_ones_of_twelve_digits() -> None:
    made = new_recovery_codes()
    assert len(set(made)) == codes.RECOVERY_CODES == 10
    assert all(codes.RECOVERY_CODE.fullmatch(code) for code in made)
    assert not any(codes.APP_CODE.fullmatch(code) for code in made)


@pytest.mark.parametrize("typed", ["1234 5678 9012", "1234-5678-9012", " 123456789012\n"])
def test_a_code_is_taken_however_it_is_spaced(typed: str) -> None:
    assert codes.cleaned(typed) == "123456789012"
    assert len(codes.in_groups("123456789012")) <= codes.LONGEST


def test_what_is_kept_of_a_recovery_code_cannot_be_tried_without_the_key_of_the_app() -> None:
    assert recovery_hash(RFC_SECRET, "123456789012") != recovery_hash(codes.new_secret(), "123456789012")
    assert "123456789012" not in recovery_hash(RFC_SECRET, "123456789012")


@pytest.mark.parametrize("typed", ["12345", "1234567", "١٢٣٤٥٦", "", "12345a"])
def test_what_is_no_code_is_not_even_compared(typed: str) -> None:
    assert not codes.APP_CODE.fullmatch(codes.cleaned(typed))


def person(**facts: int) -> User:
    return User(id=uuid4(), email="ada@acme.com.tr", session_epoch=facts.get("epoch", 0))


def test_a_key_on_its_way_is_one_persons_for_half_an_hour_and_until_their_sessions_end() -> None:
    ada, deniz = person(), person()
    setup = begin_setup(KEYS, ada, at=AT)
    assert setup.secret not in setup.sealed
    opened = open_setup(KEYS, ada, setup.sealed, at=AT)
    assert opened is not None
    assert opened.secret == setup.secret
    assert open_setup(KEYS, deniz, setup.sealed, at=AT) is None
    assert open_setup(KEYS, ada, setup.sealed, at=AT + GOOD_FOR) is None
    for made_up in ("", "ğ", setup.sealed[:-2], f"{setup.sealed}x"):
        assert open_setup(KEYS, ada, made_up, at=AT) is None
    ada.session_epoch += 1
    assert open_setup(KEYS, ada, setup.sealed, at=AT) is None


@pytest.mark.parametrize(
    ("env", "set_to", "needed"),
    [
        ("production", "", True),
        ("development", "", False),
        ("production", "false", False),
        ("test", "true", True),
    ],
)
def test_operators_need_a_second_factor_in_production_unless_it_is_set_otherwise(
    env: Environment, set_to: Literal["", "true", "false"], needed: bool
) -> None:
    settings = Settings(env=env, operators_require_two_factor=set_to)
    assert settings.operators_need_two_factor is needed
