"""Months of one company, as its accountant could read them: what happened, and what the books say at the end.

Amounts are in kuruş. PayTR keeps 2.99 % of every payment. A month of Starter costs 87,000, of Team 297,000
(247,500 and 49,500 VAT), of Enterprise 897,000.
"""

from tests.scenarios.cashier import Cashier
from tests.scenarios.story import begin


async def test_a_trial_becomes_a_customer_who_is_declined_suspended_and_recovers(cashier: Cashier) -> None:
    story = await begin(cashier, "2027-01-10 10:00")
    await story.until("2027-01-17")
    assert (await story.standing(), await story.letters()) == ("team trialing", ["welcome", "trial_ends"])
    await story.company.buy("team", "month", "paid")
    await story.company.keep_card("paid")
    await story.until("2027-02-18")
    assert await story.standing() == "team active 2027-02-17/2027-03-17"
    assert await story.letters() == ["renewal_notice"]

    story.bank_says("declined")
    await story.until("2027-03-23")
    assert await story.standing() == "team past_due 2027-02-17/2027-03-17"
    assert await story.may_work()
    await story.until("2027-03-25")
    assert await story.standing() == "team suspended 2027-02-17/2027-03-17"
    assert not await story.may_work()
    assert await story.letters() == [
        *("renewal_notice", "payment_failed", "payment_failed", "suspension_near", "payment_failed"),
        "subscription_suspended",
    ]

    await story.company.keep_card("paid")
    await story.until("2027-04-26")
    assert await story.standing() == "team active 2027-04-25/2027-05-25"
    assert await story.may_work()
    assert await story.documents() == [
        "TZG2027000000001 2027-01-17 297000 2027-01-17/2027-02-17",
        "TZG2027000000002 2027-02-17 297000 2027-02-17/2027-03-17",
        "TZG2027000000003 2027-03-25 297000 2027-03-25/2027-04-25",
        "TZG2027000000004 2027-04-25 297000 2027-04-25/2027-05-25",
    ]
    assert await story.accounts() == {
        "paytr_clearing": 4 * 297_000 - 4 * 8_880,
        "commission": 4 * 8_880,
        "revenue": -4 * 247_500,
        "vat_payable": -4 * 49_500,
    }


async def test_upgrade_upgrade_downgrade_cancel_resume_and_leave(cashier: Cashier) -> None:
    story = await begin(cashier, "2027-05-20 10:00", plan="starter")
    await story.until("2027-06-01")
    await story.company.buy("starter", "month", "paid")
    await story.company.keep_card("paid")
    await story.until("2027-06-16")
    await story.company.change("team", "month", by_card=True)
    await story.until("2027-06-24")
    await story.company.change("enterprise", "month", by_card=True)
    await story.until("2027-06-26")
    await story.company.change("starter", "month", by_card=True)
    assert await story.standing() == "enterprise active 2027-06-01/2027-07-01"
    await story.until("2027-07-10")
    assert await story.standing() == "starter active 2027-07-01/2027-08-01"

    await story.company.cancel("later")
    await story.until("2027-07-20")
    await story.company.cancel("resume")
    await story.until("2027-08-10")
    await story.company.cancel("later")
    await story.until("2027-09-03")
    assert await story.standing() == "starter canceled 2027-08-01/2027-09-01"
    assert not await story.may_work()
    assert story.company.refused == 0
    assert (await story.letters())[-5:] == [
        *("cancellation_noted", "cancellation_undone", "renewal_notice", "cancellation_noted"),
        "subscription_canceled",
    ]
    assert await story.documents() == [
        "TZG2027000000001 2027-06-01 87000 2027-06-01/2027-07-01",
        "TZG2027000000002 2027-06-16 105000 2027-06-16/2027-07-01",  # 210,000 × 15 of 30 days
        "TZG2027000000003 2027-06-24 140000 2027-06-24/2027-07-01",  # 600,000 × 7 of 30 days
        "TZG2027000000004 2027-07-01 87000 2027-07-01/2027-08-01",
        "TZG2027000000005 2027-08-01 87000 2027-08-01/2027-09-01",
    ]
    sold, kept = 506_000, 3 * 2_601 + 3_140 + 4_186
    assert await story.accounts() == {
        "paytr_clearing": sold - kept,
        "commission": kept,
        "revenue": -421_667,  # 3 × 72,500 + 87,500 + 116,667
        "vat_payable": -84_333,
    }


