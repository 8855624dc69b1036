"""What a driver test needs: a spec, a record of the steps told, and homes where anybody may go."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.workspaces.drivers.base import IdleStop, WorkspaceSpec
from app.lib.ids import uuid7

SECRET = "5ec2e7" * 10


class Told:
    """Collects the steps that a driver reports."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    async def __call__(self, name: str) -> None:
        self.steps.append(name)


def make_spec(name: str = "shop", *, idle_stop: IdleStop | None = None) -> WorkspaceSpec:
    """Return a spec of the smallest plan's size."""
    return WorkspaceSpec(
        id=uuid7(),
        name=name,
        company_slug="acme",
        memory_mb=2048,
        cpu_count=1,
        disk_gb=1,
        editor_secret=SECRET,
        idle_stop=idle_stop,
    )


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that an ordinary user can pass: pytest's own are closed to all but us."""
    folder = Path(tempfile.mkdtemp(prefix="tezgah-workspaces-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
