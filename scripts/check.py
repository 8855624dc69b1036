"""Run every check that comes before the tests, all of them even when one fails: `make check`."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from app.embedded.services import test_services

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

CHECKS = {
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "lint": ["ruff", "check", "--quiet", "."],
    "types": ["mypy"],
    "import contracts": ["lint-imports"],
    "spelling": [
        "codespell",
        *("README.md", "CONTRIBUTING.md", "STYLE.md", "docs", "src", "tests", "scripts", "deploy"),
    ],
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
WITHOUT_TESTS = "--without-tests" in sys.argv
"""For CI, which runs every test a moment later."""
MIGRATIONS = [["tezgah", "database", "upgrade"], ["tezgah", "database", "check"]]


def main() -> int:
    """Return 0 when every check passes."""
    checks = {
        name: command for name, command in CHECKS.items() if not (WITHOUT_TESTS and "pytest" in command)
    }
    passed = [run(name, [command], os.environ) for name, command in checks.items()]
    with tempfile.TemporaryDirectory() as folder, test_services(Path(folder)) as services:
        environment = {
            **os.environ,
            "TEZGAH_HOME": folder,
            "TEZGAH_DATABASE_URL": services.database_url,
            "TEZGAH_REDIS_URL": services.redis_url,
            "TEZGAH_SMTP_URL": "smtp://127.0.0.1",
            "TEZGAH_PAYTR_BASE_URL": "http://127.0.0.1",
        }
        passed.append(run("migrations against the models", MIGRATIONS, environment))
    print(f"{passed.count(True)} checks passed, {passed.count(False)} failed", flush=True)
    return 0 if all(passed) else 1


def run(name: str, commands: list[list[str]], environment: Mapping[str, str]) -> bool:
    """Run the commands of one check until one fails, and print what that one said."""
    started = time.monotonic()
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
    print(f"✓ {name} ({time.monotonic() - started:.1f} s)", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
