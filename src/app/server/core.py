"""Puts the application together."""

import gc
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from advanced_alchemy.extensions.litestar import SQLAlchemyInitPlugin
from jinja2 import Environment
from litestar import Litestar, Request
from litestar.datastructures import CacheControlHeader
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.plugins.htmx import HTMXPlugin
from litestar.static_files import create_static_files_router
from litestar.stores.redis import RedisStore
from litestar.template import TemplateConfig
from litestar.types import ASGIApp

from app.db.models.subscription import TRIAL_LENGTH
from app.db.scopes import Beyond, sessions_beyond
from app.domain.accounts.operators import Operator
from app.domain.accounts.passwords import MINIMUM_LENGTH
from app.domain.billing.dunning.outlook import outlook_of
from app.domain.billing.webhooks import CallbackIntake
from app.domain.companies.viewer import Viewer
from app.lib.http import MACHINE
from app.lib.sessions import IDLE_FOR, LASTS_FOR
from app.lib.settings import Settings
from app.lib.templating import PageEngine, build_environment
from app.lib.throttles import Throttle
from app.server.errors import EXCEPTION_HANDLERS
from app.server.form_tokens import FormTokens
from app.server.front import Application, KnownHosts
from app.server.headers import SecurityHeaders
from app.server.observability import RequestContext
from app.server.plugins import build_alchemy, build_redis
from app.server.real_time import require_real_time
from app.server.resources import closing, paytr_credentials
from app.server.routes import routes_for
from app.server.security import ViewerMiddleware, session_config
from app.server.viewers import Viewers
from app.tasks.context import Resources

STATIC = Path(__file__).parents[1] / "static"
BODY_LIMIT = 1_000_000
"""Bytes of a request body: no form of ours comes near, and a larger one is refused with 413."""


def promises_of(settings: Settings) -> dict[str, int]:
    """Return the numbers that pages promise, from where they are kept."""
    return {
        "trial_days": TRIAL_LENGTH.days,
        "retention_days": settings.data_kept_days,
        "password_length": MINIMUM_LENGTH,
        "session_idle_days": IDLE_FOR.days,
        "session_longest_days": LASTS_FOR.days,
    }


def build_application(settings: Settings, resources: Resources, *, owns_resources: bool = True) -> Litestar:
    """Return the web application on these resources; it closes them when it ends if it owns them."""
    alchemy = build_alchemy(resources.engine, resources.session_maker)
    sessions = session_config(settings, resources.redis)
    throttle = Throttle(resources.redis)
    session_redis = build_redis(settings.redis_url, decode=False)
    environment = environment_of(settings)

    @asynccontextmanager
    async def lifespan(application: Litestar) -> AsyncIterator[None]:
        async with closing(resources) if owns_resources else nullcontext():
            await require_real_time(resources)
            gc.freeze()  # what is loaded now stays: every later collection need not walk it
            yield
        await session_redis.aclose()

    application = Application(
        route_handlers=[*routes_for(settings), static_files()],
        plugins=[HTMXPlugin(), SQLAlchemyInitPlugin(alchemy)],  # htmx first: it replaces signature types
        middleware=[
            sessions.middleware,
            DefineMiddleware(FormTokens, settings=settings),  # first: a refusal's page has forms too
            ViewerMiddleware(Viewers(alchemy, sessions.directory, settings), throttle),
        ],
        stores={"sessions": RedisStore(session_redis, namespace="tezgah:sessions")},
        template_config=TemplateConfig(instance=PageEngine.from_environment(environment)),
        exception_handlers=EXCEPTION_HANDLERS,
        dependencies=dependencies(settings, resources, sessions, throttle),
        lifespan=[lifespan],
        request_max_body_size=BODY_LIMIT,
        openapi_config=None,
        logging_config=None,  # `lib.log` has configured logging for the whole process
        debug=False,
    )
    application.state.resources = resources
    application.state.intake = CallbackIntake(
        sessions_beyond(resources.session_maker, Beyond.PAYTR), paytr_credentials(settings), settings
    )
    application.asgi_handler = before_the_router(settings, application.asgi_handler)
    return application


def environment_of(settings: Settings) -> Environment:
    """Return what pages are made in, with what the server alone can tell them."""
    environment = build_environment()
    environment.globals |= {"settings": settings, "asset": partial(asset_address, {})}
    environment.globals |= promises_of(settings)
    environment.globals["outlook_of"] = partial(outlook_of, settings=settings)
    return environment


def before_the_router(settings: Settings, router: ASGIApp) -> ASGIApp:
    """Return what every request passes first; unknown addresses never reach the router's middleware."""
    dressed = SecurityHeaders(settings, settings.paytr_base_url, KnownHosts(settings, router))
    return RequestContext(settings, dressed)


def dependencies(
    settings: Settings, resources: Resources, sessions: Any, throttle: Throttle
) -> dict[str, Provide]:
    """Return what handlers may ask for by name."""

    def constant(value: Any) -> Provide:
        return Provide(lambda: value, sync_to_thread=False, use_cache=True)

    return {
        "settings": constant(settings),
        "resources": constant(resources),
        "engine": constant(resources.engine),
        "session_maker": constant(resources.session_maker),
        "redis": constant(resources.redis),
        "gateway": constant(resources.gateway),
        "storage": constant(resources.storage),
        "sessions": constant(sessions),
        "throttle": constant(throttle),
        "viewer": Provide(viewer_of_request, sync_to_thread=False),
        "operator": Provide(operator_of_request, sync_to_thread=False),
    }


def viewer_of_request(request: Request[Any, Any, Any]) -> Viewer:
    """Return who is looking; `ViewerMiddleware` has made sure that it is a customer."""
    viewer: Viewer = request.scope["user"]
    return viewer


def operator_of_request(request: Request[Any, Any, Any]) -> Operator:
    """Return the operator who is looking; `ViewerMiddleware` has made sure that it is one."""
    operator: Operator = request.scope["user"]
    return operator


def static_files() -> Any:
    """Serve our own files; their addresses carry a digest, so they may be kept for a year."""
    return create_static_files_router(
        path="/static",
        directories=[STATIC],
        name="static",
        opt=MACHINE,
        cache_control=CacheControlHeader(max_age=31_536_000, public=True, immutable=True),
    )


def asset_address(digests: dict[str, str], name: str) -> str:
    """Return the address of a static file with a digest of its content."""
    if name not in digests:
        file = STATIC / name
        digests[name] = hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.exists() else "0"
    return f"/static/{name}?v={digests[name]}"
