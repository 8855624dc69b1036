"""A book in which everything that money does has happened, for the proof to look at."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.models import Account, CaseKind, Journal, OperatorCase, Order, Payment, Posting
from app.domain.billing.settlement.free import settle_with_credit
from app.domain.billing.settlement.held import apply_held
from app.domain.billing.settlement.service import Outcome
from app.domain.invoices.credit_notes import issue_credit_note
from app.domain.ledger.credits import add_credit
from app.domain.ledger.proof import find_breaks
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.domain.billing.card_desk import Desk
from tests.factories import Customer, make_customer
from tests.scenarios.shop import Shop
from tests.scenarios.till import PRICE, Till, open_till

SURCHARGE = 3_000
MONTH = timedelta(days=31)
AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


async def fill_the_book(resources: Resources) -> Till:
    """Let everything happen: instalments and a partial refund, a double payment given back, held money that
    pays its order, a card verified, a renewal paid with company credit, a page left open.
    """
    till = await open_till(resources, total=PRICE + SURCHARGE)
    await till.send(await till.ask(100_000))
    shop, at = till.shop, till.start
    await pay_twice(shop, await make_customer(resources.session_maker), at)
    await hold_and_apply(shop, await make_customer(resources.session_maker), at)
    await turn_into_credit(shop, till.customer, at)
    desk = Desk(replace(resources, gateway=till.gateway), await make_customer(resources.session_maker))
    desk.at = at
    await desk.add()
    await shop.open_frame(till.customer, at)
    return till


async def pay_twice(shop: Shop, customer: Customer, at: datetime) -> None:
    """Pay one order in two pages, and let the engine give the second payment back."""
    pages = [await shop.open_frame(customer, at) for _ in range(3)]
    for checkout in pages[:2]:
        shop.gateway.pay(checkout.payment.merchant_oid)
        await shop.report(checkout, at)
    for minutes in (2, 3):
        await shop.work(at + timedelta(minutes=minutes))


async def hold_and_apply(shop: Shop, customer: Customer, at: datetime) -> None:
    """Hold money whose message contradicts itself, then let it pay its order."""
    checkout = await shop.open_frame(customer, at)
    assert await shop.report(checkout, at, payment_amount=1) is Outcome.HELD
    async with unit_of_work(shop.resources.session_maker) as session:
        payment = await session.get_one(Payment, checkout.payment.id)
        payment.order = await session.get_one(Order, checkout.order.id)
        await apply_held(session, payment, settings=shop.resources.settings, at=at)
        case = await session.scalar(select(OperatorCase).where(OperatorCase.kind == CaseKind.AMOUNT_DIFFERS))
        assert case is not None
        case.decision, case.note, case.closed_at = "apply", "It is the order's amount.", at


async def turn_into_credit(shop: Shop, customer: Customer, at: datetime) -> None:
    """Buy the next month, take a part of it back as credit, and pay for the one after with credit alone."""
    later = await shop.buy(customer, at + timedelta(minutes=10))
    order = (await shop.open_frame(customer, at + timedelta(minutes=11))).order
    settings = shop.resources.settings
    async with unit_of_work(shop.resources.session_maker) as session:
        await issue_credit_note(
            session,
            order_id=later.order.id,
            amount=PRICE,
            reason="Not used",
            to=Account.COMPANY_CREDIT,
            refund_id=None,
            series=settings.credit_note_series,
            at=at + timedelta(minutes=11),
        )
        await add_credit(session, customer.company.id, "TRY", PRICE)
        (await session.get_one(Order, order.id)).credit = PRICE
    async with unit_of_work(shop.resources.session_maker) as session:
        assert await settle_with_credit(session, order.id, settings=settings, at=at + timedelta(minutes=12))


async def broken_rules(session: AsyncSession, at: datetime) -> Counter[str]:
    """Return how often each rule does not hold."""
    return Counter(finding.rule for finding in (await find_breaks(session, at=at)).found)


async def balances(session: AsyncSession) -> dict[str, int]:
    """Return what stands on each account of the whole book."""
    rows = await session.execute(
        text("SELECT account, sum(amount) FROM postings GROUP BY account HAVING sum(amount) <> 0")
    )
    return {account: int(amount) for account, amount in rows}


async def journals_of(session: AsyncSession, subject: object) -> dict[str, dict[str, int]]:
    """Return what is posted about one thing, by event and account."""
    rows = await session.execute(
        select(Journal.kind, Posting.account, Posting.amount)
        .join(Posting, Posting.journal_id == Journal.id)
        .where(Journal.subject == subject)
    )
    found: dict[str, dict[str, int]] = {}
    for kind, account, amount in rows:
        found.setdefault(kind.value, {})[account.value] = amount
    return found
