"""A trial that goes on as a paid plan: agreed to on the page, charged once, ended when declined."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from app.db.models import (
    AuditEntry,
    EmailMessage,
    Interval,
    LedgerBreak,
    Order,
    Payment,
    PaymentStatus,
    PlanPrice,
    StoredCard,
    Subscription,
    SubscriptionStatus,
)
from app.domain.billing.charging.service import send_charge
from app.domain.billing.settlement.service import Outcome
from app.domain.billing.trials.conversion import choose_conversion
from app.domain.ledger.rules import PARKING
from app.domain.plans.queries import current_price
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.lib.clock import now
from app.lib.errors import DomainError
from app.lib.uow import unit_of_work
from app.tasks.trials import SWEEPS
from tests.conftest import Browser
from tests.factories import Customer, make_customer
from tests.scenarios.cashier import Cashier, stored_card
from tests.scenarios.tenant import DAY, DECLINED, MINUTE

ADDRESS = "/billing/subscription/conversion"
S = SubscriptionStatus


@dataclass
class Trial:
    """A company in its trial, with a card."""

    cashier: Cashier
    customer: Customer
    card: StoredCard

    async def agree(self, interval: Interval = Interval.MONTH) -> None:
        price = await self.price(interval)
        async with unit_of_work(self.cashier.resources.session_maker) as session:
            viewer = await self.customer.viewer(session)
            await choose_conversion(session, viewer, str(price.id), at=now())

    async def price(self, interval: Interval = Interval.MONTH) -> PlanPrice:
        async with self.cashier.resources.session_maker() as session:
            return await current_price(session, "team", interval)

    async def subscription(self) -> Subscription:
        async with self.cashier.resources.session_maker() as session:
            subscription = await newest_subscription(session, self.customer.company.id)
        assert subscription is not None
        return subscription

    async def check(self, after: timedelta = timedelta()) -> None:
        """Run the trial check so long after the trial's end."""
        tally = await SWEEPS["trial_check"](self.cashier.resources, await self.end() + after)
        assert tally.failed == 0

    async def end(self) -> datetime:
        ends_at = (await self.subscription()).trial_ends_at
        assert ends_at is not None
        return ends_at

    async def leave(self, after: timedelta = timedelta()) -> Payment:
        """Let the charge that was written down leave; return it with what PayTR answered."""
        at = await self.end() + after
        payment: Payment = await self.cashier.the(Payment)
        resources = self.cashier.resources
        self.cashier.gateway.clock = lambda: at
        await send_charge(
            resources.session_maker, self.cashier.gateway, resources.settings, payment.id, at=at
        )
        charged: Payment = await self.cashier.the(Payment)
        return charged

    async def letters(self) -> list[str]:
        mails: list[EmailMessage] = await self.cashier.all(EmailMessage)
        return [mail.template for mail in mails if mail.template != "welcome"]


@pytest.fixture
async def trial(cashier: Cashier) -> Trial:
    """A trial of Team that began a week ago, with a good card."""
    begun = now() - 7 * DAY
    customer = await make_customer(cashier.resources.session_maker, at=begun)
    tokens, keys = cashier.gateway.keep_card(), cashier.resources.settings.keys
    card = stored_card(customer, tokens, keys, begun, is_default=True)
    async with unit_of_work(cashier.resources.session_maker) as session:
        session.add(card)
    return Trial(cashier, customer, card)


async def test_what_was_agreed_to_is_charged_once_and_goes_on_without_a_break(trial: Trial) -> None:
    await trial.agree()
    await trial.check(-MINUTE)
    assert await trial.cashier.all(Order) == []
    await trial.check()
    await trial.check(MINUTE)  # undecided: nothing more happens, and nobody is stopped
    payment = await trial.leave(MINUTE)
    subscription = await trial.subscription()
    assert (payment.status, payment.amount) == (PaymentStatus.WAITING, 297_000)
    assert subscription.status is S.TRIALING
    end = await trial.end()
    assert entitlement_of(subscription, end + DAY).may_run_workspaces
    assert not entitlement_of(subscription, end + 8 * DAY).may_run_workspaces
    assert await trial.cashier.callback(payment, end + 2 * MINUTE) is Outcome.APPLIED
    subscription = await trial.subscription()
    assert (subscription.status, subscription.converts_at_trial_end) == (S.ACTIVE, False)
    assert (subscription.pending_price_id, subscription.charge_attempts) == (None, 0)
    assert subscription.current_period_start == end + 2 * MINUTE
    await trial.check(DAY)
    order = await trial.cashier.the(Order)
    assert (order.kind, order.status, order.explanation[0]["step"]) == ("purchase", "paid", "price")
    assert "trial_ended" not in await trial.letters()


