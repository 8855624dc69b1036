"""Fiscal documents: one for each sale, complete, added up, and numbered without a gap."""

from app.domain.ledger.rules.rule import Rule
from app.lib.i18n import N_

DOCUMENT_RULES = (
    Rule(
        "orders_invoiced",
        N_("Every paid order has one invoice of its price, and no other order has any."),
        """
        SELECT CAST(o.id AS text) AS subject, o.company_id,
               jsonb_build_object('order', o.id, 'status', o.status, 'currency', o.currency, 'due', o.gross,
                                  'invoiced', i.total) AS facts
          FROM orders o
          LEFT JOIN (SELECT order_id, sum(total) AS total FROM invoices
                      WHERE kind = 'invoice' GROUP BY order_id) AS i ON i.order_id = o.id
         WHERE coalesce(i.total, 0) <> CASE o.status WHEN 'paid' THEN o.gross ELSE 0 END
        """,
    ),
    Rule(
        "lines_add_up",
        N_("Every document is the sum of its lines."),
        """
        SELECT CAST(i.id AS text) AS subject, i.company_id,
               jsonb_build_object('number', i.number, 'currency', i.currency, 'documents', i.total,
                                  'lines', l.total) AS facts
          FROM invoices i
          LEFT JOIN (SELECT invoice_id, sum(net) AS net, sum(total) AS total
                       FROM invoice_lines GROUP BY invoice_id) AS l ON l.invoice_id = i.id
         WHERE (i.net, i.total) IS DISTINCT FROM (l.net, l.total)
        """,
    ),
    Rule(
        "credit_notes_add_up",
        N_("What is credited of an invoice is the sum of its credit notes."),
        """
        SELECT CAST(i.id AS text) AS subject, i.company_id,
               jsonb_build_object('number', i.number, 'currency', i.currency, 'documents', i.credited,
                                  'credit_notes', n.total) AS facts
          FROM invoices i
          LEFT JOIN (SELECT corrects_id, sum(total) AS total FROM invoices
                      WHERE kind = 'credit_note' GROUP BY corrects_id) AS n ON n.corrects_id = i.id
         WHERE i.kind = 'invoice' AND i.credited <> coalesce(n.total, 0)
        """,
    ),
    Rule(
        "refunds_credited",
        N_("Every refund of a sale has its credit note."),
        """
        SELECT CAST(r.id AS text) AS subject, r.company_id,
               jsonb_build_object('refund', r.reference, 'currency', r.currency, 'documents', r.returned,
                                  'number', i.number) AS facts
          FROM refunds r
          JOIN payments p ON p.id = r.payment_id AND NOT p.is_surplus
          JOIN invoices i ON i.order_id = p.order_id AND i.kind = 'invoice' AND i.credited < i.total
         WHERE r.status = 'succeeded'
           AND NOT EXISTS (SELECT FROM invoices n WHERE n.refund_id = r.id)
        """,
    ),
    Rule(
        "numbers_are_gapless",
        N_("Every series of numbers runs from 1 to its last number, without a gap or a duplicate."),
        """
        SELECT series || ' ' || CAST(year AS text) AS subject, CAST(NULL AS uuid) AS company_id,
               jsonb_build_object('series', series, 'year', year, 'documents', coalesce(d.count, 0),
                                  'last_number', c.last_number, 'missing', (
                   SELECT jsonb_agg(n) FROM (
                       SELECT n FROM generate_series(1, greatest(c.last_number, d.last)) AS n
                       EXCEPT SELECT sequence FROM invoices i
                               WHERE i.series = d.series AND i.year = d.year
                        ORDER BY n LIMIT 10) AS gap)) AS facts
          FROM (SELECT series, year, count(*) AS count, count(DISTINCT sequence) AS numbers,
                       min(sequence) AS first, max(sequence) AS last
                  FROM invoices GROUP BY series, year) AS d
          FULL JOIN invoice_counters c USING (series, year)
         WHERE (d.count, d.numbers, d.first, d.last)
               IS DISTINCT FROM (c.last_number, c.last_number, 1, c.last_number)
           AND NOT (d.count IS NULL AND c.last_number = 0)
        """,
    ),
)
