"""Run every check that comes before the tests, all of them even when one fails: `make check`."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.embedded.services import test_services

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

# Types come first: they take about as long as all others together.
CHECKS = {
    "types": ["mypy"],
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "import contracts": ["lint-imports"],
    "spelling": [
        "codespell",
        *("README.md", "CONTRIBUTING.md", "STYLE.md", "docs", "src", "tests", "scripts", "deploy"),
    ],
    "secrets in files": ["python", "scripts/secret_scan.py"],
    "pins, licences, known vulnerabilities": ["python", "scripts/audit.py"],
    "templates, translations, house rules": [
        "pytest",
        "-q",
        "-n",
        "logical",
        "--maxprocesses",
        "4",
        "tests/architecture",
    ],
}
AT_ONCE = 2
"""Checks beside each other: what a small machine has cores."""
WITHOUT_TESTS = "--without-tests" in sys.argv
"""For CI, which runs every test a moment later."""
MIGRATIONS = [["tezgah", "database", "upgrade"], ["tezgah", "database", "check"]]


def main() -> int:
    """Return 0 when every check passes."""
    checks = {
        name: command for name, command in CHECKS.items() if not (WITHOUT_TESTS and "pytest" in command)
    }
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(run, name, [command], os.environ) for name, command in checks.items()]
        running.append(pool.submit(migrations))
        passed = [check.result() for check in running]
    print(f"{passed.count(True)} checks passed, {passed.count(False)} failed", flush=True)
    return 0 if all(passed) else 1


def migrations() -> bool:
    """Make a database by the migrations and compare it with the models."""
    with tempfile.TemporaryDirectory() as folder, test_services(Path(folder)) as services:
        environment = {
            **os.environ,
            "TEZGAH_HOME": folder,
            "TEZGAH_DATABASE_URL": services.database_url,
            "TEZGAH_REDIS_URL": services.redis_url,
            "TEZGAH_SMTP_URL": "smtp://127.0.0.1",
            "TEZGAH_PAYTR_BASE_URL": "http://127.0.0.1",
        }
        return run("migrations against the models", MIGRATIONS, environment)


def run(name: str, commands: list[list[str]], environment: Mapping[str, str]) -> bool:
    """Run the commands of one check until one fails, and print what that one said."""
    started = time.monotonic()
    notes: list[str] = []
    for program, *arguments in commands:
        done = subprocess.run(
            [str(BIN / program), *(argument for argument in arguments)],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            print(f"✗ {name}\n{done.stdout}{done.stderr}", flush=True)
            return False
        notes += [line for line in done.stdout.splitlines() if line.startswith("not checked")]
    print(
        f"✓ {name} ({time.monotonic() - started:.1f} s){''.join(f'; {note}' for note in notes)}", flush=True
    )
    return True


if __name__ == "__main__":
    sys.exit(main())
