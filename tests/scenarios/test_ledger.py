"""The book: it holds after everything that money does, and the database refuses what must never be in it."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.cli import main
from app.db.models import LedgerBreak, LedgerProof, Payment
from app.domain.ledger import entries
from app.domain.ledger.posting import post, post_once
from app.domain.ledger.proof import Parked, is_parked, prove
from app.domain.ledger.rules import BY_KEY, RULES
from app.lib.clock import now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources
from tests.factories import make_customer, pay
from tests.scenarios.books import SURCHARGE, balances, broken_rules, fill_the_book, journals_of
from tests.scenarios.cashier import Cashier, Debtor
from tests.scenarios.till import PRICE, Till, open_till

Maker = async_sessionmaker[AsyncSession]
LATER = timedelta(minutes=20)
UNGUARDED = ("SET LOCAL session_replication_role = replica", "DROP INDEX uq_payments_succeeded_order")
"""Lets a test write what triggers and keys refuse; it ends with the transaction, which is undone."""
STRAY = """
WITH journal AS (
    INSERT INTO journals (id, kind, subject, company_id, currency, at)
    SELECT gen_random_uuid(), 'write_off', gen_random_uuid(), company_id, currency, at
      FROM journals LIMIT 1 RETURNING id)
INSERT INTO postings (journal_id, account, amount)
SELECT id, part.account, part.amount
  FROM journal, (VALUES ('{account}', 1), ('write_off', -1)) AS part (account, amount)
"""
NOBODYS = """
UPDATE journals SET subject = gen_random_uuid()
 WHERE id = (SELECT id FROM journals WHERE kind = '{kind}' LIMIT 1)
