"""The ASGI entry point: `uvicorn --factory app.asgi:create_app`."""

from litestar import Litestar

from app.db.scopes import WEB
from app.lib.log import configure_logging
from app.lib.settings import Settings, load_settings
from app.server.core import build_application
from app.server.resources import build_resources


def create_app(settings: Settings | None = None) -> Litestar:
    """Return the application; raises `SettingsError` when the settings do not make a running service."""
    settings = settings or load_settings()
    configure_logging(settings.log_level, as_json=True)
    return build_application(settings, build_resources(settings, role=WEB))
