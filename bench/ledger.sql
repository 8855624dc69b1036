-- A book of 20,000 companies with ten paid months each: three postings of a sale, two of its payment.

SET session_replication_role = replica;
TRUNCATE companies, users, subscriptions, orders, payments, payment_events, invoices, invoice_lines,
         invoice_counters, plan_slices, journals, postings, company_credits, ledger_proofs, ledger_breaks,
         operator_cases CASCADE;
RESET session_replication_role;

SET session_replication_role = replica;

INSERT INTO companies (id, name, slug, language)
SELECT gen_random_uuid(), 'Company ' || n, 'c' || n, 'tr' FROM generate_series(1, 20000) n;

INSERT INTO subscriptions (id, company_id, plan_code, price_id, interval, status, cancel_at_period_end,
                           converts_at_trial_end, charge_attempts, anchor_at, current_period_start,
                           current_period_end)
SELECT gen_random_uuid(), c.id, 'team', p.id, 'month', 'active', FALSE, FALSE, 0, now() - interval '9 months',
       now() - interval '1 second', now() - interval '1 second' + interval '1 month'
  FROM companies c, plan_prices p WHERE p.plan_code = 'team' AND p.interval = 'month';

CREATE TEMPORARY TABLE sold AS
SELECT row_number() OVER () AS n, gen_random_uuid() AS order_id, gen_random_uuid() AS payment_id,
       gen_random_uuid() AS invoice_id, gen_random_uuid() AS sale_id, gen_random_uuid() AS paid_id,
       s.id AS subscription_id, s.company_id, p.id AS price_id, p.gross, p.net, p.vat,
       now() - month * interval '1 month' AS at
  FROM subscriptions s, generate_series(0, 10 - 1) AS month, plan_prices p WHERE p.id = s.price_id;

INSERT INTO orders (id, company_id, subscription_id, status, kind, plan_code, plan_name, price_id, interval,
                    currency, gross, net, vat, vat_basis_points, credit, unused, explanation, paid_at)
SELECT order_id, company_id, subscription_id, 'paid', 'purchase', 'team', 'Team', price_id, 'month', 'TRY',
       gross, net, vat, 2000, 0, 0, '[]', at FROM sold;

INSERT INTO payments (id, company_id, order_id, merchant_oid, status, channel, amount, currency, collected,
                      is_surplus, refund_reserved, refunded, succeeded_at, expires_at, inquiries)
SELECT payment_id, company_id, order_id, 'L' || n, 'succeeded', 'frame', gross, 'TRY', gross, FALSE, 0, 0, at,
       at, 0 FROM sold;

INSERT INTO invoices (id, kind, credited, company_id, order_id, payment_id, number, series, year, sequence,
                      status, seller, buyer, language, currency, net, vat, total, issued_at, issue_date,
                      period_start, period_end)
SELECT invoice_id, 'invoice', 0, company_id, order_id, payment_id, 'TZG2026' || lpad(n::text, 9, '0'), 'TZG',
       2026, n, 'issued', '{}', '{}', 'tr', 'TRY', net, vat, gross, at, at::date, at, at + interval '1 month'
  FROM sold;

INSERT INTO invoice_lines (id, invoice_id, position, description, quantity, unit_price, net, vat,
                           vat_basis_points, total)
SELECT gen_random_uuid(), invoice_id, 1, 'Team', 1, net, net, vat, 2000, gross FROM sold;

INSERT INTO invoice_counters SELECT 'TZG', 2026, count(*), now() FROM sold;

INSERT INTO plan_slices (id, company_id, subscription_id, order_id, period_start, period_end, starts_at, price_id,
                         gross)
SELECT gen_random_uuid(), company_id, subscription_id, order_id, at, at + interval '1 month', at, price_id, gross
  FROM sold;

INSERT INTO journals (id, kind, subject, company_id, currency, at)
SELECT sale_id, 'sale', order_id, company_id, 'TRY', at FROM sold
UNION ALL SELECT paid_id, 'payment', payment_id, company_id, 'TRY', at FROM sold;

INSERT INTO postings (journal_id, account, amount)
SELECT sale_id, 'receivable', gross FROM sold
UNION ALL SELECT sale_id, 'revenue', -net FROM sold
UNION ALL SELECT sale_id, 'vat_payable', -vat FROM sold
UNION ALL SELECT paid_id, 'paytr_clearing', gross FROM sold
UNION ALL SELECT paid_id, 'receivable', -gross FROM sold;

DROP TABLE sold;

ANALYZE;
