"""Identifiers: time-ordered UUIDs for rows, alphanumeric references for PayTR."""

import secrets
import string
import time
from uuid import UUID

ALPHANUMERIC = string.ascii_uppercase + string.digits


def uuid7() -> UUID:
    """Return a version 7 UUID (RFC 9562 §5.7): 48 bits of milliseconds, then randomness."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | secrets.randbits(80)
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def random_reference(prefix: str, length: int = 24) -> str:
    """Return `prefix` and random upper-case letters and digits, `length` characters in all.

    PayTR takes at most 64 alphanumeric characters and no hyphen (get-token, field merchant_oid).
    """
    return prefix + "".join(secrets.choice(ALPHANUMERIC) for _ in range(length - len(prefix)))
