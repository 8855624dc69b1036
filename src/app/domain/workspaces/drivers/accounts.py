"""Whom a workspace runs as when the worker is root: a user id of its own, so that neighbours on the
machine can read neither each other's files nor each other's environment, where the secret stands.
"""

import os
import pwd
import stat
from collections.abc import Iterable
from pathlib import Path
from uuid import UUID

# From 0x70000000 up to 2^31 no distribution, container tool or systemd gives ids out (systemd, UIDS-GIDS).
FIRST_USER_ID = 0x70000000
USER_IDS = 0x10000000
FALLBACK_ACCOUNT = "nobody"


def account_for(workspace_id: UUID, programs: Iterable[Path]) -> int | None:
    """Return the user id a workspace is to run as, or nothing when it must run as we do.

    Nothing when we are not root, or when an ordinary user could not reach the programs.
    """
    if os.geteuid() != 0 or not all(reachable_by_others(program) for program in programs):
        return None
    own = FIRST_USER_ID + workspace_id.int % USER_IDS
    return own if is_mapped(own) else pwd.getpwnam(FALLBACK_ACCOUNT).pw_uid


def is_own(account: int | None) -> bool:
    """Say whether the id belongs to one workspace alone."""
    return account is not None and account >= FIRST_USER_ID


def reachable_by_others(path: Path) -> bool:
    """Say whether anybody may pass the folders above a path and read it, links followed."""
    resolved = path.resolve()
    passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in resolved.parents)
    return passable and bool(resolved.stat().st_mode & stat.S_IROTH)


def is_mapped(user_id: int) -> bool:
    """Say whether this (maybe containerised) system knows the user id."""
    try:
        ranges = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    except OSError:
        return True  # no user namespaces, no map
    spans = ((int(first), int(count)) for first, _, count in (line.split() for line in ranges))
    return any(first <= user_id < first + count for first, count in spans)
