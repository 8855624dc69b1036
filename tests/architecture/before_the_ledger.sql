-- A small book of revision 0006: an order paid in instalments and given back in two parts, a second payment of
-- it that is held and partly given back, an open order, and two cards that were verified.

INSERT INTO plans (code, name, rank, workspace_limit, disk_gb, memory_mb, cpu_count)
VALUES ('team', 'Team', 2, 20, 50, 4096, 2);

INSERT INTO plan_prices (id, plan_code, interval, currency, version, gross, net, vat, vat_basis_points, published_at)
VALUES ('00000000-0000-0000-0000-0000000000f1', 'team', 'month', 'TRY', 1, 297000, 247500, 49500, 2000, '2026-01-01Z');

INSERT INTO users (id, email, full_name, password_hash, language, color_scheme, session_epoch, is_operator)
VALUES ('00000000-0000-0000-0000-0000000000a0', 'ada@example.com', 'Ada', 'none', 'tr', 'auto', 0, FALSE);

INSERT INTO companies (id, name, slug, language)
VALUES ('00000000-0000-0000-0000-0000000000c0', 'Old', 'old', 'tr');

INSERT INTO subscriptions (id, company_id, plan_code, price_id, interval, status, anchor_at, current_period_start,
                           current_period_end, cancel_at_period_end)
VALUES ('00000000-0000-0000-0000-0000000000d0', '00000000-0000-0000-0000-0000000000c0', 'team',
        '00000000-0000-0000-0000-0000000000f1', 'month', 'active', '2026-11-01Z', '2026-11-01Z', '2026-12-01Z', FALSE);

INSERT INTO orders (id, company_id, subscription_id, status, plan_code, plan_name, price_id, interval, currency,
                    gross, net, vat, vat_basis_points, paid_at)
SELECT CAST('00000000-0000-0000-0000-00000000001' || n AS uuid), '00000000-0000-0000-0000-0000000000c0',
       '00000000-0000-0000-0000-0000000000d0', CASE n WHEN 2 THEN 'open' ELSE 'paid' END, 'team', 'Team',
       '00000000-0000-0000-0000-0000000000f1', 'month', 'TRY', 297000, 247500, 49500, 2000,
       CASE n WHEN 2 THEN NULL ELSE timestamptz '2026-11-01Z' END
  FROM generate_series(1, 2) n;

INSERT INTO payments (id, company_id, order_id, merchant_oid, status, channel, amount, currency, collected,
                      is_surplus, refund_reserved, refunded, succeeded_at, expires_at, inquiries)
SELECT CAST('00000000-0000-0000-0000-00000000002' || n AS uuid), '00000000-0000-0000-0000-0000000000c0',
       '00000000-0000-0000-0000-000000000011', 'OLD' || n, status, 'frame', 297000, 'TRY', 300000,
       surplus, back, back, '2026-11-01Z', '2026-11-02Z', 0
  FROM (VALUES (1, 'refunded', FALSE, 300000), (2, 'partly_refunded', TRUE, 1000)) AS old (n, status, surplus, back);

INSERT INTO refunds (id, company_id, payment_id, reference, status, amount, returned, currency, reason, attempts,
                     unanswered, inquiries, succeeded_at)
SELECT gen_random_uuid(), '00000000-0000-0000-0000-0000000000c0',
       CAST('00000000-0000-0000-0000-00000000002' || n AS uuid), 'BACK' || returned, 'succeeded', returned, returned,
       'TRY', 'asked', 1, 0, 0, timestamptz '2026-11-03Z' + hours * interval '1 hour'
  FROM (VALUES (1, 298000, 1), (1, 2000, 2), (2, 1000, 3)) AS old (n, returned, hours);

INSERT INTO invoices (id, company_id, order_id, payment_id, number, series, year, sequence, status, seller, buyer,
                      language, currency, net, vat, total, issued_at, issue_date, period_start, period_end)
VALUES ('00000000-0000-0000-0000-000000000031', '00000000-0000-0000-0000-0000000000c0',
        '00000000-0000-0000-0000-000000000011', '00000000-0000-0000-0000-000000000021', 'TZG2026000000001', 'TZG',
        2026, 1, 'issued', '{}', '{}', 'tr', 'TRY', 247500, 49500, 297000, '2026-11-01Z', '2026-11-01',
        '2026-11-01Z', '2026-12-01Z');

INSERT INTO invoice_lines (id, invoice_id, position, description, quantity, unit_price, net, vat, vat_basis_points, total)
VALUES (gen_random_uuid(), '00000000-0000-0000-0000-000000000031', 1, 'Team', 1, 247500, 247500, 49500, 2000, 297000);

INSERT INTO invoice_counters VALUES ('TZG', 2026, 1, '2026-11-01Z');

INSERT INTO card_registrations (id, company_id, started_by_id, merchant_oid, status, amount, currency, collected,
                                consent_version, consented_at, consent_address, refund_status, refund_reference,
                                refunded_at, expires_at, attempts)
SELECT gen_random_uuid(), '00000000-0000-0000-0000-0000000000c0', '00000000-0000-0000-0000-0000000000a0',
       'TZC' || n, 'failed', 100, 'TRY', 100, '1', '2026-11-01Z', '203.0.113.7',
       CASE n WHEN 1 THEN 'succeeded' ELSE 'sent' END, 'TZR' || n,
       CASE n WHEN 1 THEN timestamptz '2026-11-01Z' END, '2026-11-01Z', 1
  FROM generate_series(1, 2) n;
