"""A copy of a program for an account that may not look where the original lies.

The capability to pass closed folders does not help here: PostgreSQL asks `access(2)` whether it can
read its own program, and that call counts the user alone.
"""

import os
import shutil
import stat
import tempfile
from pathlib import Path

from app.embedded.accounts import Account, can_reach
from app.embedded.errors import PartError


def reachable(account: Account | None, installation: Path, libraries: Path) -> Path:
    """Return the installation, or a copy with its libraries beside it that everyone can read."""
    if account is None or can_reach(account, installation):
        return installation
    status = installation.stat()
    name = f"tezgah-{installation.name}-{status.st_dev:x}-{status.st_ino:x}-{int(status.st_mtime)}"
    for folder in dict.fromkeys((Path(tempfile.gettempdir()), Path("/var/tmp"))):  # noqa: S108 checked below
        if not folder.is_dir() or not can_reach(account, folder):
            continue
        copy = folder / name if is_ours(folder / name) else copied(installation, libraries, folder / name)
        return copy / installation.name
    raise PartError(
        f"{account.name}, whom PostgreSQL runs as, cannot enter {installation}. Move this folder to a place "
        "that everyone may enter (not /root), run as an ordinary user, or set TEZGAH_DATABASE_URL."
    )


def is_ours(folder: Path) -> bool:
    """Say whether the folder is a finished copy of ours: in a shared place anyone may make a folder."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return (
        stat.S_ISDIR(status.st_mode)
        and status.st_uid == os.geteuid()
        and stat.S_IMODE(status.st_mode) == 0o755
    )


def copied(installation: Path, libraries: Path, target: Path) -> Path:
    """Copy both and return the folder they ended up in: one beside the target when that is taken."""
    fresh = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    for folder in filter(Path.is_dir, (installation, libraries)):
        shutil.copytree(folder, fresh / folder.name, symlinks=True)
    fresh.chmod(0o755)
    try:
        fresh.rename(target)
    except OSError:
        return fresh
    return target
