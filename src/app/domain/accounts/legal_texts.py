"""The words of a legal document: filled from the settings, and of a contract from its order; kept by hash.

What was shown is what is kept: rendering depends on nothing but its arguments, so the same version in
the same language with the same settings and order is the same text.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import LegalText
from app.db.models.reminder import RENEWAL_NOTICE_DAYS
from app.db.models.subscription import TRIAL_LENGTH
from app.domain.accounts.cookies import Cookie, cookies_of
from app.domain.accounts.legal import LegalDocument, Version
from app.domain.accounts.retention import ARCHIVE_KEPT, BOOK_YEARS, TAX_YEARS
from app.lib.i18n import LANGUAGES, format_datetime, format_money, translate
from app.lib.money import Money
from app.lib.sessions import IDLE_FOR, LASTS_FOR
from app.lib.settings import ANNOUNCED_DAYS, Settings
from app.lib.templating import TEMPLATES

TEXTS = TEMPLATES / "legal" / "texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What a contract is filled with; amounts in minor units."""

    buyer_name: str
    address: str
    tax_office: str
    tax_number: str
    phone: str
    email: str
    plan_name: str
    interval: str
    period_start: datetime | None
    """Empty where the period begins with the payment."""
    period_end: datetime | None
    net: int
    vat: int
    vat_percent: int
    gross: int
    credit: int
    due: int
    currency: str


@dataclass(frozen=True, slots=True)
class Words:
    """One text as somebody is shown it."""

    document: str
    version: str
    language: str
    html: str

    @property
    def sha256(self) -> str:
        """The digest that an acceptance names."""
        return hashlib.sha256(self.html.encode()).hexdigest()


def words_of(
    document: LegalDocument, version: Version, language: str, settings: Settings, deal: Deal | None = None
) -> Words:
    """Return a document's words in a language; a contract without an order says where its facts stand."""
    template = _environment(language).get_template(f"{version.name}/{document.slug}.{language}.html.j2")
    html = template.render(
        settings=settings,
        deal=deal,
        cookies=_cookies(settings),
        part=lambda name: f"{version.name}/{name}.{language}.html.j2",
        trial_days=TRIAL_LENGTH.days,
        retention_days=settings.data_kept_days,
        deletion_notice_days=ANNOUNCED_DAYS,
        renewal_notice_days=RENEWAL_NOTICE_DAYS,
        dunning_days=settings.dunning_schedule,
        suspension_day=settings.suspension_day,
        tax_years=TAX_YEARS,
        book_years=BOOK_YEARS,
        session_days=IDLE_FOR.days,
        longest_session_days=LASTS_FOR.days,
        archive_days=ARCHIVE_KEPT.days,
    )
    return Words(document.slug, version.name, language, html)


async def keep(session: AsyncSession, words: Words, *, company_id: object = None) -> str:
    """Keep words that are being accepted, once, and return their digest."""
    statement = insert(LegalText).values(
        sha256=words.sha256,
        document=words.document,
        version=words.version,
        language=words.language,
        html=words.html,
        company_id=company_id,
    )
    await session.execute(statement.on_conflict_do_nothing())
    return words.sha256


async def kept(session: AsyncSession, sha256: str) -> LegalText | None:
    """Return words that somebody accepted."""
    return await session.scalar(select(LegalText).where(LegalText.sha256 == sha256))


def digest_of_sources(document: LegalDocument, version: Version, language: str) -> str:
    """Return what the files behind a version hash to: what was published stays as it is."""
    folder = TEXTS / version.name
    files = [folder / f"{document.slug}.{language}.html.j2", *sorted(folder.glob(f"_*.{language}.html.j2"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


@cache
def _environment(language: str) -> Environment:
    if language not in LANGUAGES:
        raise LookupError(f"there are no legal texts in {language!r}")
    environment = Environment(
        loader=FileSystemLoader(TEXTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        money=lambda amount, currency: format_money(Money(amount, currency), language),
        instant=lambda at: format_datetime(at, language),
        translated=lambda message: translate(language, message),
    )
    return environment


def _cookies(settings: Settings) -> Sequence[Cookie]:
    return cookies_of(settings)
