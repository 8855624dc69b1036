"""Signing up: account, company, trial and acceptance in one transaction, with the welcome mail.

The mail asks to confirm the address. Everything but workspaces and invitations works before that.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, User
from app.domain.accounts import service as accounts
from app.domain.accounts.passwords import new_password_hash
from app.domain.billing.new_company import ACCEPT, begin_company
from app.lib.errors import InvalidInput
from app.lib.settings import Settings


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody typed to sign up."""

    company_name: str
    full_name: str
    email: str
    password: str
    plan: str
    accept_terms: bool


async def register(
    session: AsyncSession,
    form: Registration,
    *,
    language: str,
    address: str,
    settings: Settings,
    at: datetime,
) -> tuple[User, Company]:
    """Sign a company up; every refusal names its field, and nothing of a refused form is kept."""
    company_name = accounts.require_name(form.company_name, field="company_name")
    full_name = accounts.require_name(form.full_name, field="full_name")
    email = accounts.require_email(form.email)
    if not form.accept_terms:
        raise InvalidInput(ACCEPT, field="accept_terms")
    password_hash = await new_password_hash(form.password, about=(email, full_name, company_name))
    user = await accounts.create_user(
        session,
        email=email,
        full_name=full_name,
        password_hash=password_hash,
        language=language,
    )
    where = {"language": language, "address": address}
    company = await begin_company(
        session, user, name=company_name, plan=form.plan, **where, settings=settings, at=at
    )
    return user, company
