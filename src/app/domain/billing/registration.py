"""Signing up: account, company, trial and acceptance in one transaction, with the welcome mail.

The mail asks to confirm the address. Everything but workspaces and invitations works before that.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Subscription, User
from app.domain.accounts import service as accounts
from app.domain.accounts.legal_acceptance import accept_as_person
from app.domain.accounts.passwords import new_password_hash
from app.domain.audit.service import record
from app.domain.billing.trials.guard import has_had_trial
from app.domain.companies.service import found_company
from app.domain.notifications import service as notifications
from app.domain.notifications.messages import Welcome
from app.domain.people.verification import verification_link
from app.domain.subscriptions.service import start_trial, start_without_trial
from app.lib.errors import InvalidInput
from app.lib.i18n import N_
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
        raise InvalidInput(N_("Please accept the terms to go on."), field="accept_terms")
    password_hash = await new_password_hash(form.password, about=(email, full_name, company_name))
    user = await accounts.create_user(
        session,
        email=email,
        full_name=full_name,
        password_hash=password_hash,
        language=language,
    )
    company = await found_company(session, name=company_name, language=language, owner=user)
    begin = start_without_trial if await has_had_trial(session, user, settings) else start_trial
    subscription = await begin(session, company_id=company.id, plan_code=form.plan, at=at)
    where = {"language": language, "address": address}
    await accept_as_person(session, user, company_id=company.id, **where, settings=settings, at=at)
    record(
        session,
        at=at,
        action="company.registered",
        subject=company.id,
        company_id=company.id,
        actor_id=user.id,
        facts={"plan": form.plan, "trial": subscription.trial_ends_at is not None},
    )
    await _queue_welcome(session, user, company, subscription, base_url=settings.base_url, at=at)
    return user, company


async def _queue_welcome(
    session: AsyncSession,
    user: User,
    company: Company,
    subscription: Subscription,
    *,
    base_url: str,
    at: datetime,
) -> None:
    link = verification_link(user, at=at)
    await notifications.queue_email(
        session,
        occasion=f"welcome:{company.id}",
        message=Welcome(
            full_name=user.full_name,
            company_name=company.name,
            plan_name=subscription.plan.name,
            workspace_limit=subscription.plan.workspace_limit,
            trial_ends_at=subscription.trial_ends_at,
            link=link,
            expires_at=link.expires_at,
            dashboard_url=f"{base_url}/dashboard",
        ),
        recipient=user.email,
        language=user.language,
        company_id=company.id,
        at=at,
    )
