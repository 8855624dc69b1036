"""The notice a week before a renewal: once, caught up when late, and true about what will be charged."""

import asyncio
from datetime import timedelta

import pytest

from app.db.models import EmailMessage, Interval, Reminder, StoredCard, Subscription
from app.domain.billing.renewal_notices import send_renewal_notice
from app.domain.ledger.credits import add_credit
from app.domain.plans.queries import current_price
from app.lib.clock import ISTANBUL, now
from app.lib.uow import unit_of_work
from app.tasks.trials import SWEEPS
from tests.scenarios.cashier import Cashier
from tests.scenarios.tenant import DAY, MINUTE, Tenant, open_tenant


@pytest.fixture
async def tenant(cashier: Cashier) -> Tenant:
    """A company with a paid month and a good card."""
    return await open_tenant(cashier)


async def notices(tenant: Tenant, before: timedelta) -> list[EmailMessage]:
    """Run the notices so long before the period's end; return what was ever written."""
    tally = await SWEEPS["renewal_notices"](tenant.cashier.resources, tenant.end - before)
    assert tally.failed == 0
    mails: list[EmailMessage] = await tenant.cashier.all(EmailMessage)
    return [mail for mail in mails if mail.template == "renewal_notice"]


async def test_a_week_before_the_end_the_company_is_told_what_when_and_from_which_card(
    tenant: Tenant,
) -> None:
    assert await notices(tenant, 7 * DAY + MINUTE) == []
    (letter,) = await notices(tenant, 7 * DAY)
    said = letter.context
    assert (said["plan_name"], said["plan_before"], said["interval"]) == ("Team", None, "month")
    assert (said["total"], said["credit"], said["due"], said["currency"]) == (297_000, 0, 297_000, "TRY")
    assert (said["card"], said["renews_at"]) == ("4358", tenant.end.isoformat())
    assert len(await notices(tenant, 3 * DAY)) == 1


async def test_a_late_notice_still_comes_and_one_after_the_end_does_not(tenant: Tenant) -> None:
    assert await notices(tenant, -MINUTE) == []
    assert len(await notices(tenant, 2 * DAY)) == 1


async def test_two_workers_at_once_send_one_notice(tenant: Tenant) -> None:
    resources, subscription = tenant.cashier.resources, await tenant.subscription()
    at = tenant.end - 7 * DAY
    told = await asyncio.gather(
        *(
            send_renewal_notice(resources.session_maker, resources.settings, subscription.id, at=at)
            for _ in range(4)
        )
    )
    assert sum(told) == 1
    assert len(await notices(tenant, 6 * DAY)) == len(await tenant.cashier.all(Reminder)) == 1


async def test_who_canceled_is_told_of_no_renewal(tenant: Tenant) -> None:
    await tenant.cashier.change(await tenant.subscription(), cancel_at_period_end=True)
    assert await notices(tenant, 7 * DAY) == []


async def test_the_notice_names_the_plan_to_come_the_credit_and_that_no_card_will_do(
    tenant: Tenant,
) -> None:
    subscription: Subscription = await tenant.subscription()
    async with unit_of_work(tenant.cashier.resources.session_maker) as session:
        price = await current_price(session, "starter", Interval.YEAR)
        await add_credit(session, subscription.company_id, "TRY", 100_000)
    await tenant.cashier.change(subscription, pending_price_id=price.id, pending_since=now())
    card = await tenant.cashier.the(StoredCard)
    last = tenant.end.astimezone(ISTANBUL).replace(day=1) - DAY  # good until the month before the renewal
    await tenant.cashier.change(card, expiry_year=last.year, expiry_month=last.month)
    (letter,) = await notices(tenant, 7 * DAY)
    said = letter.context
    assert (said["plan_name"], said["plan_before"], said["interval"]) == ("Starter", "Team", "year")
    assert (said["total"], said["credit"], said["due"]) == (870_000, 100_000, 770_000)
    assert said["card"] is None
