"""The folder of a workspace of the process driver.

`<root>/<id>/` is ours: log and configuration, out of the workspace's reach. `<root>/<id>/home/` is the
workspace's; it is filled before it is handed over, and never written to by us again, since whoever owns a
folder can put a link where we would write.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from app.domain.workspaces.drivers.base import WorkspaceSpec

EDITOR_SETTINGS = {
    "chat.disableAIFeatures": True,
    "chat.commandCenter.enabled": False,
    "extensions.ignoreRecommendations": True,
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "workbench.enableExperiments": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
    "workbench.welcomePage.walkthroughs.openOnInstall": False,
}
"""What a new workspace begins with: no advertisement, no chat pane, no telemetry. Its owner may change it."""


@dataclass(frozen=True, slots=True)
class WorkspaceFolder:
    """Paths of one workspace."""

    path: Path

    @property
    def home(self) -> Path:
        return self.path / "home"

    @property
    def project(self) -> Path:
        """The folder that the editor opens."""
        return self.home / "project"

    @property
    def editor_data(self) -> Path:
        return self.home / ".local" / "share" / "code-server"

    @property
    def extensions(self) -> Path:
        return self.editor_data / "extensions"

    @property
    def used(self) -> Path:
        """Touched while somebody works in the editor (scripts/code-server/activity)."""
        return self.home / ".local" / "share" / "tezgah" / "used"

    @property
    def heartbeat(self) -> Path:
        """Touched while a browser is connected, used or not."""
        return self.editor_data / "heartbeat"

    @property
    def log(self) -> Path:
        return self.path / "editor.log"

    @property
    def configuration(self) -> Path:
        return self.path / "code-server.yaml"

    def prepare(self, spec: WorkspaceSpec, account: int | None) -> None:
        """Make what is missing; a home that stands is left alone, half a one never stands. Blocking."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o711)
        # The command line decides everything; this only keeps code-server from writing one with a password.
        self.configuration.write_text("auth: password\n", encoding="utf-8")
        self.configuration.chmod(0o644)
        if self.home.exists():
            return
        unfinished = WorkspaceFolder(self.path / "unfinished")
        shutil.rmtree(unfinished.path, ignore_errors=True)
        unfinished._fill(spec)
        if account is not None:
            _hand_over(unfinished.home, account)
        unfinished.home.rename(self.home)

    def last_use(self, since: float) -> float | None:
        """Return the instant of the last use after `since`, both in seconds of the epoch. Blocking.

        Where the editor never told of one, a connection counts as use: somebody has switched the extension
        off, and is not to lose a workspace in the midst of work.
        """
        used = _changed(self.used)
        return used if used and used >= since else _changed(self.heartbeat)

    def delete(self) -> None:
        """Delete everything; a folder that is gone already is fine. Blocking."""
        shutil.rmtree(self.path, onerror=_raise_unless_missing)

    def _fill(self, spec: WorkspaceSpec) -> None:
        self.home.mkdir(parents=True, mode=0o700)
        for folder in (self.project, self.extensions, self.editor_data / "User"):
            folder.mkdir(parents=True)
        settings = self.editor_data / "User" / "settings.json"
        settings.write_text(json.dumps(EDITOR_SETTINGS, indent=2) + "\n", encoding="utf-8")
        # A user id of one's own has no name, and bash would greet with "I have no name!".
        (self.home / ".bashrc").write_text(f"PS1='{spec.name}:\\w\\$ '\n", encoding="utf-8")


def _changed(file: Path) -> float | None:
    """Return when a file was written last; a link is asked itself, since it may lead anywhere."""
    try:
        return file.lstat().st_mtime
    except OSError:
        return None


def _hand_over(folder: Path, account: int) -> None:
    for parent, _, files in os.walk(folder):
        os.chown(parent, account, account)
        for file in files:
            os.chown(Path(parent, file), account, account)


def _raise_unless_missing(
    function: object, path: str, error_info: tuple[type, BaseException, object]
) -> None:
    if not isinstance(error_info[1], FileNotFoundError):
        raise error_info[1]
