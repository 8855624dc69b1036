"""Demo companies in every state and an operator, made by the same services that real ones go through."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain

import httpx
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import SUBSCRIPTION_TRANSITIONS, Company, SubscriptionStatus, User
from app.domain.accounts.operators import create_operator
from app.domain.accounts.queries import user_by_email
from app.domain.accounts.verification import mark_verified
from app.domain.billing.checkout import place_order
from app.domain.billing.demo.past import made, planned, tell_sandbox
from app.domain.billing.demo.stories import PATHS, STORIES, Attempt, Story, purchases
from app.domain.billing.registration import Registration, register
from app.domain.billing.settlement.service import Arrival, settle
from app.domain.companies.viewer import viewer_of
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.subscriptions.queries import newest_subscription
from app.lib.settings import Settings
from app.lib.uow import unit_of_work

DEMO_PASSWORD = "tezgah-demo"  # noqa: S105 printed by `make run`, refused in production
EMAIL_DOMAIN = "demo.tezgah.localhost"
NOT_TOLD = (
    "Note: the PayTR sandbox was not told of what the demo companies have paid ({trouble}); "
    "it will deny these payments, and cases will be opened. Seed again while it runs."
)


async def seed_demo(
    session_maker: async_sessionmaker[AsyncSession],
    settings: Settings,
    http: httpx.AsyncClient,
    *,
    companies: int,
    at: datetime,
) -> list[str]:
    """Hire an operator, tell every story that has not been told and `companies` further ones; a line each.

    The sandbox has the payments first, so that nobody asks it about one it does not know; without it the
    stories are told all the same, and a line says what that means.
    """
    further = tuple(
        Story(f"sirket-{number}", f"Şirket {number}", "starter", signed_up=number % 13)
        for number in range(1, companies + 1)
    )
    stories = STORIES + further
    async with unit_of_work(session_maker) as session:
        new = [story for story in stories if not await user_by_email(session, _email(story))]
        past = await made(session, settings, email_domain=EMAIL_DOMAIN)
        bought = {story.slug: purchases(story, at) for story in new}
        for story in new:
            attempts = chain.from_iterable(bought[story.slug])
            past += await planned(session, settings, story.plan, _email(story), attempts)
    trouble = await tell_sandbox(http, settings, past)
    async with unit_of_work(session_maker) as session:  # at once: days are compared in their order
        for story in new:
            await _tell(session, settings, story, bought[story.slug], at=at)
    logins = [f"{story.company}: {_email(story)} / {DEMO_PASSWORD}" for story in stories]
    notes = [NOT_TOLD.format(trouble=trouble)] if trouble else []
    return [await _hire(session_maker, at=at), *logins, *notes]


def _email(story: Story) -> str:
    return f"{story.slug}@{EMAIL_DOMAIN}"


async def _hire(session_maker: async_sessionmaker[AsyncSession], *, at: datetime) -> str:
    email = f"operator@{EMAIL_DOMAIN}"
    async with unit_of_work(session_maker) as session:
        await create_operator(session, email=email, password=DEMO_PASSWORD, full_name="Deniz Operatör", at=at)
    return f"Operator console: {email} / {DEMO_PASSWORD}"


async def _tell(
    session: AsyncSession,
    settings: Settings,
    story: Story,
    bought: Sequence[Sequence[Attempt]],
    *,
    at: datetime,
) -> None:
    user, company = await _sign_up(session, settings, story, at=at - timedelta(days=story.signed_up))
    for attempts in bought:
        await _buy(session, settings, user, company, story, attempts)
    await _end(session, company, story, at=at)


async def _sign_up(
    session: AsyncSession, settings: Settings, story: Story, *, at: datetime
) -> tuple[User, Company]:
    form = Registration(
        story.company, "Deneme Kişisi", _email(story), DEMO_PASSWORD, story.plan, accept_terms=True
    )
    user, company = await register(
        session, form, language="tr", address="127.0.0.1", settings=settings, at=at
    )
    mark_verified(session, user, at=at)
    return user, company


async def _buy(
    session: AsyncSession,
    settings: Settings,
    user: User,
    company: Company,
    story: Story,
    attempts: Sequence[Attempt],
) -> None:
    """Make the attempts of one purchase: every page is opened before the first one is paid."""
    viewer = await viewer_of(
        session, user_id=user.id, company_id=company.id, session_epoch=user.session_epoch
    )
    if viewer is None:
        raise LookupError(f"{story.company} has no owner")
    opened = [
        await place_order(
            session,
            viewer,
            plan_code=story.plan,
            interval="month",
            merchant_oid=attempt.merchant_oid,
            at=attempt.at,
        )
        for attempt in attempts
    ]
    for checkout, attempt in zip(opened, attempts, strict=True):
        message = PaytrCallback(
            merchant_oid=attempt.merchant_oid,
            status="success" if attempt.succeeds else "failed",
            total_amount=checkout.payment.amount if attempt.succeeds else 0,
            test_mode=settings.paytr_test_mode,
            failed_reason_code=None if attempt.succeeds else "0",
        )
        payload = {"demo": story.slug, "test_mode": "1" if settings.paytr_test_mode else "0"}
        await settle(session, Arrival(message, payload), settings=settings, at=attempt.at)


async def _end(session: AsyncSession, company: Company, story: Story, *, at: datetime) -> None:
    """Leave the subscription where the story ends; renewals and dunning are not told here."""
    if story.status is None:
        return
    subscription = await newest_subscription(session, company.id, lock=True)
    if subscription is None:
        raise LookupError(f"{story.company} has no subscription")
    if SubscriptionStatus.PAST_DUE in PATHS[story.status]:
        subscription.past_due_since = subscription.current_period_end
        subscription.next_attempt_at = at  # from here on the engine follows the debt, as any other
    for status in PATHS[story.status]:
        subscription.status = SUBSCRIPTION_TRANSITIONS.move(subscription.status, status)
    if story.status is SubscriptionStatus.SUSPENDED:
        subscription.suspended_at = at
    if story.status is SubscriptionStatus.CANCELED:
        subscription.canceled_at = at
