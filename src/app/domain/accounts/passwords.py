"""Passwords: Argon2id at OWASP's second profile, in a thread, a few at a time.

One hash takes about 40 ms and 19 MiB; the limit keeps a flood of logins from starving every other page.
"""

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

MINIMUM_LENGTH = 10
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
at_once = asyncio.Semaphore(2)

# Hash of a random password: an unknown e-mail costs as much time as a known one.
NOBODY = hasher.hash("nobody has this password: 8f7d0e5b")


async def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password."""
    async with at_once:
        return await asyncio.to_thread(hasher.hash, password)


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Say whether the password belongs to the hash; nothing as hash takes the same time and is false."""
    async with at_once:
        matches = await asyncio.to_thread(_verify, password_hash or NOBODY, password)
    return matches and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
