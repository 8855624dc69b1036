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

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LOGIN_OF_ADDRESS: Final = Limit("login-address", 60, 5 * MINUTE)
LOGIN_OF_ACCOUNT: Final = Limit("login-account", 10, 15 * MINUTE)
LOGIN_OF_DEVICE: Final = Limit("login-device", 10, 15 * MINUTE)
RESET_OF_ADDRESS: Final = Limit("reset-address", 20, HOUR)
RESET_OF_ACCOUNT: Final = Limit("reset-account", 5, HOUR)
REGISTRATION_OF_ADDRESS: Final = Limit("registration-address", 20, HOUR)
CODE_OF_ACCOUNT: Final = Limit("code-account", 10, DAY)
CODE_OF_DEVICE: Final = Limit("code-device", 10, DAY)
"""Ten tries, then one each 2 h 24 min: who knows the password and tries for a year has 3,660 tries at three
codes in a million, a chance of 1.1 %, and the owner gets a letter on each of those days (docs/adr/0029)."""
FACTOR_CHANGE_OF_ACCOUNT: Final = Limit("factor-change-account", 10, DAY)
"""By somebody who is logged in already, with password and code."""
PASSWORD_OF_ACCOUNT: Final = Limit("password-account", 10, 15 * MINUTE)
VERIFICATION_OF_ACCOUNT: Final = Limit("verification-account", 5, HOUR)
EMAIL_CHANGE_OF_ACCOUNT: Final = Limit("email-change-account", 10, HOUR)
EMAIL_CHANGE_TO_ADDRESS: Final = Limit("email-change-address", 5, HOUR)
JOINING_OF_ADDRESS: Final = Limit("joining-address", 60, HOUR)
INVITATIONS_OF_ACCOUNT: Final = Limit("invitations-account", 60, HOUR)
INVITATIONS_OF_COMPANY: Final = Limit("invitations-company", 120, HOUR)
COMPANIES_OF_ACCOUNT: Final = Limit("companies-account", 5, HOUR)
CHECKOUT_OF_COMPANY: Final = Limit("checkout-company", 30, 10 * MINUTE)
WORKSPACES_OF_COMPANY: Final = Limit("workspaces-company", 120, 10 * MINUTE)

ARCHIVES_OF_ACCOUNT: Final = Limit("archives-account", 5, HOUR)

DEVICE: Final = "device"
BY_CODE: Final = ".code"
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
        account, device = account_key(email), _device_of(keys, cookie, email, at=at)
        return cls(throttle, network_of(address), account, device)

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


@dataclass(frozen=True, slots=True)
class CodeTries:
    """The tries at a second factor that one login counts among, once the password was right.

    A browser counts as known only when a code has been right in it before: a link from the mail makes a
    browser known to `LoginTries`, and would otherwise buy as many tries as there are letters.
    """

    throttle: Throttle
    account: str
    device: str | None

    @classmethod
    def of(
        cls, throttle: Throttle, *, keys: Keys, email: str, cookie: str | None, at: datetime
    ) -> "CodeTries":
        """Return the tries of somebody who has given the right password of an address."""
        device = _device_of(keys, cookie, email, at=at)
        return cls(throttle, account_key(email), device if device and device.endswith(BY_CODE) else None)

    async def take(self) -> None:
        """Count one try before the code is looked at. Raises `TooMany`."""
        await self.throttle.take(*self._own)

    async def succeed(self) -> None:
        """Forget the tries that led to the right code."""
        await self.throttle.forgive(*self._own)

    @property
    def _own(self) -> tuple[Limit, str]:
        return (CODE_OF_DEVICE, self.device) if self.device else (CODE_OF_ACCOUNT, self.account)


def device_cookie(keys: Keys, email: str, *, at: datetime, by_code: bool = False) -> str:
    """Return what a browser keeps that has logged in to an account, and whether with a code too."""
    value = f"{account_key(email)}.{secrets.token_hex(8)}{BY_CODE if by_code else ''}"
    return seal(keys, DEVICE, value, expires_at=at + KNOWN_FOR)


def _device_of(keys: Keys, cookie: str | None, email: str, *, at: datetime) -> str | None:
    """Return what names the browser, if it has logged in to this very account before."""
    known = unseal(keys, DEVICE, cookie, at=at) if cookie else None
    return known if known and known.partition(".")[0] == account_key(email) else None


def account_key(email: str) -> str:
    """Return what stands for an address, whether it has an account or not."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:32]
