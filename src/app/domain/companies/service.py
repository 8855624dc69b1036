"""Founding companies."""

import re
import secrets
import unicodedata

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Membership, Role, User
from app.lib.locks import advisory_lock

TURKISH = str.maketrans("ıİğĞşŞçÇöÖüÜ", "iIgGsScCoOuU")
RESERVED_SLUGS = frozenset({"www", "api", "app", "admin", "edge", "mail", "operator", "static", "tezgah"})
SLUG_LENGTH = 24


async def found_company(session: AsyncSession, *, name: str, language: str, owner: User) -> Company:
    """Make a company with its owner; its slug is free, unreserved and never changes."""
    await advisory_lock(session, "company-slug", slug_from(name))
    company = Company(
        name=name, slug=await _free_slug(session, slug_from(name)), language=language, founder_id=owner.id
    )
    session.add(company)
    await session.flush()
    session.add(Membership(user_id=owner.id, company_id=company.id, role=Role.OWNER))
    await session.flush()
    return company


def slug_from(name: str) -> str:
    """Return a host-name label from a company's name: `Işık Yazılım A.Ş.` → `isik-yazilim-a-s`."""
    plain = unicodedata.normalize("NFKD", name.translate(TURKISH)).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-")
    if not slug or slug in RESERVED_SLUGS or not slug[0].isalpha():
        return f"c-{slug}".strip("-")[:SLUG_LENGTH]
    return slug


async def _free_slug(session: AsyncSession, wanted: str) -> str:
    taken = set(
        await session.scalars(select(Company.slug).where(Company.slug.startswith(wanted, autoescape=True)))
    )
    slug = wanted
    while slug in taken:
        slug = f"{wanted}-{secrets.token_hex(2)}"
    return slug
