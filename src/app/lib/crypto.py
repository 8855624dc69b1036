"""What the one secret key protects: derived secrets, values that cannot be tampered with, and values that
cannot be read."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

NONCE_BYTES = 16
DIGEST_BYTES = hashlib.sha256().digest_size


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
    """Return `text` so that a table may hold it: unreadable and unchangeable without the key.

    HMAC-SHA256 as a stream cipher in counter mode under a random nonce, then a MAC over both
    (encrypt-then-MAC), each with a key of its own: Python's library has digests and no cipher. Equal
    texts come out different; only the length shows.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    hidden = _with_stream(secret_key, purpose, nonce, text.encode())
    return urlsafe_b64encode(nonce + hidden + _mac(secret_key, purpose, nonce + hidden)).decode()


def decrypt(secret_key: str, purpose: str, encrypted: str) -> str:
    """Return the text of `encrypt`. Raises `Unreadable`."""
    try:
        raw = urlsafe_b64decode(encrypted)
    except ValueError as error:
        raise Unreadable("this is not an encrypted value") from error
    body, mac = raw[:-DIGEST_BYTES], raw[-DIGEST_BYTES:]
    if len(body) < NONCE_BYTES or not hmac.compare_digest(mac, _mac(secret_key, purpose, body)):
        raise Unreadable("the value was changed, or belongs to another key or purpose")
    return _with_stream(secret_key, purpose, body[:NONCE_BYTES], body[NONCE_BYTES:]).decode()


def _with_stream(secret_key: str, purpose: str, nonce: bytes, text: bytes) -> bytes:
    key = derive_secret(secret_key, f"{purpose}|cipher").encode()
    blocks = range(-(-len(text) // DIGEST_BYTES))
    stream = b"".join(hmac.digest(key, nonce + number.to_bytes(8), "sha256") for number in blocks)
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _mac(secret_key: str, purpose: str, body: bytes) -> bytes:
    return hmac.digest(derive_secret(secret_key, f"{purpose}|mac").encode(), body, "sha256")
