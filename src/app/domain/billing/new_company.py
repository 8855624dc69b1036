"""Beginning a company, at sign-up or as one more: its trial if the mailbox has one left, and the welcome."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Company, Subscription, User
from app.domain.accounts import service as accounts
from app.domain.accounts.legal_acceptance import accept_as_person
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

ACCEPT = N_("Please accept the terms to go on.")


@dataclass
class NewCompany:
    """The form as it was typed by somebody who has an account."""

    company_name: str = ""
    plan: str = "team"
    accept_terms: str = ""


async def begin_another(
    session: AsyncSession,
    user: User,
    form: NewCompany,
    *,
    language: str,
    address: str,
    settings: Settings,
    at: datetime,
) -> Company:
    """Begin one more company of this person. Raises `InvalidInput` at the field that is wrong."""
    name = accounts.require_name(form.company_name, field="company_name")
    if not form.accept_terms:
        raise InvalidInput(ACCEPT, field="accept_terms")
    where = {"language": language, "address": address}
    return await begin_company(session, user, name=name, plan=form.plan, **where, settings=settings, at=at)


async def begin_company(
    session: AsyncSession,
    user: User,
    *,
    name: str,
    plan: str,
    language: str,
    address: str,
    settings: Settings,
    at: datetime,
) -> Company:
    """Found a company of this person, with a trial unless their mailbox has had one (docs/adr/0021)."""
    company = await found_company(session, name=name, language=language, owner=user)
    begin = start_without_trial if await has_had_trial(session, user, settings) else start_trial
    subscription = await begin(session, company_id=company.id, plan_code=plan, at=at)
    where = {"language": language, "address": address}
    await accept_as_person(session, user, company_id=company.id, **where, settings=settings, at=at)
    record(
        session,
        at=at,
        action="company.registered",
        subject=company.id,
        company_id=company.id,
        actor_id=user.id,
        facts={"plan": plan, "trial": subscription.trial_ends_at is not None},
    )
    await _queue_welcome(session, user, company, subscription, base_url=settings.base_url, at=at)
    return company


async def _queue_welcome(
    session: AsyncSession,
    user: User,
    company: Company,
    subscription: Subscription,
    *,
    base_url: str,
    at: datetime,
) -> None:
    link = None if user.email_verified_at else verification_link(user, at=at)
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
            expires_at=link.expires_at if link else None,
            dashboard_url=f"{base_url}/dashboard",
        ),
        recipient=user.email,
        language=user.language,
        company_id=company.id,
        at=at,
    )
