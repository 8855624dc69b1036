"""An e-mail's words: `templates/email/<name>/{subject.txt,body.txt,body.html}.j2` in a language.

Only HTML is escaped. A fact the template names and the context lacks is an error here, never a hole
in a customer's letter.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.domain.notifications.messages import JsonValue
from app.lib.crypto import seal
from app.lib.i18n import format_date, format_datetime, format_money, translate, translator
from app.lib.money import Money
from app.lib.settings import Settings

TEMPLATES = Path(__file__).parents[2] / "templates" / "email"


@dataclass(frozen=True, slots=True)
class RenderedEmail:
    """The words of one e-mail."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Letterhead:
    """Who writes: printed at the foot of every e-mail."""

    site_url: str
    seller_name: str
    seller_address: str
    support_email: str

    @classmethod
    def from_settings(cls, settings: Settings) -> "Letterhead":
        return cls(
            site_url=settings.base_url,
            seller_name=settings.seller_name,
            seller_address=settings.seller_address,
            support_email=settings.seller_email,
        )


def render_email(
    name: str, language: str, context: Mapping[str, JsonValue], settings: Settings
) -> RenderedEmail:
    """Write an e-mail from the JSON the outbox kept (`Message.context()`), with its sealed links opened."""
    environment = environment_for(language)
    facts: dict[str, object] = {**asdict(Letterhead.from_settings(settings)), "language": language}
    for key, value in context.items():
        facts[key] = _address(value, settings) if isinstance(value, dict) else value

    def written(part: str) -> str:
        return environment.get_template(f"{name}/{part}.j2").render(facts)

    # A name with a line break in it must not become a second header.
    subject = " ".join(written("subject.txt").split())
    return RenderedEmail(subject, written("body.txt").strip() + "\n", written("body.html"))


@cache
def environment_for(language: str) -> Environment:
    """Return the template environment of a language."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    catalogue = translator(language)
    # The methods come from the i18n extension at run time and are unknown to the type checker.
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        catalogue.gettext, catalogue.ngettext, newstyle=True, pgettext=catalogue.pgettext
    )
    environment.filters.update(
        money=lambda amount, currency: format_money(Money(amount, currency), language),
        day=lambda at: format_date(datetime.fromisoformat(at), language),
        instant=lambda at: format_datetime(datetime.fromisoformat(at), language),
        translated=lambda message: translate(language, message),
    )
    return environment


def _address(link: Mapping[str, str], settings: Settings) -> str:
    expires_at = datetime.fromisoformat(link["expires_at"])
    token = seal(settings.keys, link["purpose"], link["value"], expires_at=expires_at)
    return f"{settings.base_url}{link['path']}/{token}"
