"""What the secret keys protect: derived secrets, values that cannot be tampered with, and values that cannot
be read.

One key makes everything; during a change of keys there are the ones before it, by which what they made
still opens (docs/secrets.md).
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Unreadable(ValueError):
    """An encrypted value that was changed, or that belongs to another key or purpose."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The secret key that makes what is new, and older ones that only open what they have made."""

    newest: str = field(repr=False)
    older: tuple[str, ...] = field(default=(), repr=False)

    def __iter__(self) -> Iterator[str]:
        """Go through the keys, the newest first."""
        yield self.newest
        yield from self.older

    @property
    def name(self) -> str:
        """What may be written down to say that the newest key made something; it tells nothing of the key."""
        return _name(self.newest)

    def named(self, name: str | None) -> "Keys":
        """Return the key of this name alone; where none is named, the oldest: names came later than keys."""
        *_, oldest = self
        by_name = {_name(key): key for key in self}
        return Keys(by_name.get(name, self.newest) if name else oldest)


@dataclass(frozen=True, slots=True)
class Encrypted:
    """A text as a column may hold it; no text itself, so that neither can be taken for the other."""

    token: str


def derive_secret(keys: Keys, purpose: str) -> str:
    """Return a secret of its own for one purpose; it need not be stored, since it can be derived again."""
    return _derive(keys.newest, purpose)


def derive_secrets(keys: Keys, purpose: str) -> list[str]:
    """Return the secret of a purpose under every key, the newest first."""
    return [_derive(key, purpose) for key in keys]


def seal(keys: Keys, purpose: str, value: str, *, expires_at: datetime) -> str:
    """Return `value` with its expiry and a signature, safe in a cookie or an address."""
    body = urlsafe_b64encode(f"{int(expires_at.timestamp())}|{value}".encode()).decode().rstrip("=")
    return f"{body}.{derive_secret(keys, f'{purpose}|{body}')}"


def unseal(keys: Keys, purpose: str, sealed: str, *, at: datetime) -> str | None:
    """Return the value of `seal`, or nothing when it was changed, made for another purpose, or expired."""
    body, _, signature = sealed.partition(".")
    if not _is_derived(keys, f"{purpose}|{body}", signature):
        return None
    expiry, _, value = urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode().partition("|")
    return value if int(expiry) > at.timestamp() else None


def encrypt(keys: Keys, purpose: str, text: str) -> Encrypted:
    """Return `text` so that a table may hold it: unreadable and unchangeable without the key (Fernet).

    Equal texts come out different; only the length and the second of writing show.
    """
    return Encrypted(_fernet(keys.newest, purpose).encrypt(text.encode()).decode())


def decrypt(keys: Keys, purpose: str, encrypted: Encrypted) -> str:
    """Return the text of `encrypt`. Raises `Unreadable`."""
    ciphers = MultiFernet([_fernet(key, purpose) for key in keys])
    try:
        return ciphers.decrypt(encrypted.token.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("the value was changed, or belongs to another key or purpose") from error


def is_of_newest(keys: Keys, purpose: str, encrypted: Encrypted) -> bool:
    """Say whether the newest key alone opens it, so that an older one need not stay for its sake."""
    try:
        decrypt(Keys(keys.newest), purpose, encrypted)
    except Unreadable:
        return False
    return True


def digest(keys: Keys, purpose: str, text: str) -> str:
    """Return the keyed digest by which an encrypted text is found again without opening anything."""
    return derive_secret(keys, _digest_of(purpose, text))


def digests(keys: Keys, purpose: str, text: str) -> list[str]:
    """Return the digest under every key: a row that was not written anew has an older one."""
    return derive_secrets(keys, _digest_of(purpose, text))


def _is_derived(keys: Keys, purpose: str, secret: str) -> bool:
    given = secret.encode(errors="surrogatepass")
    return any(hmac.compare_digest(given, known.encode()) for known in derive_secrets(keys, purpose))


def _derive(key: str, purpose: str) -> str:
    return hmac.new(key.encode(), purpose.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()


def _name(key: str) -> str:
    return _derive(key, "name of the key")[:8]


def _digest_of(purpose: str, text: str) -> str:
    return f"{purpose}|digest|{text}"


def _fernet(key: str, purpose: str) -> Fernet:
    return Fernet(urlsafe_b64encode(bytes.fromhex(_derive(key, f"{purpose}|cipher"))))
