"""Whom a part runs as when we are root: PostgreSQL refuses to run as root, and rightly so."""

import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from app.embedded.errors import PartError

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A user of this machine."""

    name: str
    user_id: int
    group_id: int


def unprivileged_account(home: Path) -> Account | None:
    """Return whom to run as instead of root, or None when we are not root.

    The owner of `home` comes first, then an account that every system has.
    """
    if os.geteuid() != 0:
        return None
    owner = home.stat().st_uid
    names = [entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == owner != 0]
    for name in (*names, *CANDIDATES):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    return None


def can_reach(account: Account, path: Path) -> bool:
    """Say whether the account may enter every folder above the path and read the path itself."""
    resolved = path.resolve()
    folders = all(has_bits(account, folder, stat.S_IXOTH) for folder in resolved.parents)
    return folders and has_bits(account, resolved, stat.S_IROTH | stat.S_IXOTH)


def has_bits(account: Account, path: Path, bits: int) -> bool:
    """Say whether the file mode grants the account these bits, given as those of "others"."""
    status = path.stat()
    if status.st_uid == account.user_id:
        bits <<= 6
    elif status.st_gid == account.group_id:
        bits <<= 3
    return status.st_mode & bits == bits


def as_account(account: Account | None, command: tuple[str, ...], *paths: Path) -> tuple[str, ...]:
    """Return the command wrapped so that it runs as the account, able to get at its program and `paths`.

    A checkout often lies under a folder closed to everyone but root (`/root`, a temporary folder of
    tests). There the account keeps the one capability to pass closed folders; elsewhere it gets none.
    """
    if account is None:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise PartError(
            "PostgreSQL does not run as root, and `setpriv` (package util-linux), which would run it as "
            f"{account.name}, is missing. Install it, run as an ordinary user, or set TEZGAH_DATABASE_URL."
        )
    identity = (f"--reuid={account.user_id}", f"--regid={account.group_id}", "--clear-groups")
    closed = not all(can_reach(account, path) for path in (Path(command[0]), *paths))
    capability = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override") if closed else ()
    # A change of user clears the signal a child gets when its parent dies, so setpriv sets it again.
    return (setpriv, *identity, *capability, "--pdeathsig=INT", "--", *command)
