"""How a step of the set-up fails, and how it runs a program."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

STEP_SECONDS = 900
# Some programs say what is wrong first, some last; in between are the places in their sources.
SHOWN_LINES = 5


class SetupError(Exception):
    """A step cannot be done; `mend` says what to do about it."""

    def __init__(self, why: str, mend: str) -> None:
        super().__init__(why)
        self.why = why
        self.mend = mend

    def explanation(self, without_it: str) -> str:
        return "\n".join(filter(None, (self.why, self.mend, without_it)))


def run(command: Sequence[str | Path], *, mend: str, where: Path, environment: Mapping[str, str]) -> str:
    """Run a program and return what it printed; a failure carries its last lines."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=where,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
    except OSError as error:
        raise SetupError(f"{command[0]} cannot be run: {error}", mend) from error
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"{Path(command[0]).name} was not done after {STEP_SECONDS} s.", mend) from error
    if done.returncode != 0:
        raise SetupError(shortened(done.stderr.strip() or done.stdout.strip()), mend)
    return done.stdout


def shortened(text: str) -> str:
    """Return the first and the last lines of what a program said."""
    lines = [line for line in text.splitlines() if "    at " not in line]
    if len(lines) <= 2 * SHOWN_LINES:
        return "\n".join(lines)
    return "\n".join((*lines[:SHOWN_LINES], "…", *lines[-SHOWN_LINES:]))
