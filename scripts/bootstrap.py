"""Set up what Tezgâh needs on a machine that has Python 3.11 or newer: no Node, no compiler, no root.

This file must be readable for an older Python too, so that it can say which one is needed.
"""

import os
import subprocess
import sys

OLDEST = (3, 11)
NEWEST = (3, 20)


def main() -> int:
    """Run the set-up, with a newer Python when this one is too old."""
    if sys.version_info >= OLDEST:
        import setup_steps

        return setup_steps.main()
    names = ["python%d.%d" % (3, minor) for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]  # noqa: UP031
    for name in filter(runs, names):
        os.execvp(name, [name, *sys.argv])  # noqa: S606 the interpreter we have just found
    print(
        "Tezgâh needs Python %d.%d or newer; this is %s. Install one and run make again,\n"  # noqa: UP031
        "or name the one you have: make PYTHON=/path/to/python run" % (*OLDEST, sys.version.split()[0]),
        file=sys.stderr,
    )
    return 1


def runs(name: str) -> bool:
    """Say whether the program is there and starts: a version manager's stand-in may refuse to."""
    try:
        done = subprocess.run(
            [name, "-c", ""], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
