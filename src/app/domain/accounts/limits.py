"""How often what may be tried by whom: every limit against abuse, on one screen.

The limit on an account counts only browsers that never logged in to it. Whoever has logged in before keeps a
cookie that says so and has tries of their own, so that nobody can lock somebody else out by trying
(OWASP: device cookies).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.lib.crypto import Keys, seal, unseal
from app.lib.throttles import Limit, Throttle, network_of

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LOGIN_OF_ADDRESS: Final = Limit("login-address", 60, 5 * MINUTE)
LOGIN_OF_ACCOUNT: Final = Limit("login-account", 10, 15 * MINUTE)
LOGIN_OF_DEVICE: Final = Limit("login-device", 10, 15 * MINUTE)
RESET_OF_ADDRESS: Final = Limit("reset-address", 20, HOUR)
RESET_OF_ACCOUNT: Final = Limit("reset-account", 5, HOUR)
REGISTRATION_OF_ADDRESS: Final = Limit("registration-address", 20, HOUR)
PASSWORD_OF_ACCOUNT: Final = Limit("password-account", 10, 15 * MINUTE)
CHECKOUT_OF_COMPANY: Final = Limit("checkout-company", 30, 10 * MINUTE)
WORKSPACES_OF_COMPANY: Final = Limit("workspaces-company", 120, 10 * MINUTE)

DEVICE: Final = "device"
KNOWN_FOR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class LoginTries:
    """The tries that one login counts among."""

    throttle: Throttle
    address: str
    account: str
    device: str | None
    """The browser, if it has logged in to this very account before."""

    @classmethod
    def of(
        cls,
        throttle: Throttle,
        *,
        keys: Keys,
        address: str,
        email: str,
        cookie: str | None,
        at: datetime,
    ) -> "LoginTries":
        """Return the tries of somebody who wants to log in with an address."""
        account = account_key(email)
        known = unseal(keys, DEVICE, cookie, at=at) if cookie else None
        is_theirs = known is not None and known.partition(".")[0] == account
        return cls(throttle, network_of(address), account, known if is_theirs else None)

    async def take(self) -> None:
        """Count one try before the password is looked at. Raises `TooMany`."""
        await self.throttle.take(LOGIN_OF_ADDRESS, self.address)
        await self.throttle.take(*self._own)

    async def succeed(self) -> None:
        """Forget the tries that led to the right password."""
        await self.throttle.forgive(*self._own)

    @property
    def _own(self) -> tuple[Limit, str]:
        return (LOGIN_OF_DEVICE, self.device) if self.device else (LOGIN_OF_ACCOUNT, self.account)


def device_cookie(keys: Keys, email: str, *, at: datetime) -> str:
    """Return what a browser keeps that has logged in to an account."""
    value = f"{account_key(email)}.{secrets.token_hex(8)}"
    return seal(keys, DEVICE, value, expires_at=at + KNOWN_FOR)


def account_key(email: str) -> str:
    """Return what stands for an address, whether it has an account or not."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
