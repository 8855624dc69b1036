"""What the one secret key protects: derived secrets, values that cannot be tampered with, and values that
cannot be read."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken


class Unreadable(ValueError):
    """An encrypted value that was changed, or that belongs to another key or purpose."""


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


def encrypt(secret_key: str, purpose: str, text: str) -> str:
    """Return `text` so that a table may hold it: unreadable and unchangeable without the key (Fernet).

    Equal texts come out different; only the length and the second of writing show.
    """
    return _fernet(secret_key, purpose).encrypt(text.encode()).decode()


def decrypt(secret_key: str, purpose: str, encrypted: str) -> str:
    """Return the text of `encrypt`. Raises `Unreadable`."""
    try:
        return _fernet(secret_key, purpose).decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("the value was changed, or belongs to another key or purpose") from error


def _fernet(secret_key: str, purpose: str) -> Fernet:
    return Fernet(urlsafe_b64encode(bytes.fromhex(derive_secret(secret_key, f"{purpose}|cipher"))))
