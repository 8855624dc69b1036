"""Codes: those an authenticator app computes from its key and the time (RFC 6238), and those on paper.

Both are digits, so that one field with a numeric keyboard takes either; their length tells them apart.
"""

import hashlib
import hmac
import re
import secrets
from datetime import datetime
from typing import Final

import pyotp
import segno
from markupsafe import Markup
from pyotp.utils import strings_equal

ISSUER: Final = "Tezgâh"
STEP: Final = 30
"""Seconds for which an app shows a code (RFC 6238 §5.2)."""
DRIFT: Final = 1
"""Steps by which the clock of a phone may be off, either way."""
APP_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)
RECOVERY_CODE: Final = re.compile(r"[0-9]{12}", re.ASCII)
RECOVERY_CODES: Final = 10
LONGEST: Final = 24
"""Characters of the field: a recovery code, however it is spaced."""


def new_secret() -> str:
    """Return a key of 160 bits in Base32, as RFC 4226 §4 recommends and every app takes."""
    return pyotp.random_base32()


def cleaned(typed: str) -> str:
    """Return a code without the blanks and hyphens that people read it in."""
    return re.sub(r"[\s-]+", "", typed)


def accepted_step(secret: str, code: str, *, at: datetime, after: int) -> int | None:
    """Return the step whose code this is, if the app may show it now and it comes after the one used last.

    Every step is computed whichever matches, so that the time taken tells nothing.
    """
    app, now = pyotp.TOTP(secret), int(at.timestamp()) // STEP
    steps = [step for step in range(now - DRIFT, now + DRIFT + 1) if _is_code(app, step, code)]
    return next((step for step in steps if step > after), None)


def app_address(secret: str, account: str) -> str:
    """Return what a QR code tells the app: key, account and issuer (the `otpauth` scheme)."""
    return pyotp.TOTP(secret, name=account, issuer=ISSUER).provisioning_uri()


def picture_of(address: str) -> Markup:
    """Return the QR code as SVG that stands in the page: dark on light in both colour schemes."""
    code = segno.make_qr(address, error="m")
    svg = code.svg_inline(omitsize=True, light="#fff", dark="#000", svgclass="qr", lineclass=None)
    named_by_its_frame = svg.replace("<svg ", '<svg aria-hidden="true" ', 1)
    return Markup(named_by_its_frame)  # noqa: S704 of the library's own numbers alone


def in_groups(code: str) -> str:
    """Return a key or a recovery code in groups of four, as it is read and typed."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


def new_recovery_codes() -> list[str]:
    """Return ten codes of twelve digits, all different."""
    codes: set[str] = set()
    while len(codes) < RECOVERY_CODES:
        codes.add(f"{secrets.randbelow(10**12):012}")
    return list(codes)


def recovery_hash(secret: str, code: str) -> str:
    """Return what is kept of a recovery code: a digest under the app's key.

    That key is encrypted itself, so a copy of the database alone does not allow codes to be tried.
    """
    return hmac.new(secret.encode(), f"recovery|{code}".encode(), hashlib.sha256).hexdigest()


def _is_code(app: pyotp.TOTP, step: int, code: str) -> bool:
    return strings_equal(code, app.generate_otp(step))
