"""Rows for the benchmarks, written in bulk: companies in trial, each with an open order and a payment."""

import asyncpg

from bench.stage import Stage

COMPANIES = """
INSERT INTO companies (id, name, slug, language, created_at)
SELECT gen_random_uuid(), 'Company ' || n, 'c' || n, 'tr', now() FROM generate_series(1, $1::int) n
"""
OWNER = """
INSERT INTO users (id, email, full_name, password_hash, language, color_scheme, session_epoch, is_operator)
VALUES (gen_random_uuid(), 'bench@example.com', 'Ada', 'none', 'tr', 'auto', 0, FALSE)
"""
SUBSCRIPTIONS = """
INSERT INTO subscriptions (id, company_id, plan_code, interval, status, trial_ends_at, cancel_at_period_end,
                           converts_at_trial_end, charge_attempts)
SELECT gen_random_uuid(), id, 'team', 'month', 'trialing', now() + interval '14 days', FALSE, FALSE, 0
  FROM companies
"""
ORDERS = """
INSERT INTO orders (id, company_id, subscription_id, placed_by_id, status, plan_code, plan_name, price_id,
                    interval, currency, gross, net, vat, vat_basis_points, kind, credit, unused, explanation)
SELECT gen_random_uuid(), s.company_id, s.id, (SELECT id FROM users LIMIT 1), 'open', 'team', 'Team', p.id,
       'month', 'TRY', p.gross, p.net, p.vat, p.vat_basis_points, 'purchase', 0, 0, '[]'
  FROM subscriptions s
  JOIN plan_prices p ON p.plan_code = 'team' AND p.interval = 'month'
"""
PAYMENTS = """
INSERT INTO payments (id, company_id, order_id, merchant_oid, status, amount, currency, is_surplus,
                      expires_at, inquiries, channel, refund_reserved, refunded)
SELECT gen_random_uuid(), company_id, id, $1::text || row_number() OVER (), 'waiting', gross, currency, FALSE,
       now() + interval '1 hour', 0, 'frame', 0, 0
  FROM orders
"""
TABLES = (
    "companies, users, subscriptions, orders, payments, payment_events, invoices, invoice_lines, "
    "invoice_counters, audit_entries, email_messages, operator_cases"
)
EMPTY = f"SET session_replication_role = replica; TRUNCATE {TABLES} CASCADE; RESET session_replication_role"
"""Past the trigger that keeps the audit trail."""


async def seed_payments(stage: Stage, number: int, prefix: str) -> list[str]:
    """Empty the tables and add `number` pending payments named `prefix` + 1 … `number`; return the names."""
    connection = await asyncpg.connect(stage.services.database_url.replace("+asyncpg", ""))
    try:
        await connection.execute(EMPTY)
        await connection.execute(COMPANIES, number)
        for statement in (OWNER, SUBSCRIPTIONS, ORDERS):
            await connection.execute(statement)
        await connection.execute(PAYMENTS, prefix)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return [f"{prefix}{index}" for index in range(1, number + 1)]
