"""One company's months, told in the words of its owner, its bank and its accountant.

Every moment at which something is due is lived through, in Türkiye's time; PayTR tells what was paid as soon
as it can.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.db.models import EmailMessage, Invoice, InvoiceKind, Payment, Subscription
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from app.lib.clock import ISTANBUL
from tests.engine.dealings import ANSWERS, Dealings
from tests.engine.truths import assert_book_holds, assert_books_are_equal
from tests.engine.world import World
from tests.factories import make_customer, make_operator
from tests.scenarios.books import balances
from tests.scenarios.cashier import Cashier


def moment(text: str) -> datetime:
    """Return an instant of Türkiye: `2027-01-31` is noon of that day, unless a time follows."""
    day, _, time = text.partition(" ")
    return datetime.fromisoformat(f"{day}T{time or '12:00'}").replace(tzinfo=ISTANBUL)


def day(instant: datetime) -> str:
    """Return the day in Türkiye."""
    return instant.astimezone(ISTANBUL).date().isoformat()


@dataclass
class Story:
    """A company on its way through time."""

    world: World
    company: Dealings
    read: int = 0
    """How many letters have been read."""

    async def until(self, text: str) -> None:
        """Live until then: whatever is due is done in its moment, and PayTR tells what it has taken."""
        then = moment(text)
        await self.world.wait(timedelta())
        await self.tell()
        while (due := await self.world.next_due()) and due <= then:
            await self.world.wait(due - self.world.at)
            await self.tell()
        self.world.at = max(self.world.at, then)

    def bank_says(self, answer: str) -> None:
        """Let the bank answer every further charge of the company's cards so: `paid`, `declined`, ..."""
        gateway = self.world.cashier.gateway
        for user_token, cards in gateway.cards.items():
            for card_token in cards:
                gateway.answer_charges(user_token, card_token, **ANSWERS[answer])

    async def tell(self) -> None:
        """Let PayTR report what was paid and not reported."""
        attempts = self.world.cashier.gateway.attempts
        for payment in await self.world.cashier.all(Payment):
            attempt = attempts.get(payment.merchant_oid)
            if payment.is_undecided and attempt and attempt.total is not None:
                await self.company.report(payment)

    async def documents(self) -> list[str]:
        """Return the documents in the order of their issue: number, day, kuruş and the days they are for."""
        documents: list[Invoice] = await self.world.cashier.all(Invoice)
        return [
            f"{one.number} {day(one.issued_at)} {'' if one.kind is InvoiceKind.INVOICE else '-'}{one.total}"
            f" {day(one.period_start)}/{day(one.period_end)}"
            for one in documents
        ]

    async def accounts(self) -> dict[str, int]:
        """Return what stands on each account, in kuruş; every rule holds and PayTR's book says the same."""
        async with self.world.cashier.resources.session_maker() as session:
            await assert_book_holds(session, self.world)
            await assert_books_are_equal(session, self.world)
            return await balances(session)

    async def standing(self) -> str:
        """Return plan, state and the days of the period."""
        now: Subscription = await self.world.cashier.the(Subscription)
        days = [day(instant) for instant in (now.current_period_start, now.current_period_end) if instant]
        return f"{now.plan_code} {now.status} {'/'.join(days)}".strip()

    async def may_work(self) -> bool:
        """Say whether the company's workspaces may run at this moment."""
        async with self.world.cashier.resources.session_maker() as session:
            subscription = await newest_subscription(session, self.company.customer.company.id)
            return entitlement_of(subscription, self.world.at).may_run_workspaces

    async def letters(self) -> list[str]:
        """Return what was written to the company since it was asked last, oldest first."""
        mails: list[EmailMessage] = await self.world.cashier.all(EmailMessage)
        new, self.read = mails[self.read :], len(mails)
        return [mail.template for mail in new]


async def begin(cashier: Cashier, on: str, *, plan: str = "team") -> Story:
    """Let a company sign up; its trial begins. Runs of the scheduled work are nobody's concern here."""
    alone = Cashier(replace(cashier.resources, keeps_runs=False, rows_at_once=1))
    sessions = alone.resources.session_maker
    world = World(alone, await make_operator(sessions), moment(on))
    customer = await make_customer(sessions, plan=plan, at=world.at)
    return Story(world, Dealings(world, customer))
