"""What runs workspaces. Drivers take and return plain values; they know no database."""

from app.domain.workspaces.drivers.base import WorkspaceDriver
from app.domain.workspaces.drivers.code_server import code_server_command
from app.domain.workspaces.drivers.process import ProcessDriver
from app.lib.settings import Settings, SettingsError


def driver_for(settings: Settings) -> WorkspaceDriver:
    """Return the driver that the settings name."""
    if settings.workspace_driver == "process":
        return ProcessDriver(settings.home / "workspaces", code_server_command(settings.home))
    raise SettingsError(
        f"TEZGAH_WORKSPACE_DRIVER={settings.workspace_driver} is not built yet; the driver there is: process."
    )