async def test_who_pays_while_suspended_begins_anew_that_day(cashier: Cashier) -> None:
    story = await begin(cashier, "2027-01-10 10:00")
    await story.company.buy("team", "month", "paid")
    await story.until("2027-02-26")
    assert await story.standing() == "team suspended 2027-01-10/2027-02-10"
    await story.company.pay_by_link(0, "paid")
    assert await story.standing() == "team active 2027-02-26/2027-03-26"
    assert await story.may_work()
    await story.until("2027-04-20")
    assert await story.standing() == "team canceled 2027-02-26/2027-03-26"
    assert await story.letters() == [
        *("welcome", "renewal_notice", "renewal_due", "suspension_near", "subscription_suspended"),
        *("renewal_notice", "renewal_due", "suspension_near", "subscription_suspended"),
        *("cancellation_near", "subscription_canceled"),
    ]
    assert await story.documents() == [
        "TZG2027000000001 2027-01-10 297000 2027-01-10/2027-02-10",
        "TZG2027000000002 2027-02-26 297000 2027-02-26/2027-03-26",
    ]
    assert await story.accounts() == {
        "paytr_clearing": 2 * 297_000 - 2 * 8_880,
        "commission": 2 * 8_880,
        "revenue": -2 * 247_500,
        "vat_payable": -2 * 49_500,
    }


async def test_money_reported_after_the_cancellation_buys_nothing_and_goes_back(cashier: Cashier) -> None:
    story = await begin(cashier, "2027-03-01 10:00")
    await story.company.buy("team", "month", "paid")
    await story.company.keep_card("waits")
    await story.until("2027-04-01 10:10")
    assert await story.standing() == "team past_due 2027-03-01/2027-04-01"
    await story.company.cancel("now")
    await story.company.pay(0)
    await story.company.tell(0)
    assert await story.standing() == "team canceled 2027-03-01/2027-04-01"
    assert (await story.accounts())["refunds_payable"] == -297_000, "not ours, and not given back yet"
    await story.until("2027-05-05")
    assert await story.standing() == "team canceled 2027-03-01/2027-04-01"
    assert (await story.letters())[-2:] == ["subscription_ended_now", "refund_sent"]
    assert await story.documents() == ["TZG2027000000001 2027-03-01 297000 2027-03-01/2027-04-01"]
    assert await story.accounts() == {
        "paytr_clearing": 297_000 - 2 * 8_880,
        "commission": 2 * 8_880,
        "revenue": -247_500,
        "vat_payable": -49_500,
    }


async def test_a_month_paid_twice_is_sold_once_and_the_second_payment_goes_back(cashier: Cashier) -> None:
    story = await begin(cashier, "2027-03-01 10:00")
    await story.company.buy("team", "month", "paid")
    await story.until("2027-04-03")
    for _ in range(2):
        await story.company.pay_by_link(0, "lost")
    await story.tell()
    assert (await story.accounts())["refunds_payable"] == -297_000
    await story.until("2027-04-30")
    assert await story.standing() == "team active 2027-04-01/2027-05-01"
    assert (await story.letters())[-3:] == ["renewal_due", "refund_sent", "renewal_notice"]
    assert await story.documents() == [
        "TZG2027000000001 2027-03-01 297000 2027-03-01/2027-04-01",
        "TZG2027000000002 2027-04-03 297000 2027-04-01/2027-05-01",
    ]
    assert await story.accounts() == {
        "paytr_clearing": 2 * 297_000 - 3 * 8_880,
        "commission": 3 * 8_880,
        "revenue": -2 * 247_500,
        "vat_payable": -2 * 49_500,
    }


async def test_the_last_day_of_the_month_comes_back_and_the_new_year_counts_from_one(
    cashier: Cashier,
) -> None:
    story = await begin(cashier, "2027-10-20 10:00", plan="starter")
    await story.until("2027-10-31")
    await story.company.buy("starter", "month", "paid")
    await story.company.keep_card("paid")
    await story.until("2028-04-05")
    await story.company.give_back(0, 100)
    await story.until("2028-04-06")
    assert await story.documents() == [
        "TZG2027000000001 2027-10-31 87000 2027-10-31/2027-11-30",
        "TZG2027000000002 2027-11-30 87000 2027-11-30/2027-12-31",
        "TZG2027000000003 2027-12-31 87000 2027-12-31/2028-01-31",
        "TZG2028000000001 2028-01-31 87000 2028-01-31/2028-02-29",
        "TZG2028000000002 2028-02-29 87000 2028-02-29/2028-03-31",
        "TZG2028000000003 2028-03-31 87000 2028-03-31/2028-04-30",
        "TZI2028000000001 2028-04-05 -87000 2028-03-31/2028-04-30",
    ]
    assert await story.accounts() == {
        "paytr_clearing": 5 * 87_000 - 6 * 2_601,
        "commission": 6 * 2_601,
        "revenue": -5 * 72_500,
        "vat_payable": -5 * 14_500,
    }
