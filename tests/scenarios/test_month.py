"""A company's months: trial, payment, renewal, a declined card, a lapse and a return."""

from datetime import UTC, datetime, timedelta

from app.db.models import EmailMessage, Invoice, OperatorCase, Payment, Subscription, SubscriptionStatus
from app.domain.billing.settlement.service import Outcome
from app.domain.subscriptions.entitlement import entitlement_of
from app.domain.subscriptions.queries import newest_subscription
from tests.factories import Customer, make_customer
from tests.scenarios.shop import Shop

SOON = timedelta(minutes=2)
SIGN_UP = datetime(2027, 1, 10, 9, 0, tzinfo=UTC)
FIRST = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)
RENEWAL = datetime(2027, 2, 25, 8, 30, tzinfo=UTC)
RETURN = datetime(2027, 4, 10, 17, 45, tzinfo=UTC)


async def may_run(shop: Shop, customer: Customer, at: datetime) -> bool:
    async with shop.resources.session_maker() as session:
        return entitlement_of(await newest_subscription(session, customer.company.id), at).may_run_workspaces


async def period(shop: Shop) -> tuple[datetime, datetime]:
    subscription = await shop.the(Subscription)
    return subscription.current_period_start, subscription.current_period_end


async def test_three_months_of_a_company(shop: Shop) -> None:
    customer = await make_customer(shop.resources.session_maker, language="en", at=SIGN_UP)
    await shop.work(SIGN_UP + SOON)
    assert await may_run(shop, customer, SIGN_UP + timedelta(days=13, hours=23))
    assert not await may_run(shop, customer, SIGN_UP + timedelta(days=14))

    await shop.buy(customer, FIRST)
    february = datetime(2027, 2, 28, 12, 0, tzinfo=UTC)
    assert await period(shop) == (FIRST, february)
    await shop.work(FIRST + SOON)
    assert await may_run(shop, customer, february - timedelta(seconds=1))

    declined = await shop.open_frame(customer, RENEWAL - timedelta(hours=1))
    outcome = await shop.report(
        declined, RENEWAL - timedelta(minutes=50), status="failed", total_amount=0, failed_reason_code="10"
    )
    assert outcome is Outcome.DECLINED
    assert await period(shop) == (FIRST, february)
    await shop.buy(customer, RENEWAL)
    march = datetime(2027, 3, 31, 12, 0, tzinfo=UTC)
    assert await period(shop) == (FIRST, march), "paying early loses no day, and the 31st comes back"
    await shop.work(RENEWAL + SOON)

    assert await may_run(shop, customer, march), "a renewal that comes late stops nobody"
    assert not await may_run(shop, customer, RETURN - timedelta(seconds=1))
    await shop.buy(customer, RETURN)
    assert await period(shop) == (RETURN, datetime(2027, 5, 10, 17, 45, tzinfo=UTC))
    assert await may_run(shop, customer, RETURN)
    await shop.work(RETURN + SOON)

    invoices = await shop.all(Invoice)
    assert [invoice.number for invoice in invoices] == [f"TZG2027{n:09d}" for n in (1, 2, 3)]
    assert [(invoice.period_start, invoice.period_end) for invoice in invoices] == [
        (FIRST, february),
        (february, march),
        (RETURN, datetime(2027, 5, 10, 17, 45, tzinfo=UTC)),
    ]
    assert {(i.net, i.vat, i.total) for i in invoices} == {(247_500, 49_500, 297_000)}
    assert all(invoice.pdf_rendered_at is not None for invoice in invoices)
    mails = await shop.all(EmailMessage)
    assert all(mail.sent_at is not None for mail in mails)
    sent = [mail.template for mail in mails]
    assert sent == ["welcome", *("payment_receipt", "payment_failed", *["payment_receipt"] * 2)]
    assert len(shop.mailer.messages) == len(mails)
    attached = [part.get_filename() for letter in shop.mailer.messages for part in letter.iter_attachments()]
    assert attached == [f"{invoice.number}.pdf" for invoice in invoices]
    assert await shop.all(OperatorCase) == []
    assert (await shop.the(Subscription)).status is SubscriptionStatus.ACTIVE
    assert all(payment.next_inquiry_at is None for payment in await shop.all(Payment))
