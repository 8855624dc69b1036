"""Every money event is posted, once and for its own amount."""

from app.domain.ledger.rules.accounts import MONEY_TAKEN
from app.domain.ledger.rules.rule import Rule
from app.lib.i18n import N_


def _posted(kind: str, column: str, events: str) -> str:
    """Return the query for events (`id, company_id, currency, amount`) without their posting."""
    return f"""
    SELECT CAST(event.id AS text) AS subject, event.company_id,
           jsonb_build_object('{kind}', event.id, 'currency', event.currency, 'documents', event.amount,
                              'posted', e.{column}) AS facts
      FROM ({events}) AS event
      LEFT JOIN entries e ON e.kind = '{kind}' AND e.subject = event.id
     WHERE event.amount <> 0 AND e.{column} IS DISTINCT FROM event.amount
    """  # noqa: S608 constants only


MONEY_RULES = (
    Rule(
        "journals_balance",
        N_("Every journal has postings that sum to zero."),
        """
        SELECT CAST(id AS text) AS subject, company_id,
               jsonb_build_object('journal', id, 'kind', kind, 'currency', currency, 'sum', balance) AS facts
          FROM entries
         WHERE balance IS DISTINCT FROM 0
        """,
    ),
    Rule(
        "sales_posted",
        N_("Every paid order is posted as a sale of its price."),
        _posted(
            "sale",
            "receivable",
            "SELECT id, company_id, currency, gross AS amount FROM orders WHERE status = 'paid'",
        ),
    ),
    Rule(
        "payments_posted",
        N_("Every payment that was collected is posted, also one that verifies a card."),
        _posted(
            "payment",
            "clearing",
            f"""
            SELECT id, company_id, currency, collected AS amount FROM payments
             WHERE status IN {MONEY_TAKEN}
            UNION ALL
            SELECT id, company_id, currency, collected FROM card_registrations WHERE collected IS NOT NULL
            """,  # noqa: S608 constants only
        ),
    ),
    Rule(
        "refunds_posted",
        N_("Every refund that PayTR has made is posted."),
        _posted(
            "refund",
            "clearing",
            """
            SELECT id, company_id, currency, -returned AS amount FROM refunds WHERE status = 'succeeded'
            UNION ALL
            SELECT id, company_id, currency, -collected FROM card_registrations
             WHERE refund_status = 'succeeded'
            """,
        ),
    ),
    Rule(
        "credit_notes_posted",
        N_("Every credit note is posted with its net."),
        _posted(
            "credit_note",
            "revenue",
            "SELECT id, company_id, currency, net AS amount FROM invoices WHERE kind = 'credit_note'",
        ),
    ),
    Rule(
        "credit_used_posted",
        N_("Credit that pays a part of an order is posted."),
        _posted(
            "credit_used",
            "credit",
            "SELECT id, company_id, currency, credit AS amount FROM orders WHERE status = 'paid'",
        ),
    ),
    Rule(
        "write_offs_posted",
        N_("Every difference of the balance that an operator wrote off is posted."),
        _posted(
            "write_off",
            "clearing",
            """
            SELECT d.id, CAST(NULL AS uuid) AS company_id, d.currency, d.theirs - d.ours AS amount
              FROM operator_cases c
              JOIN LATERAL (SELECT id FROM reconciliation_runs r
                             WHERE CAST(r.day AS text) = c.subject AND r.finished_at <= c.closed_at
                               AND r.error IS NULL
                             ORDER BY r.started_at DESC LIMIT 1) AS run ON TRUE
              JOIN reconciliation_differences d ON d.run_id = run.id
             WHERE c.kind = 'reconciliation_differs' AND c.decision = 'write_off'
               AND d.cause = 'total' AND d.facts ->> 'check' = 'balance'
            """,
        ),
    ),
    Rule(
        "paid_once",
        N_("No order is paid by two payments."),
        f"""
        SELECT CAST(order_id AS text) AS subject, company_id,
               jsonb_build_object('order', order_id, 'payments',
                                  jsonb_build_array(min(merchant_oid), max(merchant_oid))) AS facts
          FROM payments WHERE status IN {MONEY_TAKEN} AND NOT is_surplus
         GROUP BY order_id, company_id HAVING count(*) > 1
        """,  # noqa: S608 constants only
    ),
    Rule(
        "paid_in_full",
        N_("An order is paid if and only if a payment of what was due, or the company's credit, paid it."),
        f"""
        SELECT CAST(o.id AS text) AS subject, o.company_id,
               jsonb_build_object('order', o.id, 'status', o.status, 'currency', o.currency,
                                  'due', o.gross - o.credit, 'paid', p.amount) AS facts
          FROM orders o
          LEFT JOIN (SELECT order_id, max(amount) AS amount FROM payments
                      WHERE status IN {MONEY_TAKEN} AND NOT is_surplus GROUP BY order_id) AS p
            ON p.order_id = o.id
         WHERE coalesce(p.amount, 0) <> CASE o.status WHEN 'paid' THEN o.gross - o.credit ELSE 0 END
        """,  # noqa: S608 constants only
    ),
)
