"""Demo companies in every state and an operator, made by the same services that real ones go through."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.models import SUBSCRIPTION_TRANSITIONS, Company, SubscriptionStatus, User
from app.domain.accounts.operators import create_operator
from app.domain.accounts.queries import user_by_email
from app.domain.billing.checkout import place_order
from app.domain.billing.registration import Registration, register
from app.domain.billing.settlement.service import Arrival, settle
from app.domain.companies.viewer import viewer_of
from app.domain.payments.paytr.messages import PaytrCallback
from app.domain.subscriptions.queries import newest_subscription
from app.lib.settings import Settings
from app.lib.uow import unit_of_work

DEMO_PASSWORD = "tezgah-demo"  # noqa: S105 printed by `make run`, refused in production
EMAIL_DOMAIN = "demo.tezgah.localhost"


@dataclass(frozen=True, slots=True)
class Story:
    """One demo company: when it signed up (days ago), what it paid (days ago), where it ended."""

    slug: str
    company: str
    plan: str
    signed_up: int
    paid: tuple[int, ...] = ()
    declined: tuple[int, ...] = ()
    status: SubscriptionStatus | None = None


STORIES = (
    Story("deneme", "Deneme Yazılım", "team", signed_up=4),
    Story("suresi-biten", "Süresi Biten Deneme", "starter", signed_up=20),
    Story("faal", "Faal Bilişim A.Ş.", "team", signed_up=75, paid=(62, 31, 1)),
    Story(
        "geciken",
        "Geciken Ödeme Ltd.",
        "starter",
        signed_up=60,
        paid=(34,),
        declined=(3,),
        status=SubscriptionStatus.PAST_DUE,
    ),
    Story("askida", "Askıda Medya", "starter", signed_up=90, paid=(45,), status=SubscriptionStatus.SUSPENDED),
    Story(
        "ayrilan",
        "Ayrılan Danışmanlık",
        "enterprise",
        signed_up=120,
        paid=(100,),
        status=SubscriptionStatus.CANCELED,
    ),
)

PATHS = {
    SubscriptionStatus.PAST_DUE: (SubscriptionStatus.PAST_DUE,),
    SubscriptionStatus.SUSPENDED: (SubscriptionStatus.PAST_DUE, SubscriptionStatus.SUSPENDED),
    SubscriptionStatus.CANCELED: (SubscriptionStatus.CANCELED,),
}


async def seed_demo(
    session_maker: async_sessionmaker[AsyncSession], settings: Settings, *, companies: int, at: datetime
) -> list[str]:
    """Hire an operator, tell every story that has not been told and `companies` further ones; a line each."""
    further = tuple(
        Story(f"sirket-{number}", f"Şirket {number}", "starter", signed_up=number % 13, paid=())
        for number in range(1, companies + 1)
    )
    told = [await _tell(session_maker, settings, story, at=at) for story in STORIES + further]
    return [await _hire(session_maker, at=at), *told]


async def _hire(session_maker: async_sessionmaker[AsyncSession], *, at: datetime) -> str:
    email = f"operator@{EMAIL_DOMAIN}"
    async with unit_of_work(session_maker) as session:
        await create_operator(session, email=email, password=DEMO_PASSWORD, full_name="Deniz Operatör", at=at)
    return f"Operator console: {email} / {DEMO_PASSWORD}"


async def _tell(
    session_maker: async_sessionmaker[AsyncSession], settings: Settings, story: Story, *, at: datetime
) -> str:
    email = f"{story.slug}@{EMAIL_DOMAIN}"
    line = f"{story.company}: {email} / {DEMO_PASSWORD}"
    async with unit_of_work(session_maker) as session:
        if await user_by_email(session, email):
            return line
        user, company = await _sign_up(
            session, settings, story, email, at=at - timedelta(days=story.signed_up)
        )
        for days in story.paid:
            await _pay(session, settings, user, company, story, at=at - timedelta(days=days))
        for days in story.declined:
            await _pay(session, settings, user, company, story, at=at - timedelta(days=days), succeeds=False)
        await _end(session, company, story, at=at)
    return line


async def _sign_up(
    session: AsyncSession, settings: Settings, story: Story, email: str, *, at: datetime
) -> tuple[User, Company]:
    form = Registration(story.company, "Deneme Kişisi", email, DEMO_PASSWORD, story.plan, accept_terms=True)
    return await register(
        session, form, language="tr", address="127.0.0.1", base_url=settings.base_url, at=at
    )


async def _pay(
    session: AsyncSession,
    settings: Settings,
    user: User,
    company: Company,
    story: Story,
    *,
    at: datetime,
    succeeds: bool = True,
) -> None:
    viewer = await viewer_of(
        session, user_id=user.id, company_id=company.id, session_epoch=user.session_epoch
    )
    if viewer is None:
        raise LookupError(f"{story.company} has no owner")
    checkout = await place_order(
        session, viewer, plan_code=story.plan, interval="month", language="tr", at=at
    )
    message = PaytrCallback(
        merchant_oid=checkout.payment.merchant_oid,
        status="success" if succeeds else "failed",
        total_amount=checkout.payment.amount if succeeds else 0,
        failed_reason_code=None if succeeds else "0",
    )
    await settle(session, Arrival(message, {"demo": story.slug}), settings=settings, at=at)


async def _end(session: AsyncSession, company: Company, story: Story, *, at: datetime) -> None:
    """Leave the subscription where the story ends; renewals and dunning are not told here."""
    if story.status is None:
        return
    subscription = await newest_subscription(session, company.id, lock=True)
    if subscription is None:
        raise LookupError(f"{story.company} has no subscription")
    for status in PATHS[story.status]:
        subscription.status = SUBSCRIPTION_TRANSITIONS.move(subscription.status, status)
    if story.status is SubscriptionStatus.SUSPENDED:
        subscription.suspended_at = at
    if story.status is SubscriptionStatus.CANCELED:
        subscription.canceled_at = at
