"""Renders pages as the application does, without a server or a database."""

from functools import cache, partial
from typing import Any

from litestar import Litestar
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.testing import RequestFactory

from app.domain.billing.dunning.outlook import outlook_of
from app.lib.settings import Settings
from app.lib.templating import PageEngine, build_environment, current_language
from app.server.core import asset_address, promises_of
from tests.architecture.case import Case

SETTINGS = Settings(mail_inbox_url="http://127.0.0.1:8025", seller_mersis="0123456789012345")
CSRF_INPUT = '<input type="hidden" name="_csrf_token" value="token">'


@cache
def engine() -> JinjaTemplateEngine:
    """Return the engine with the globals that the server gives it."""
    environment = build_environment()
    environment.globals |= {
        "settings": SETTINGS,
        "asset": partial(asset_address, {}),
        **promises_of(SETTINGS),
    }
    environment.globals["outlook_of"] = partial(outlook_of, settings=SETTINGS)
    return PageEngine.from_environment(environment)


@cache
def factory() -> RequestFactory:
    """Return the maker of requests; it builds an application of its own, so there is only one."""
    return RequestFactory(app=Litestar([]))


def render(case: Case, language: str, block: str | None = None) -> str:
    """Return a page, or one block of it as htmx would get it."""
    make = factory().post if case.method == "POST" else factory().get
    cookies = "; ".join(f"{name}={value}" for name, value in case.cookies.items())
    request: Any = make(case.path, headers={"Cookie": cookies})
    request.scope["user"] = case.viewer
    token = current_language.set(language)
    try:
        template = engine().get_template(f"{case.template}#{block}" if block else case.template)
        return str(template.render(request=request, csrf_input=CSRF_INPUT, **case.context))
    finally:
        current_language.reset(token)