async def test_a_declined_charge_ends_the_trial_and_is_told(trial: Trial) -> None:
    await trial.agree(Interval.YEAR)
    await trial.check()
    payment = await trial.leave()
    assert await trial.cashier.callback(payment, await trial.end() + MINUTE, **DECLINED) is Outcome.DECLINED
    await trial.check(2 * MINUTE)
    subscription = await trial.subscription()
    assert (subscription.status, subscription.converts_at_trial_end) == (S.SUSPENDED, False)
    assert subscription.data_kept_until == await trial.end() + 2 * MINUTE + 30 * DAY
    assert (await trial.letters())[-2:] == ["payment_failed", "trial_ended"]
    last = (await trial.cashier.all(EmailMessage))[-1]
    assert last.context["was_to_be_charged"] is True
    assert len(await trial.cashier.all(Payment)) == 1


async def test_without_a_fit_card_at_the_end_nothing_is_charged(trial: Trial) -> None:
    await trial.agree()
    await trial.cashier.change(trial.card, refused_at=now())
    await trial.check()
    assert await trial.cashier.all(Order) == []
    assert (await trial.subscription()).status is S.SUSPENDED


async def test_nothing_is_charged_or_ended_while_the_books_do_not_agree(trial: Trial) -> None:
    await trial.agree()
    broken = LedgerBreak(
        company_id=trial.customer.company.id,
        rule=PARKING[0],
        subject=str(trial.customer.company.id),
        rows=[],
        found_at=now(),
    )
    async with unit_of_work(trial.cashier.resources.session_maker) as session:
        session.add(broken)
    await trial.check()
    assert await trial.cashier.all(Order) == []
    assert (await trial.subscription()).status is S.TRIALING
    await trial.cashier.change(broken, mended_at=now())
    await trial.check(MINUTE)
    assert (await trial.cashier.the(Payment)).status is PaymentStatus.CREATED


async def test_a_price_that_is_published_later_changes_nothing_about_what_was_agreed(trial: Trial) -> None:
    agreed = await trial.price()
    await trial.agree()
    try:
        await trial.cashier.change(agreed, superseded_at=now())
        await trial.check()
        assert (await trial.cashier.the(Order)).price_id == agreed.id
    finally:
        await trial.cashier.change(agreed, superseded_at=None)


async def test_agreeing_shows_price_day_and_card_and_can_be_taken_back(trial: Trial, client: Browser) -> None:
    await trial.customer.log_in(client)
    page = (await client.get("/billing")).text
    assert f'action="{ADDRESS}"' in page
    assert "2.970,00 ₺" in page
    assert "4358" in page
    price = await trial.price()
    assert (await client.submit(ADDRESS, price=str(price.id))).status_code == 303
    page = (await client.get("/billing")).text
    assert f'action="{ADDRESS}/end"' in page
    assert (await client.submit(f"{ADDRESS}/end")).status_code == 303
    await trial.check()
    assert await trial.cashier.all(Order) == []
    assert (await trial.subscription()).status is S.SUSPENDED
    entries: list[AuditEntry] = await trial.cashier.all(AuditEntry)
    chosen = next(entry for entry in entries if entry.action == "trial.conversion_chosen")
    assert (chosen.facts["gross"], chosen.facts["card"]) == (297_000, "4358")
    assert "trial.conversion_taken_back" in [entry.action for entry in entries]


async def test_what_cannot_be_agreed_to_is_refused_at_its_form(trial: Trial, client: Browser) -> None:
    await trial.customer.log_in(client)
    async with trial.cashier.resources.session_maker() as session:
        foreign = await current_price(session, "enterprise", Interval.MONTH)
    for price in (str(foreign.id), "nonsense", ""):
        answer = await client.submit(ADDRESS, price=price)
        assert answer.status_code == 422
        assert "Aylık ya da yıllık seçin" in answer.text
    await trial.cashier.change(trial.card, requires_cvv=True)
    assert ADDRESS not in (await client.get("/billing")).text
    assert (await client.submit(ADDRESS, price=str((await trial.price()).id))).status_code == 409
    assert not (await trial.subscription()).converts_at_trial_end


async def test_a_card_whose_trial_elsewhere_ended_unpaid_gets_no_second_one_but_may_pay(trial: Trial) -> None:
    sessions, at = trial.cashier.resources.session_maker, now()
    keys = trial.cashier.resources.settings.keys
    other = await make_customer(sessions, at=at - 30 * DAY)
    async with unit_of_work(sessions) as session:
        session.add(stored_card(other, trial.cashier.gateway.keep_card(), keys, at))
    with pytest.raises(DomainError, match="has had its free trial with another company"):
        await trial.agree()
    assert (await trial.subscription()).status is S.TRIALING
    await trial.cashier.buy(other, at)
    await trial.agree()
    assert (await trial.subscription()).converts_at_trial_end, "who has paid is held against nobody"
