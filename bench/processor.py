"""Processor time, which a busy machine lengthens less than the clock's."""

import os
from pathlib import Path


def database_seconds(home: Path) -> float:
    """Return the processor seconds of the PostgreSQL below `home`: all its processes, since its start.

    Linux counts them: a server's own, those of its children that ended, and those that run (proc(5)).
    """
    server = next(home.rglob("postmaster.pid")).read_text(encoding="ascii").splitlines()[0]
    ticks = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = file.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if file.parent.name == server:
            ticks += sum(map(int, fields[11:15]))
        elif fields[1] == server:
            ticks += sum(map(int, fields[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")
