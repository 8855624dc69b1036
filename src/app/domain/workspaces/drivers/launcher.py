"""Lowers its own rights and limits, then becomes the program it was given.

A program of its own, run by a fresh interpreter: what has to happen between fork and exec of a worker
with threads cannot safely be done there. Stays free of imports from `app`, which it must not need.
"""

import os
import resource
import sys


def main(account: str, memory_mb: str, disk_gb: str, processes: str, *command: str) -> None:
    """Become `command`; an empty account keeps the user, no processes means no limit on them."""
    limit(resource.RLIMIT_CORE, 0)
    limit(resource.RLIMIT_DATA, int(memory_mb) * 1024**2)
    limit(resource.RLIMIT_FSIZE, int(disk_gb) * 1024**3)
    if processes:
        limit(resource.RLIMIT_NPROC, int(processes))
    if account:
        os.setgroups([])
        os.setresgid(int(account), int(account), int(account))
        os.setresuid(int(account), int(account), int(account))
    os.umask(0o077)
    os.execv(command[0], command)  # noqa: S606 becoming the command is the purpose


def limit(kind: int, value: int) -> None:
    """Set a limit for good, at most at what we are allowed ourselves."""
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    main(*sys.argv[1:])
