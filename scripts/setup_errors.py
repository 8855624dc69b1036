"""How a step of the set-up fails, and how it runs a program."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

STEP_SECONDS = 900
SHOWN_LINES = 15


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
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()[-SHOWN_LINES:]
        raise SetupError("\n".join(said), mend)
    return done.stdout
