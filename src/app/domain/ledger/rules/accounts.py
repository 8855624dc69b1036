"""Each account of each company against the documents that it must agree with.

The documents are summed from their own tables, not from the journals: two ways to the same number.
"""

from app.domain.ledger.rules.rule import Rule
from app.lib.i18n import N_

MONEY_TAKEN = "('succeeded', 'partly_refunded', 'refunded')"

ENTRIES = """
entries AS MATERIALIZED (
    SELECT j.id, j.kind, j.subject, j.company_id, j.currency, sum(p.amount) AS balance,
           max(p.amount) FILTER (WHERE p.account = 'receivable') AS receivable,
           max(p.amount) FILTER (WHERE p.account = 'paytr_clearing') AS clearing,
           max(p.amount) FILTER (WHERE p.account = 'commission') AS commission,
           max(p.amount) FILTER (WHERE p.account = 'revenue') AS revenue,
           max(p.amount) FILTER (WHERE p.account = 'vat_payable') AS vat,
           max(p.amount) FILTER (WHERE p.account = 'company_credit') AS credit,
           max(p.amount) FILTER (WHERE p.account = 'refunds_payable') AS payable
      FROM journals j LEFT JOIN postings p ON p.journal_id = j.id
     GROUP BY j.id
)
"""
"""Each journal with its postings side by side, since it has one of an account: postings are read once."""

BOOKS = """
books AS MATERIALIZED (
    SELECT company_id, currency, sum(receivable) AS receivable, sum(clearing) AS clearing,
           sum(commission) AS commission, sum(commission) FILTER (WHERE kind = 'commission') AS told,
           sum(revenue) AS revenue, sum(vat) AS vat, sum(credit) AS credit, sum(payable) AS payable
      FROM entries
     WHERE NOT (kind = 'write_off' AND subject IN (SELECT id FROM reconciliation_differences))
     GROUP BY company_id, currency
)
"""
"""What is posted. `told` is the commission by PayTR's own word. Differences that were written off are no
company's, and have a rule of their own."""

GIVEN_BACK = f"""
given_back AS MATERIALIZED (
    SELECT p.company_id, p.currency, p.id AS payment_id, r.returned,
           CASE WHEN p.is_surplus THEN 0
                ELSE greatest(least(r.returned, p.collected) - p.amount, 0) END AS surcharge
      FROM (SELECT payment_id, sum(returned) AS returned FROM refunds
             WHERE status = 'succeeded' GROUP BY payment_id) AS r
      JOIN payments p ON p.id = r.payment_id AND p.status IN {MONEY_TAKEN}
)
"""  # noqa: S608 constants only
"""What went back of each payment, and how much of it was instalment surcharge: the principal goes first."""

DOCUMENTS = f"""
documents AS MATERIALIZED (
    SELECT company_id, currency, sum(net) AS net, sum(vat) AS vat, sum(noted) AS noted,
           sum(collected) AS collected, sum(surcharge) AS surcharge, sum(held) AS held,
           sum(returned) AS returned, sum(credit) AS credit
      FROM (
        SELECT company_id, currency, CASE kind WHEN 'invoice' THEN net ELSE -net END AS net,
               CASE kind WHEN 'invoice' THEN vat ELSE -vat END AS vat,
               CASE WHEN refund_id IS NULL THEN 0 ELSE total END AS noted,
               0 AS collected, 0 AS surcharge, 0 AS held, 0 AS returned, 0 AS credit
          FROM invoices
        UNION ALL
        SELECT company_id, currency, 0, 0, 0, collected,
               CASE WHEN is_surplus THEN 0 ELSE collected - amount END,
               CASE WHEN is_surplus THEN collected ELSE 0 END, 0, 0
          FROM payments WHERE status IN {MONEY_TAKEN}
        UNION ALL
        SELECT company_id, currency, 0, 0, 0, 0, -surcharge, 0, returned, 0 FROM given_back
        UNION ALL
        SELECT company_id, currency, 0, 0, 0, collected, 0, collected,
               CASE refund_status WHEN 'succeeded' THEN collected ELSE 0 END, 0
          FROM card_registrations WHERE collected IS NOT NULL
        UNION ALL
        SELECT company_id, currency, 0, 0, 0, 0, 0, 0, 0, balance FROM company_credits
      ) AS document
     GROUP BY company_id, currency
)
"""  # noqa: S608 constants only

COMPARED = """
compared AS MATERIALIZED (
    SELECT company_id, currency,
           coalesce(b.receivable, 0) AS receivable, 0 AS owed,
           coalesce(b.clearing, 0) AS clearing,
           coalesce(d.collected, 0) - coalesce(d.returned, 0) - coalesce(b.told, 0) AS in_clearing,
           coalesce(b.commission, 0) AS commission,
           coalesce(b.told, 0) - coalesce(d.surcharge, 0) AS kept,
           coalesce(b.revenue, 0) AS revenue, -coalesce(d.net, 0) AS net,
           coalesce(b.vat, 0) AS vat, -coalesce(d.vat, 0) AS invoiced_vat,
           coalesce(b.credit, 0) AS credit, -coalesce(d.credit, 0) AS balance,
           coalesce(b.payable, 0) AS payable,
           coalesce(d.returned, 0) - coalesce(d.held, 0) - coalesce(d.noted, 0)
               - coalesce(given.surcharge, 0) AS to_give_back
      FROM books b FULL JOIN documents d USING (company_id, currency)
      LEFT JOIN (SELECT company_id, currency, sum(surcharge) AS surcharge FROM given_back
                  GROUP BY company_id, currency) AS given USING (company_id, currency)
)
"""
SHARED = ",".join((ENTRIES, BOOKS, GIVEN_BACK, DOCUMENTS, COMPARED))
"""Read once for all rules."""


def _agrees(posted: str, documents: str, account: str) -> str:
    return f"""
    SELECT coalesce(CAST(company_id AS text), '-') || ' ' || currency AS subject, company_id,
           jsonb_build_object('account', '{account}', 'currency', currency, 'posted', {posted},
                              'documents', {documents}) AS facts
      FROM compared WHERE {posted} <> {documents}
    """  # noqa: S608 constants only


ACCOUNT_RULES = (
    Rule(
        "receivable",
        N_("No company owes anything: what is sold is paid in the same moment."),
        _agrees("receivable", "owed", "receivable"),
    ),
    Rule(
        "clearing",
        N_("PayTR owes what it collected, less what it gave back and what it keeps."),
        _agrees("clearing", "in_clearing", "paytr_clearing"),
    ),
    Rule(
        "commission",
        N_("The commission is what PayTR has told, less the instalment surcharges it kept."),
        _agrees("commission", "kept", "commission"),
    ),
    Rule(
        "revenue",
        N_("Revenue is the net of the invoices, less that of the credit notes."),
        _agrees("revenue", "net", "revenue"),
    ),
    Rule(
        "vat",
        N_("VAT owed is the VAT of the invoices, less that of the credit notes."),
        _agrees("vat", "invoiced_vat", "vat_payable"),
    ),
    Rule(
        "company_credit",
        N_("Each company's credit is what stands on its credit account."),
        _agrees("credit", "balance", "company_credit"),
    ),
    Rule(
        "refunds_payable",
        N_("Money that is not ours is what is held and what credit notes owe, less what went back."),
        _agrees("payable", "to_give_back", "refunds_payable"),
    ),
)
