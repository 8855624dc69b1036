"""What a command loads before it does anything is waited for each time."""

import subprocess
import sys

NEEDED = "app.cli_ledger, app.server.database, app.server.ledger_commands"
HEAVY = {"litestar", "advanced_alchemy", "alembic", "saq", "redis", "httpx"}


def test_a_check_of_the_book_loads_no_web_framework_and_no_queue() -> None:
    command = [sys.executable, "-c", f"import sys, {NEEDED}; print(*sys.modules)"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert HEAVY.isdisjoint(done.stdout.split())