"""
OPEN_ORDER = "(SELECT id FROM orders WHERE status = 'open' LIMIT 1)"
WHOLE = "(SELECT id FROM invoices WHERE kind = 'invoice' AND credited = 0 LIMIT 1)"
SPOILS = {
    "journals_balance": """
        INSERT INTO journals (id, kind, subject, company_id, currency, at)
        SELECT gen_random_uuid(), 'write_off', gen_random_uuid(), company_id, currency, at
          FROM journals LIMIT 1
    """,
    "sales_posted": NOBODYS.format(kind="sale"),
    "payments_posted": NOBODYS.format(kind="payment"),
    "refunds_posted": NOBODYS.format(kind="refund"),
    "credit_notes_posted": NOBODYS.format(kind="credit_note"),
    "credit_used_posted": NOBODYS.format(kind="credit_used"),
    "write_offs_posted": """
        WITH run AS (
            INSERT INTO reconciliation_runs (id, day, started_at, finished_at, sales_count, refund_count,
                                             totals, difference_count)
            VALUES (gen_random_uuid(), '2026-01-01', now(), now(), 0, 0, '{}', 1) RETURNING id),
        difference AS (
            INSERT INTO reconciliation_differences (id, run_id, position, cause, kind, currency, ours, theirs,
                                                    facts)
            SELECT gen_random_uuid(), id, 1, 'total', 'total', 'TRY', 2, 1,
                   jsonb_build_object('check', 'balance')
              FROM run)
        INSERT INTO operator_cases (id, kind, subject, facts, opened_at, decision, closed_at)
        VALUES (gen_random_uuid(), 'reconciliation_differs', '2026-01-01', '{}', now(), 'write_off', now())
    """,
    "paid_once": """
        UPDATE payments SET status = 'succeeded', succeeded_at = now(), collected = 0, amount = 0
         WHERE status = 'created' AND order_id IN (SELECT id FROM orders WHERE status = 'paid')
    """,
    "paid_in_full": f"""
        UPDATE payments SET order_id = {OPEN_ORDER}
         WHERE id = (SELECT id FROM payments WHERE status = 'succeeded' AND NOT is_surplus LIMIT 1)
    """,  # noqa: S608 constants of this module only
    "orders_invoiced": f"UPDATE invoices SET order_id = {OPEN_ORDER} WHERE id = {WHOLE}",  # noqa: S608 constants of this module only
    "lines_add_up": f"UPDATE invoice_lines SET net = net + 1, vat = vat - 1 WHERE invoice_id = {WHOLE}",  # noqa: S608 constants of this module only
    "credit_notes_add_up": f"UPDATE invoices SET credited = 1 WHERE id = {WHOLE}",  # noqa: S608 constants of this module only
    "refunds_credited": """
        UPDATE invoices SET refund_id = (
            SELECT r.id FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.is_surplus)
         WHERE refund_id IS NOT NULL
    """,
    "numbers_are_gapless": "UPDATE invoice_counters SET last_number = last_number + 1 WHERE last_number > 2",
    "receivable": STRAY.format(account="receivable"),
    "clearing": STRAY.format(account="paytr_clearing"),
    "commission": STRAY.format(account="commission"),
    "revenue": STRAY.format(account="revenue"),
    "vat": STRAY.format(account="vat_payable"),
    "company_credit": "UPDATE company_credits SET balance = balance + 1",
    "refunds_payable": STRAY.format(account="refunds_payable"),
    "values_charged": """
        UPDATE plan_slices SET gross = gross + 1 WHERE id = (SELECT id FROM plan_slices LIMIT 1)
    """,
    "undecided_has_a_case": """
        UPDATE payments SET expires_at = expires_at - interval '3 days'
         WHERE id = (SELECT id FROM payments WHERE status = 'created' LIMIT 1)
    """,
    "active_is_paid": """
        UPDATE subscriptions SET current_period_start = current_period_start - interval '2 years',
                                 current_period_end = current_period_end - interval '2 years'
         WHERE id = (SELECT id FROM subscriptions WHERE status = 'active' LIMIT 1)
    """,
    "paid_is_not_stopped": """
        UPDATE subscriptions SET status = 'suspended'
         WHERE id = (SELECT id FROM subscriptions WHERE status = 'active' LIMIT 1)
    """,
}


@pytest.fixture
async def filled(resources: Resources) -> Till:
    return await fill_the_book(resources)


async def test_after_everything_that_money_does_every_rule_holds(filled: Till, session_maker: Maker) -> None:
    at = filled.start + LATER
    async with session_maker() as session:
        assert await broken_rules(session, at) == {}
        stands = await balances(session)
    assert stands["revenue"] + stands["vat_payable"] == 100_000 - 4 * PRICE
    assert stands["paytr_clearing"] + stands["commission"] == 4 * PRICE - 100_000
    assert set(stands) == {"revenue", "vat_payable", "paytr_clearing", "commission"}


async def test_each_rule_is_broken_by_what_contradicts_it_and_by_nothing_else(
    filled: Till, session_maker: Maker
) -> None:
    assert set(SPOILS) == set(BY_KEY)
    found = {}
    for rule, spoil in SPOILS.items():
        async with session_maker() as session:
            for statement in (*UNGUARDED, spoil):
                await session.execute(text(statement))
            found[rule] = set(await broken_rules(session, filled.start + LATER))
            await session.rollback()
    assert found == {rule: {rule} for rule in SPOILS}


async def test_a_refund_above_the_price_posts_the_surcharge_as_commission(resources: Resources) -> None:
    till = await open_till(resources, total=PRICE + SURCHARGE)
    refund = await till.send(await till.ask(PRICE + SURCHARGE))
    payment = await till.payment()
    async with resources.session_maker() as session:
        assert (await journals_of(session, refund.id))["refund"] == {
            "refunds_payable": PRICE,
            "commission": SURCHARGE,
            "paytr_clearing": -PRICE - SURCHARGE,
        }
        assert (await journals_of(session, payment.id))["payment"] == {
            "paytr_clearing": PRICE + SURCHARGE,
            "commission": -SURCHARGE,
            "receivable": -PRICE,
        }
        assert await broken_rules(session, till.start) == {}
        assert await balances(session) == {}


async def test_what_paytr_keeps_is_posted_once_however_often_it_is_told(
    filled: Till, session_maker: Maker
) -> None:
    payment = (await filled.shop.all(Payment))[0]
    again = entries.commission(payment.id, amount=1)
    async with unit_of_work(session_maker) as session:
        told = (await journals_of(session, payment.id))["commission"]
        await post_once(session, again, company_id=payment.company_id, currency="TRY", at=filled.start)
    async with session_maker() as session:
        assert (await journals_of(session, payment.id))["commission"] == told
    assert told["commission"] == -told["paytr_clearing"] > 0


async def test_an_event_of_a_thing_is_posted_once(resources: Resources) -> None:
    checkout = await pay(
        resources.session_maker, await make_customer(resources.session_maker), resources.settings
    )
    sale = entries.sale(checkout.order.id, net=100, vat=20)
    with pytest.raises(IntegrityError):
        async with unit_of_work(resources.session_maker) as session:
            await post(
                session,
                [sale],
                company_id=checkout.order.company_id,
                currency="TRY",
                at=checkout.order.paid_at or now(),
            )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE postings SET amount = amount + 1",
        "DELETE FROM postings",
        "UPDATE journals SET at = now()",
        "DELETE FROM journals",
        "INSERT INTO postings SELECT journal_id, 'write_off', 1 FROM postings LIMIT 1",
        "INSERT INTO journals (id, kind, subject, company_id, currency, at) "
        "SELECT gen_random_uuid(), 'write_off', id, company_id, currency, at FROM journals",
    ],
)
async def test_the_database_refuses_to_change_the_past_or_to_keep_what_does_not_balance(
    resources: Resources, statement: str
) -> None:
    await pay(resources.session_maker, await make_customer(resources.session_maker), resources.settings)
    with pytest.raises(DBAPIError, match=r"is append only|does not sum to zero"):
        async with unit_of_work(resources.session_maker) as session:
            await session.execute(text(statement))


async def test_the_command_succeeds_only_while_every_rule_holds(resources: Resources) -> None:
    customer = await make_customer(resources.session_maker)
    await pay(resources.session_maker, customer, resources.settings)
    settings = resources.settings
    environment = {
        "TEZGAH_ENV": "test",
        "TEZGAH_SECRET_KEY": settings.secret_key,
        "TEZGAH_DATABASE_URL": settings.database_url,
        "TEZGAH_REDIS_URL": settings.redis_url,
        "TEZGAH_SMTP_URL": settings.smtp_url,
    }

    def check(*options: str) -> Result:
        return CliRunner().invoke(main, ["ledger", "check", *options], env=environment)

    held = await asyncio.to_thread(check)
    assert (held.exit_code, held.output.count("holds ")) == (0, len(RULES))
    assert "5 postings held" in held.output
    await spoil_credit(resources.session_maker, customer.company.id, 1)
    broken = await asyncio.to_thread(check, "--json")
    report = json.loads(broken.output)
    assert broken.exit_code == 1
    assert [rule["rule"] for rule in report["rules"] if rule["breaks"]] == ["company_credit"]


async def test_a_break_is_kept_with_its_rows_until_it_is_mended(debtor: Debtor, cashier: Cashier) -> None:
    session_maker, at = cashier.resources.session_maker, now()
    await spoil_credit(session_maker, debtor.customer.company.id, 1)
    for _ in range(2):
        async with unit_of_work(session_maker) as session:
            proof = await prove(session, at=at)
    assert (proof.rules, proof.postings, proof.started_at) == (len(RULES), 0, at)
    kept = await cashier.the(LedgerBreak)
    assert (kept.rule, kept.company_id, kept.mended_at) == (
        "company_credit",
        debtor.customer.company.id,
        None,
    )
    assert kept.rows == [
        {"account": "company_credit", "currency": "TRY", "posted": 0, "documents": -1},
    ]
    await spoil_credit(session_maker, debtor.customer.company.id, 0)
    async with unit_of_work(session_maker) as session:
        await prove(session, at=at + LATER)
    assert (await cashier.the(LedgerBreak)).mended_at == at + LATER
    assert len(await cashier.all(LedgerProof)) == 3


async def test_a_company_with_a_break_is_not_charged_by_itself_and_others_are(
    debtor: Debtor, cashier: Cashier
) -> None:
    session_maker, at = cashier.resources.session_maker, now()
    other = await cashier.owes(await make_customer(session_maker), at)
    await spoil_credit(session_maker, debtor.customer.company.id, 1)
    async with unit_of_work(session_maker) as session:
        await prove(session, at=at)
        assert await is_parked(session, debtor.customer.company.id)
    with pytest.raises(Parked, match="paused until the books agree"):
        await cashier.write_down(debtor, at)
    await cashier.write_down(other, at)
    await spoil_credit(session_maker, debtor.customer.company.id, 0)
    async with unit_of_work(session_maker) as session:
        await prove(session, at=at)
    assert await cashier.write_down(debtor, at)


async def spoil_credit(session_maker: Maker, company_id: UUID, balance: int) -> None:
    """Let the ready balance of a company's credit say something that nobody has posted."""
    async with unit_of_work(session_maker) as session:
        await session.execute(
            text(
                "INSERT INTO company_credits VALUES (:company, 'TRY', :balance) "
                "ON CONFLICT (company_id, currency) DO UPDATE SET balance = :balance"
            ),
            {"company": company_id, "balance": balance},
        )
