"""What a company's people see of an unpaid renewal, and what they can do about it."""

from datetime import timedelta

import pytest

from app.db.models import PaymentStatus, Role
from app.lib.clock import now
from app.lib.i18n import format_datetime
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.cards import Buyer
from tests.conftest import Browser
from tests.factories import add_member
from tests.http.test_queries import LIMIT, counted
from tests.scenarios.cashier import Cashier
from tests.scenarios.tenant import DAY, Tenant, open_tenant


@pytest.fixture
async def tenant(resources: Resources) -> Tenant:
    """A company whose renewal was declined some days ago."""
    tenant = await open_tenant(Cashier(resources), start=now() - timedelta(days=33))
    day_zero = tenant.end + timedelta(hours=1)
    await tenant.pass_time(day_zero)
    await tenant.decline(day_zero)
    return tenant


async def test_the_timeline_has_the_engines_own_instants_and_pay_now_charges_the_card(
    tenant: Tenant, client: Browser
) -> None:
    await tenant.customer.log_in(client)
    with counted() as statements:
        shown = await client.get("/billing")
    assert len(statements) <= LIMIT, statements
    for day in (0, 2, 7, 14, 21):
        assert f'<time datetime="{(tenant.end + day * DAY).isoformat()}"' in shown.text
    assert (await submit_agreed(client, "/billing/renewal/charge")).status_code == 303
    *_, attempt = await tenant.attempts(await tenant.renewal())
    assert attempt.status is PaymentStatus.CREATED
    assert (await tenant.subscription()).charge_attempts == 1, "what somebody wishes is no scheduled attempt"
    again = await submit_agreed(client, "/billing/renewal/charge")
    assert again.status_code == 409, "while one is under way nothing else is charged"
    fragment = await client.get("/billing?block=dunning", headers={"hx-request": "true"})
    assert "/billing/renewal/charge" not in fragment.text


async def test_everybody_reads_what_comes_and_only_those_who_pay_are_led_there(
    tenant: Tenant, client: Browser, resources: Resources
) -> None:
    developer = await add_member(resources.session_maker, tenant.customer, Role.DEVELOPER)
    await tenant.customer.log_in(client)
    stops_at = format_datetime(tenant.end + 7 * DAY, "tr")
    page = await client.get("/dashboard")
    assert 'class="notice notice-warn banner"' in page.text
    assert stops_at in page.text
    await client.submit("/logout")
    await developer.log_in(client)
    page = await client.get("/workspaces")
    assert 'class="notice notice-warn banner"' in page.text
    assert 'href="/billing"' not in page.text


async def test_a_card_that_is_added_is_charged_at_once_and_only_once(
    tenant: Tenant, client: Browser, resources: Resources
) -> None:
    await tenant.customer.log_in(client)
    card = await Buyer(resources, client, tenant.customer).add(last_four="0001")
    attempts = await tenant.attempts(await tenant.renewal())
    assert [attempt.card_id for attempt in attempts][1:] == [card.id]
    assert attempts[-1].is_undecided
    await tenant.pass_time(now() + timedelta(hours=1))
    assert len(await tenant.attempts(await tenant.renewal())) == 2
