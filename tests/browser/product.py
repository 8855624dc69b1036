"""The whole product as `make run` starts it, in a folder of its own, for the browser to use."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.lib.settings import read_environment_file

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / ".tezgah" / "screenshots"
READY_SECONDS = 120
STOP_SECONDS = 20


@dataclass(frozen=True)
class Product:
    """Where the running parts are."""

    home: Path
    base_url: str
    inbox_url: str
    sandbox_url: str


@contextlib.contextmanager
def running_product(home: Path) -> Iterator[Product]:
    """Run `tezgah up` under `home`, with the editor that set-up installed, until the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "code-server").symlink_to(ROOT / ".tezgah" / "code-server")
    log = home / "up.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TEZGAH_")}
    environment |= {"TEZGAH_HOME": str(home)}
    # Two that start at the same moment would choose the same free ports.
    with Path(tempfile.gettempdir(), "tezgah-browser-tests.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", "up"], cwd=home, env=environment, stdout=output, stderr=output
            )
        try:
            product = _wait_until_ready(process, home, log)
        except BaseException:
            process.kill()
            process.wait()
            raise
    try:
        yield product
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=STOP_SECONDS)


def _wait_until_ready(process: subprocess.Popen[bytes], home: Path, log: Path) -> Product:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        said = log.read_text(encoding="utf-8")
        if "is ready" in said:
            running = read_environment_file(home / "run" / "environment")
            return Product(
                home=home,
                base_url=running["TEZGAH_PUBLIC_URL"],
                inbox_url=running["TEZGAH_MAIL_INBOX_URL"],
                sandbox_url=running["TEZGAH_PAYTR_BASE_URL"],
            )
        if process.poll() is not None:
            raise RuntimeError(f"the product did not start:\n{said}")
        time.sleep(0.2)
    raise TimeoutError(f"the product was not ready in {READY_SECONDS} s:\n{log.read_text(encoding='utf-8')}")
