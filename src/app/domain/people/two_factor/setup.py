"""A key on its way to an authenticator app: nothing of it is stored until a code shows that it arrived."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from markupsafe import Markup

from app.db.models import User
from app.domain.people.two_factor.codes import app_address, in_groups, new_secret, picture_of
from app.lib.crypto import Encrypted, Keys, Unreadable, decrypt, encrypt

PURPOSE = "second-factor-setup"
GOOD_FOR = timedelta(minutes=30)


class _Promise(msgspec.Struct, frozen=True):
    """What the page carries, unreadable, between the password and the first code."""

    user_id: str
    session_epoch: int
    secret: str
    until: float


@dataclass(frozen=True, slots=True)
class Setup:
    """A key as its page shows it, and the value by which the page brings it back."""

    secret: str
    sealed: str
    account: str

    @property
    def key(self) -> str:
        """The key as text, for who cannot take a picture of the screen."""
        return in_groups(self.secret)

    @property
    def address(self) -> str:
        """The key as an address, which a phone opens in its app."""
        return app_address(self.secret, self.account)

    @property
    def picture(self) -> Markup:
        """The address as a QR code."""
        return picture_of(self.address)


def begin_setup(keys: Keys, user: User, *, at: datetime) -> Setup:
    """Return a new key for somebody who has proved who they are."""
    secret = new_secret()
    promise = _Promise(user.id.hex, user.session_epoch, secret, (at + GOOD_FOR).timestamp())
    return Setup(secret, encrypt(keys, PURPOSE, msgspec.json.encode(promise).decode()).token, user.email)


def open_setup(keys: Keys, user: User, sealed: str, *, at: datetime) -> Setup | None:
    """Return the key that a page brings back, or nothing when it is too old, or not this person's.

    It ends with the person's epoch, so with everything that ends sessions: of two requests that confirm one
    key, the second finds it gone.
    """
    try:
        said = msgspec.json.decode(decrypt(keys, PURPOSE, Encrypted(sealed)), type=_Promise)
    except (Unreadable, UnicodeEncodeError):
        return None
    is_theirs = (said.user_id, said.session_epoch) == (user.id.hex, user.session_epoch)
    return Setup(said.secret, sealed, user.email) if is_theirs and at.timestamp() < said.until else None
