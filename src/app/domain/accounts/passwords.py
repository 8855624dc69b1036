"""Passwords: what may be chosen, and Argon2id at OWASP's second profile, in a thread, a few at a time.

One hash takes about 40 ms and 19 MiB; the limit keeps a flood of logins from starving every other page.
"""

import asyncio
import re
from collections.abc import Sequence

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from app.lib.errors import InvalidInput
from app.lib.i18n import N_

MINIMUM_LENGTH, MAXIMUM_LENGTH = 10, 200
ENOUGH_GUESSES = 10**6
"""What somebody who guesses at a login that is slowed down may not reach (zxcvbn's score 2)."""
LOOKED_AT = 40
"""Characters whose guesses are counted: the time it takes grows with the square of them."""
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
at_once = asyncio.Semaphore(2)

# Hash of a random password: an unknown e-mail costs as much time as a known one.
NOBODY = hasher.hash("nobody has this password: 8f7d0e5b")


async def new_password_hash(password: str, *, about: Sequence[str], field: str = "password") -> str:
    """Return the hash of a password that somebody chose; `about` is what others know of them.

    Raises `InvalidInput` when it is too short, too long, or among the first that would be tried.
    """
    if len(password) < MINIMUM_LENGTH:
        raise InvalidInput(
            N_("Choose a password of at least %(length)s characters."), field=field, length=MINIMUM_LENGTH
        )
    if len(password) > MAXIMUM_LENGTH:
        raise InvalidInput(
            N_("Choose a password of at most %(length)s characters."), field=field, length=MAXIMUM_LENGTH
        )
    async with at_once:
        if await asyncio.to_thread(_is_soon_guessed, password, about):
            raise InvalidInput(
                N_("This password is among the first that are tried. Choose some words that only you join."),
                field=field,
            )
        return await asyncio.to_thread(hasher.hash, password)


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Say whether the password belongs to the hash; nothing as hash takes the same time and is false."""
    async with at_once:
        matches = await asyncio.to_thread(_verify, password_hash or NOBODY, password)
    return matches and password_hash is not None


async def hashed_anew(password: str, password_hash: str) -> str | None:
    """Return a hash of today's cost in the place of one with an older cost, or nothing if it has it."""
    if not hasher.check_needs_rehash(password_hash):
        return None
    async with at_once:
        return await asyncio.to_thread(hasher.hash, password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _is_soon_guessed(password: str, about: Sequence[str]) -> bool:
    from zxcvbn import zxcvbn  # its word lists take a third of a second to load, once

    words = [word for text in (*about, "tezgah", "tezgâh") for word in re.split(r"[\W_]+", text) if word]
    return bool(zxcvbn(password[:LOOKED_AT], user_inputs=words)["guesses"] < ENOUGH_GUESSES)
