"""What subscriptions and attempts are in, against what was paid.

These do not stop charges, but for a paid subscription that was stopped: the engine itself brings them right.
For a company on a test clock its own time counts, and nothing is late while the clock stands.
"""

from app.domain.ledger.rules.rule import Rule
from app.lib.i18n import N_

STATE_RULES = (
    Rule(
        "values_charged",
        N_("What was charged for a subscription is the value of the plans held in its periods."),
        """
        SELECT CAST(subscription_id AS text) AS subject, company_id,
               jsonb_build_object('subscription', subscription_id, 'currency', o.currency,
                                  'charged', coalesce(o.gross, 0), 'value', coalesce(v.value, 0)) AS facts
          FROM (SELECT subscription_id, company_id, min(currency) AS currency,
                       -- a larger plan that costs less charges nothing and gives the difference back
                       sum(CASE WHEN gross = 0 THEN -unused ELSE gross END) AS gross
                  FROM orders WHERE status = 'paid' GROUP BY subscription_id, company_id) AS o
          FULL JOIN (
            SELECT subscription_id, company_id,
                   sum(CASE WHEN is_whole THEN gross ELSE (
                       SELECT div(2 * sum(gross * micros) + max(period_micros), 2 * max(period_micros))
                         FROM (
                           SELECT gross, extract(epoch FROM period_end - period_start) * 1000000
                                      AS period_micros,
                                  extract(epoch FROM lead(starts_at, 1, period_end) OVER (
                                      ORDER BY starts_at, created_at, id) - starts_at) * 1000000 AS micros
                             FROM plan_slices s
                            WHERE s.subscription_id = period.subscription_id
                              AND s.period_start = period.period_start
                              AND s.period_end = period.period_end) AS slice) END) AS value
              FROM (
                SELECT subscription_id, company_id, period_start, period_end, max(gross) AS gross,
                       count(*) = 1 AND min(starts_at) = period_start AS is_whole
                  FROM plan_slices
                 GROUP BY subscription_id, company_id, period_start, period_end) AS period
             GROUP BY subscription_id, company_id) AS v USING (subscription_id, company_id)
         WHERE coalesce(o.gross, 0) <> coalesce(v.value, 0)
        """,
    ),
    Rule(
        "undecided_has_a_case",
        N_("A payment whose outcome stays unknown for a day is laid before an operator."),
        """
        SELECT p.merchant_oid AS subject, p.company_id,
               jsonb_build_object('merchant_oid', p.merchant_oid, 'status', p.status, 'currency', p.currency,
                                  'due', p.amount, 'since', coalesce(p.sent_at, p.expires_at)) AS facts
          FROM payments p
         WHERE p.status IN ('created', 'sent', 'unknown', 'waiting')
           AND coalesce(p.sent_at, p.expires_at) < :undecided_since
           AND p.company_id NOT IN (SELECT company_id FROM test_clocks)
           AND NOT EXISTS (SELECT FROM operator_cases c
                            WHERE c.kind = 'outcome_unknown' AND c.subject = p.merchant_oid)
        """,
        parks=False,
    ),
    Rule(
        "active_is_paid",
        N_("No subscription is active whose paid period has ended a week ago."),
        """
        SELECT CAST(id AS text) AS subject, company_id,
               jsonb_build_object('subscription', id, 'status', status, 'until', current_period_end) AS facts
          FROM subscriptions
         WHERE status = 'active' AND current_period_end < :paid_since
           AND company_id NOT IN (SELECT company_id FROM test_clocks)
        """,
        parks=False,
    ),
    Rule(
        "paid_is_not_stopped",
        N_("No subscription is stopped within a period that is paid, unless its owner asked for that."),
        """
        SELECT CAST(s.id AS text) AS subject, s.company_id,
               jsonb_build_object('subscription', s.id, 'status', s.status,
                                  'until', s.current_period_end) AS facts
          FROM subscriptions s
          LEFT JOIN test_clocks t ON t.company_id = s.company_id
         WHERE s.status IN ('suspended', 'canceled')
           AND s.current_period_start <= coalesce(t.at, :at) AND s.current_period_end > coalesce(t.at, :at)
           AND NOT (s.status = 'canceled' AND EXISTS (
                   SELECT FROM audit_entries a
                    WHERE a.company_id = s.company_id AND a.action = 'subscription.canceled_now'
                      AND a.at >= s.current_period_start))
        """,
    ),
)
