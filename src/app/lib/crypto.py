"""Keyed digests: secrets derived from the one secret key, and values that cannot be tampered with."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime


def derive_secret(secret_key: str, purpose: str) -> str:
    """Return a secret of its own for one purpose; it need not be stored, since it can be derived again."""
    return hmac.new(secret_key.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def seal(secret_key: str, purpose: str, value: str, *, expires_at: datetime) -> str:
    """Return `value` with its expiry and a signature, safe in a cookie or an address."""
    body = urlsafe_b64encode(f"{int(expires_at.timestamp())}|{value}".encode()).decode().rstrip("=")
    return f"{body}.{derive_secret(secret_key, f'{purpose}|{body}')}"


def unseal(secret_key: str, purpose: str, sealed: str, *, at: datetime) -> str | None:
    """Return the value of `seal`, or nothing when it was changed, made for another purpose, or expired."""
    body, _, signature = sealed.partition(".")
    if not hmac.compare_digest(signature.encode(), derive_secret(secret_key, f"{purpose}|{body}").encode()):
        return None
    expiry, _, value = urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode().partition("|")
    return value if int(expiry) > at.timestamp() else None
