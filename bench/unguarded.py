"""The web process without session, viewer, scope and row-level security: what its pages cost alone."""

from typing import Any

from litestar import Litestar
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send
from sqlalchemy import select
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.db.models import Membership, User
from app.domain.companies.viewer import Viewer, viewer_of
from app.lib.log import configure_logging
from app.lib.settings import load_settings
from app.lib.templating import current_language
from app.server import core
from app.server.resources import build_resources
from bench.history import EMAIL


class Preloaded(ASGIMiddleware):
    """Gives every request the same viewer, looked up once; stands where `ViewerMiddleware` does."""

    def __init__(self, *_: Any) -> None:
        self._viewer: Viewer | None = None

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Go on as the owner of the company with history."""
        if self._viewer is None:
            self._viewer = await owner(scope["litestar_app"].state.resources.session_maker)
        scope["user"] = self._viewer
        current_language.set(self._viewer.user.language)
        await next_app(scope, receive, send)


async def owner(session_maker: async_sessionmaker[Any]) -> Viewer:
    """Return the viewer that a session of this person would have."""
    async with session_maker() as session:
        membership = (
            await session.execute(
                select(Membership.user_id, Membership.company_id).join(User).where(User.email == EMAIL)
            )
        ).one()
        viewer = await viewer_of(session, **membership._asdict(), session_epoch=0)
    if viewer is None:
        raise LookupError("the company has no owner")
    return viewer


def create_app() -> Litestar:
    """Return the application, on connections that no policy binds."""
    setattr(core, "ViewerMiddleware", Preloaded)  # noqa: B010 a name of the module, bound anew for this yardstick
    settings = load_settings()
    configure_logging(settings.log_level, as_json=True)
    return core.build_application(settings, build_resources(settings))
