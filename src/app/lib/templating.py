"""Pages and their fragments: `billing/show.html.j2#plan_card` renders one block of a page.

A page's named blocks are its htmx fragments, so there is one template per page and no second copy of
any part. Components are macros and environment globals: a lone block runs no top-level imports.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from http import HTTPStatus
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, pass_context
from jinja2.runtime import Context
from litestar import Request
from litestar.plugins.htmx import HTMXRequest, HTMXTemplate
from litestar.plugins.jinja import JinjaTemplateEngine

from app.lib import i18n
from app.lib.clock import now, real_now
from app.lib.errors import DomainError
from app.lib.money import TURKISH_LIRA, Money

TEMPLATES = Path(__file__).parents[1] / "templates"
NONCE = "nonce"
"""Where the request's state keeps what lets a script of its answer run."""
current_language: ContextVar[str] = ContextVar("current_language", default=i18n.DEFAULT_LANGUAGE)


class Fragment:
    """One block of a page, with the interface Litestar expects of a template."""

    def __init__(self, template: Template, block: str) -> None:
        self._template = template
        self._block = template.blocks[block]

    def render(self, *arguments: Mapping[str, Any], **context: Any) -> str:
        """Render the block alone; who looks is known to it as to the page, whose top lines do not run."""
        values = dict(*arguments, **context)
        if "request" in values:
            values.setdefault("viewer", values["request"].scope.get("user"))
        return "".join(self._block(self._template.new_context(values)))


class PageEngine(JinjaTemplateEngine):
    """Jinja with `page#block` addresses."""

    def get_template(self, template_name: str) -> Any:
        name, _, block = template_name.partition("#")
        template = super().get_template(name)
        return Fragment(template, block) if block else template


def page(
    request: Request[Any, Any, Any], template: str, *, block: str, status_code: int = 200, **context: Any
) -> HTMXTemplate:
    """Answer with the whole page, or with `block` alone when htmx asks for a part of it."""
    return HTMXTemplate(
        template_name=f"{template}#{block}" if wants_fragment(request) else template,
        context=context,
        headers={"Vary": "HX-Request"},
        status_code=status_code,
    )


def form_page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    block: str,
    refusal: DomainError | None = None,
    **context: Any,
) -> HTMXTemplate:
    """Answer with a form; after a refusal under its status, with the sentence at its field in `errors`."""
    status = refusal.status if refusal else HTTPStatus.OK
    errors = {refusal.field: refusal} if refusal else {}
    return page(request, template, block=block, status_code=status, errors=errors, **context)


def wants_fragment(request: Request[Any, Any, Any]) -> bool:
    """Say whether htmx asks for a part: boosted links and restored history need the whole page."""
    if not isinstance(request, HTMXRequest):
        return False
    htmx = request.htmx
    return bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def build_environment() -> Environment:
    """Return the one Jinja environment: escaping on, unknown names an error, components at hand."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # added by the i18n extension
        gettext=lambda text: i18n.translator(current_language.get()).gettext(text),
        ngettext=lambda one, many, count: i18n.translator(current_language.get()).ngettext(one, many, count),
        newstyle=True,
    )
    environment.filters |= {
        "money": _money,
        "whole_money": lambda amount, currency: i18n.format_whole_money(
            Money(amount, currency), current_language.get()
        ),
        "date": lambda at: i18n.format_date(at, current_language.get()),
        "short_date": lambda day: i18n.format_short_date(day, current_language.get()),
        "datetime": lambda at: i18n.format_datetime(at, current_language.get()),
        "relative": lambda at: i18n.format_relative(at, current_language.get(), now=now()),
        "thousands": lambda value: i18n.format_count(value, current_language.get()),
        "seconds": lambda value: i18n.format_seconds(value, current_language.get()),
        "sentence": lambda error: i18n.translate(current_language.get(), error.message, **error.facts),
        # for stored text that may be ours: unlike `_`, it marks nothing safe and reads no `%` in it
        "translated": lambda text: i18n.translate(current_language.get(), text),
    }
    environment.globals["language"] = current_language.get
    environment.globals |= {"now": now, "real_now": real_now}
    _install_components(environment)
    environment.globals["nonce"] = nonce
    return environment


@pass_context
def nonce(context: Context) -> str:
    """Return what a script of this page carries, so that it runs and no other does."""
    return str(context["request"].scope.get("state", {}).get(NONCE, ""))


def _money(amount: int, currency: str = TURKISH_LIRA) -> str:
    return i18n.format_money(Money(amount, currency), current_language.get())


def _install_components(environment: Environment) -> None:
    for path in sorted((TEMPLATES / "components").glob("*.html.j2")):
        module = environment.get_template(f"components/{path.name}").module
        for name, member in vars(module).items():
            if not name.startswith("_"):
                environment.globals[name] = member
