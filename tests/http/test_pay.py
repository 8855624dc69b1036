"""The page behind a payment link: no login, one order, nothing else."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest

from app.db.models import AuditEntry, Order, OrderStatus, Payment, PaymentStatus, SubscriptionStatus
from app.domain.billing.paylinks import GOOD_FOR, pay_path
from app.domain.payments.paytr.fake import InMemoryGateway
from app.lib.clock import now
from app.tasks.context import Resources
from tests.agreements import submit_agreed
from tests.conftest import Browser
from tests.factories import callback_form, send_callback
from tests.scenarios.cashier import Cashier
from tests.scenarios.tenant import Tenant, open_tenant


@dataclass
class Payer:
    """Somebody who was passed the link of a renewal that no card pays."""

    tenant: Tenant
    client: Browser
    order: Order
    path: str

    async def attempt(self) -> Payment:
        (payment,) = await self.tenant.attempts(self.order)
        return payment


@pytest.fixture
async def payer(resources: Resources, client: Browser) -> Payer:
    """A company whose month ended days ago, without a card; and a stranger with the link."""
    tenant = await open_tenant(Cashier(resources), card=False, start=now() - timedelta(days=33))
    await tenant.pass_time(now())
    order = await tenant.renewal()
    return Payer(tenant, client, order, pay_path(resources.settings, order, at=now()))


async def test_it_says_for_whom_what_and_how_much_and_nothing_of_the_account(payer: Payer) -> None:
    answer = await payer.client.get(payer.path, headers={"accept-language": "en"})
    assert answer.status_code == 200
    for told in ("Işık Yazılım", "Team", "₺2,970.00", "workspaces stop then"):
        assert told in answer.text
    assert payer.tenant.customer.email not in answer.text
    assert "Ada" not in answer.text
    for name, value in (
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex, nofollow"),
    ):
        assert answer.headers[name] == value


async def test_paying_by_the_link_renews_and_is_told_on_the_open_page(
    payer: Payer, resources: Resources
) -> None:
    assert isinstance(resources.gateway, InMemoryGateway)
    shown = await submit_agreed(payer.client, payer.path)
    payment = await payer.attempt()
    assert shown.status_code == 200
    assert f"gateway.invalid/odeme/guvenli/00000002{payment.merchant_oid}" in shown.text
    policy = shown.headers["content-security-policy"]
    assert "frame-src http://127.0.0.1:9" in policy
    fragment = {"hx-request": "true"}
    polled = re.search(r'hx-get="([^"]+)"', shown.text)
    assert polled is not None
    assert (await payer.client.get(polled[1], headers=fragment)).status_code == 204, "the frame stays"
    await send_callback(payer.client, callback_form(payment.merchant_oid, payment.amount))
    told = await payer.client.get(polled[1], headers=fragment)
    assert "<html" not in told.text
    assert "iframe" not in told.text
    subscription = await payer.tenant.subscription()
    assert subscription.status is SubscriptionStatus.ACTIVE
    assert subscription.current_period_start == payer.order.period_start
    started = [
        entry for entry in await payer.tenant.cashier.all(AuditEntry) if entry.subject == str(payment.id)
    ]
    assert [entry.actor for entry in started] == ["payment link", "paytr"]


async def test_while_a_charge_is_under_way_nothing_can_be_paid_beside_it(payer: Payer) -> None:
    card = await payer.tenant.add_card(now())
    charge = await payer.tenant.cashier.write_down_for(payer.order.id, card.id)
    assert charge.status is PaymentStatus.CREATED
    shown = await payer.client.get(payer.path, headers={"accept-language": "en"})
    assert "A payment for this order is under way." in shown.text
    assert '<form action="/pay/' not in shown.text
    refused = await submit_agreed(payer.client, payer.path)
    assert refused.status_code == 409
    assert len(await payer.tenant.attempts(payer.order)) == 1
    await payer.tenant.cashier.change(charge, status=PaymentStatus.FAILED)
    told = await payer.client.get(payer.path, headers={"hx-request": "true"})
    assert '<form action="/pay/' in told.text, "the open page offers it again by itself"


@pytest.mark.parametrize("status", [OrderStatus.CANCELED, OrderStatus.EXPIRED])
async def test_what_nobody_owes_any_more_is_a_calm_page_that_takes_no_money(
    payer: Payer, status: OrderStatus
) -> None:
    await payer.tenant.cashier.change(payer.order, status=status)
    shown = await payer.client.get(payer.path, headers={"accept-language": "en"})
    assert (shown.status_code, "does not have to be paid" in shown.text) == (200, True)
    assert (await submit_agreed(payer.client, payer.path)).status_code == 409
    assert await payer.tenant.attempts(payer.order) == []


async def test_a_link_that_was_changed_or_has_ended_shows_nothing(payer: Payer, resources: Resources) -> None:
    token = payer.path.rpartition("/")[2]
    body, _, signature = token.partition(".")
    for wrong in (f"{body[:-2]}AA.{signature}", f"{body}.{signature[:-1]}0x", body, "ş", "."):
        for answer in (
            await payer.client.get(f"/pay/{wrong}"),
            await submit_agreed(payer.client, f"/pay/{wrong}"),
        ):
            assert answer.status_code == 404, wrong
            assert "Team" not in answer.text
    old = pay_path(resources.settings, payer.order, at=now() - GOOD_FOR)
    assert (await payer.client.get(old)).status_code == (await payer.client.submit(old)).status_code == 410


async def test_when_paytr_does_not_answer_the_page_says_so_and_offers_another_try(
    payer: Payer, resources: Resources
) -> None:
    assert isinstance(resources.gateway, InMemoryGateway)
    resources.gateway.unreachable = True
    assert (await submit_agreed(payer.client, payer.path)).status_code == 503
    resources.gateway.unreachable = False
    assert (await submit_agreed(payer.client, payer.path)).status_code == 200
    first, second = await payer.tenant.attempts(payer.order)
    assert (first.status, second.status) == (PaymentStatus.UNKNOWN, PaymentStatus.WAITING)


async def test_the_way_back_leads_out_of_the_frame_to_the_same_page(payer: Payer) -> None:
    token = payer.path.rpartition("/")[2]
    back = await payer.client.get(f"/pay/return/{token}")
    assert f'href="/pay/{token}" target="_top"' in back.text
    assert "frame-ancestors 'self' http://127.0.0.1:9" in back.headers["content-security-policy"]
