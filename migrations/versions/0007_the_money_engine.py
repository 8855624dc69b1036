"""the money engine"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

APPEND_ONLY_TABLES = ("journals", "postings", "plan_slices", "reminders")
SET_BY_THE_PROGRAM = (
    ("invoices", "kind"),
    ("invoices", "credited"),
    ("orders", "kind"),
    ("orders", "credit"),
    ("orders", "unused"),
    ("orders", "explanation"),
    ("subscriptions", "converts_at_trial_end"),
    ("subscriptions", "charge_attempts"),
)
CHECKS = {
    ("invoices", "kind_is_known"): "kind IN ('invoice', 'credit_note')",
    ("invoices", "credit_note_names_its_invoice"): "(kind = 'credit_note') = (corrects_id IS NOT NULL)",
    ("invoices", "credited_within_its_total"): "credited >= 0 AND credited <= total",
    ("invoices", "credited_in_full"): "(status = 'credited') <= (credited = total)",
    ("orders", "kind_is_known"): "kind IN ('purchase', 'renewal', 'change')",
    ("orders", "credit_is_within_the_price"): "credit >= 0 AND credit <= gross",
    ("orders", "period_is_forward"): "period_end > period_start",
    ("orders", "renewal_names_its_period"): "kind <> 'renewal' OR period_end IS NOT NULL",
    ("orders", "unused_is_not_negative"): "unused >= 0",
    ("orders", "change_names_its_period"): (
        "kind <> 'change' OR (period_end IS NOT NULL AND replaces_price_id IS NOT NULL)"
    ),
    ("subscriptions", "past_due_has_begun"): "status <> 'past_due' OR past_due_since IS NOT NULL",
    ("subscriptions", "active_owes_nothing"): "status <> 'active' OR past_due_since IS NULL",
    ("subscriptions", "attempts_are_not_negative"): "charge_attempts >= 0",
    ("subscriptions", "pending_change_has_an_instant"): (
        "(pending_price_id IS NULL) = (pending_since IS NULL)"
    ),
}
INVOICE_IS_FROZEN = """
CREATE OR REPLACE FUNCTION refuse_invoice_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free CONSTANT text[] := ARRAY[%s'status', 'pdf_key', 'pdf_sha256', 'pdf_rendered_at'];
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - free) IS DISTINCT FROM (to_jsonb(OLD) - free) THEN
        RAISE EXCEPTION 'invoice %% is issued and does not change', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""
JOURNAL_BALANCES = """
CREATE FUNCTION refuse_unbalanced_journal() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan TO off -- a plan made while the book was small would read all of it each time
AS $$
DECLARE
    journal CONSTANT uuid := CASE TG_TABLE_NAME WHEN 'journals' THEN to_jsonb(NEW) ->> 'id'
                                                ELSE to_jsonb(NEW) ->> 'journal_id' END;
BEGIN
    IF coalesce((SELECT sum(amount) FROM postings WHERE journal_id = journal), 1) <> 0 THEN
        RAISE EXCEPTION 'journal % does not sum to zero', journal USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$
"""
MONEY_TAKEN = "('succeeded', 'partly_refunded', 'refunded')"
MONEY_BEFORE = f"""
CREATE TEMPORARY TABLE money_before ON COMMIT DROP AS
SELECT gen_random_uuid() AS id, event.*
  FROM (
    SELECT 'sale' AS kind, id AS subject, company_id, currency, paid_at AS at,
           gross AS receivable, 0 AS clearing, 0 AS commission, -net AS revenue, -vat AS vat, 0 AS payable
      FROM orders WHERE status = 'paid' AND gross > 0
    UNION ALL
    SELECT 'payment', id, company_id, currency, succeeded_at,
           CASE WHEN is_surplus THEN 0 ELSE -amount END, collected,
           CASE WHEN is_surplus THEN 0 ELSE amount - collected END, 0, 0,
           CASE WHEN is_surplus THEN -collected ELSE 0 END
      FROM payments WHERE status IN {MONEY_TAKEN} AND collected > 0
    UNION ALL
    SELECT 'refund', id, company_id, currency, succeeded_at,
           0, -returned, until - before, 0, 0, returned - (until - before)
      FROM (
        SELECT r.id, r.company_id, r.currency, r.succeeded_at, r.returned,
               CASE WHEN p.is_surplus THEN 0 ELSE
                   greatest(least(sum(r.returned) OVER earlier, p.collected) - p.amount, 0) END AS until,
               CASE WHEN p.is_surplus THEN 0 ELSE
                   greatest(least(sum(r.returned) OVER earlier - r.returned, p.collected) - p.amount, 0)
                   END AS before
          FROM refunds r JOIN payments p ON p.id = r.payment_id
         WHERE r.status = 'succeeded'
        WINDOW earlier AS (PARTITION BY r.payment_id ORDER BY r.succeeded_at, r.id)) AS returns
    UNION ALL
    SELECT 'payment', id, company_id, currency, consented_at, 0, collected, 0, 0, 0, -collected
      FROM card_registrations WHERE collected > 0
    UNION ALL
    SELECT 'refund', id, company_id, currency, refunded_at, 0, -collected, 0, 0, 0, collected
      FROM card_registrations WHERE refund_status = 'succeeded' AND collected > 0
  ) AS event
"""  # noqa: S608 constants of this file only
"""What has been sold, collected and given back so far; a surcharge goes back after the principal."""
BACKFILL = (
    MONEY_BEFORE,
    """
    INSERT INTO journals (id, kind, subject, company_id, currency, at)
    SELECT id, kind, subject, company_id, currency, at FROM money_before
    """,
    """
    INSERT INTO postings (journal_id, account, amount)
    SELECT id, account, amount
      FROM money_before
     CROSS JOIN LATERAL (VALUES ('receivable', receivable), ('paytr_clearing', clearing),
                                ('commission', commission), ('revenue', revenue), ('vat_payable', vat),
                                ('refunds_payable', payable)) AS part (account, amount)
     WHERE amount <> 0
    """,
    """
    INSERT INTO plan_slices (id, company_id, subscription_id, order_id, period_start, period_end, starts_at,
                             price_id, gross)
    SELECT gen_random_uuid(), o.company_id, o.subscription_id, o.id, i.period_start, i.period_end,
           i.period_start, price.id, price.gross
      FROM orders o
      JOIN invoices i ON i.order_id = o.id
      JOIN plan_prices price ON price.id = o.price_id
     WHERE o.status = 'paid'
    """,
    "DROP TABLE money_before",
    # proven now: a later migration of the same transaction may alter these tables
    "SET CONSTRAINTS ALL IMMEDIATE",
    "SET CONSTRAINTS ALL DEFERRED",
)


def upgrade() -> None:
    op.create_table(
        "ledger_proofs",
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("postings", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_proofs")),
    )
    op.create_table(
        "company_credits",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_company_credits_is_never_overdrawn")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_company_credits_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("company_id", "currency", name=op.f("pk_company_credits")),
    )
    op.create_table(
        "journals",
        sa.Column(
            "kind",
            sa.Enum(
                "sale",
                "payment",
                "credit_used",
                "held_applied",
                "credit_note",
                "refund",
                "commission",
                "write_off",
                name="journalkind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_journals_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journals")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_journals_kind_subject")),
    )
    op.create_index("ix_journals_company_id_at", "journals", ["company_id", "at"], unique=False)
    op.create_table(
        "ledger_breaks",
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("rows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_ledger_breaks_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_breaks")),
    )
    op.create_index(op.f("ix_ledger_breaks_company_id"), "ledger_breaks", ["company_id"], unique=False)
    op.create_index(
        "uq_ledger_breaks_open",
        "ledger_breaks",
        ["rule", "subject"],
        unique=True,
        postgresql_where=sa.text("mended_at IS NULL"),
    )
    op.create_table(
        "postings",
        sa.Column("journal_id", sa.Uuid(), nullable=False),
        sa.Column(
            "account",
            sa.Enum(
                "receivable",
                "paytr_clearing",
                "commission",
                "revenue",
                "vat_payable",
                "company_credit",
                "refunds_payable",
                "write_off",
                name="account",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_postings_moves_something")),
        sa.ForeignKeyConstraint(
            ["journal_id"], ["journals.id"], name=op.f("fk_postings_journal_id_journals"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("journal_id", "account", name=op.f("pk_postings")),
    )
    op.create_table(
        "reminders",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "trial_ends",
                "renewal",
                "suspension",
                "cancellation",
                "deletion",
                name="reminderkind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_reminders_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_reminders_subscription_id_subscriptions"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminders")),
        sa.UniqueConstraint(
            "subscription_id", "kind", "due_at", name=op.f("uq_reminders_subscription_id_kind_due_at")
        ),
    )
    op.create_index(op.f("ix_reminders_company_id"), "reminders", ["company_id"], unique=False)
    op.create_table(
        "plan_slices",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("price_id", sa.Uuid(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("gross >= 0", name=op.f("ck_plan_slices_gross_is_not_negative")),
        sa.CheckConstraint(
            "period_end > period_start AND starts_at >= period_start AND starts_at < period_end",
            name=op.f("ck_plan_slices_lies_in_its_period"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_plan_slices_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_plan_slices_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["price_id"],
            ["plan_prices.id"],
            name=op.f("fk_plan_slices_price_id_plan_prices"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_plan_slices_subscription_id_subscriptions"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_slices")),
        sa.UniqueConstraint("order_id", "period_start", name=op.f("uq_plan_slices_order_id_period_start")),
    )
    op.create_index(op.f("ix_plan_slices_company_id"), "plan_slices", ["company_id"], unique=False)
    op.create_index(op.f("ix_plan_slices_subscription_id"), "plan_slices", ["subscription_id"], unique=False)
    add_columns()
    keep_invariants()
    post_what_was_before()


def add_columns() -> None:
    """Add to the tables there are."""
    op.add_column(
        "invoices",
        sa.Column(
            "kind",
            sa.Enum("invoice", "credit_note", name="invoicekind", native_enum=False, length=24),
            nullable=False,
            server_default="invoice",
        ),
    )
    op.add_column("invoices", sa.Column("corrects_id", sa.Uuid(), nullable=True))
    op.add_column("invoices", sa.Column("refund_id", sa.Uuid(), nullable=True))
    op.add_column("invoices", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("invoices", sa.Column("credited", sa.BigInteger(), nullable=False, server_default="0"))
    op.drop_constraint(op.f("uq_invoices_order_id"), "invoices", type_="unique")
    op.create_index(
        "uq_invoices_order_id",
        "invoices",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'invoice'"),
    )
    op.create_index(op.f("ix_invoices_corrects_id"), "invoices", ["corrects_id"], unique=False)
    op.create_unique_constraint(op.f("uq_invoices_refund_id"), "invoices", ["refund_id"])
    op.create_foreign_key(
        op.f("fk_invoices_refund_id_refunds"),
        "invoices",
        "refunds",
        ["refund_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_foreign_key(
        op.f("fk_invoices_corrects_id_invoices"),
        "invoices",
        "invoices",
        ["corrects_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.add_column(
        "orders",
        sa.Column(
            "kind",
            sa.Enum("purchase", "renewal", "change", name="orderkind", native_enum=False, length=24),
            nullable=False,
            server_default="purchase",
        ),
    )
    op.add_column("orders", sa.Column("credit", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("unused", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("orders", sa.Column("replaces_price_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_orders_replaces_price_id_plan_prices"),
        "orders",
        "plan_prices",
        ["replaces_price_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.add_column("orders", sa.Column("period_start", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("period_end", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "orders",
        sa.Column(
            "explanation", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"
        ),
    )
    op.create_index(
        "ix_orders_open_subscription",
        "orders",
        ["subscription_id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "uq_orders_renewal_period",
        "orders",
        ["subscription_id", "period_start"],
        unique=True,
        postgresql_where=sa.text("kind = 'renewal' AND status <> 'canceled'"),
    )
    op.add_column("subscriptions", sa.Column("pending_price_id", sa.Uuid(), nullable=True))
    op.add_column("subscriptions", sa.Column("pending_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "subscriptions",
        sa.Column("converts_at_trial_end", sa.Boolean(), nullable=False, server_default="false"),
    )
    op.add_column("subscriptions", sa.Column("past_due_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "subscriptions", sa.Column("charge_attempts", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("subscriptions", sa.Column("data_kept_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("subscriptions", sa.Column("data_deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_subscriptions_due_attempt",
        "subscriptions",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index(
        "ix_subscriptions_due_deletion",
        "subscriptions",
        ["data_kept_until"],
        unique=False,
        postgresql_where=sa.text("data_kept_until IS NOT NULL AND data_deleted_at IS NULL"),
    )
    op.create_index(
        "ix_subscriptions_due_renewal",
        "subscriptions",
        ["current_period_end"],
        unique=False,
        postgresql_where=sa.text("status = 'active'"),
    )
    op.create_foreign_key(
        op.f("fk_subscriptions_pending_price_id_plan_prices"),
        "subscriptions",
        "plan_prices",
        ["pending_price_id"],
        ["id"],
        ondelete="RESTRICT",
    )


def keep_invariants() -> None:
    """Let the database refuse what must never be."""
    for table, column in SET_BY_THE_PROGRAM:
        op.alter_column(table, column, server_default=None)
    op.execute("UPDATE subscriptions SET past_due_since = current_period_end WHERE status = 'past_due'")
    for (table, name), condition in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    for table in APPEND_ONLY_TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute(INVOICE_IS_FROZEN % "'credited', ")
    op.execute(JOURNAL_BALANCES)
    for table in ("journals", "postings"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_balance AFTER INSERT ON {table} "
            "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced_journal()"
        )


def post_what_was_before() -> None:
    """Give the money events and periods so far their journals and slices.

    What PayTR kept of them it tells again in its reports; a refund's credit note is issued by the program.
    """
    for statement in BACKFILL:
        op.execute(statement)


def downgrade() -> None:
    op.execute(INVOICE_IS_FROZEN % "")
    for table, name in reversed(CHECKS):
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    op.drop_constraint(
        op.f("fk_subscriptions_pending_price_id_plan_prices"), "subscriptions", type_="foreignkey"
    )
    op.drop_index(
        "ix_subscriptions_due_renewal",
        table_name="subscriptions",
        postgresql_where=sa.text("status = 'active'"),
    )
    op.drop_index(
        "ix_subscriptions_due_deletion",
        table_name="subscriptions",
        postgresql_where=sa.text("data_kept_until IS NOT NULL AND data_deleted_at IS NULL"),
    )
    op.drop_index(
        "ix_subscriptions_due_attempt",
        table_name="subscriptions",
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.drop_column("subscriptions", "data_deleted_at")
    op.drop_column("subscriptions", "data_kept_until")
    op.drop_column("subscriptions", "charge_attempts")
    op.drop_column("subscriptions", "past_due_since")
    op.drop_column("subscriptions", "converts_at_trial_end")
    op.drop_column("subscriptions", "pending_since")
    op.drop_column("subscriptions", "pending_price_id")
    op.drop_index(
        "uq_orders_renewal_period",
        table_name="orders",
        postgresql_where=sa.text("kind = 'renewal' AND status <> 'canceled'"),
    )
    op.drop_index(
        "ix_orders_open_subscription", table_name="orders", postgresql_where=sa.text("status = 'open'")
    )
    op.drop_column("orders", "explanation")
    op.drop_column("orders", "period_end")
    op.drop_column("orders", "period_start")
    op.drop_column("orders", "credit")
    op.drop_constraint(op.f("fk_orders_replaces_price_id_plan_prices"), "orders", type_="foreignkey")
    op.drop_column("orders", "replaces_price_id")
    op.drop_column("orders", "unused")
    op.drop_column("orders", "kind")
    op.drop_constraint(op.f("fk_invoices_corrects_id_invoices"), "invoices", type_="foreignkey")
    op.drop_constraint(op.f("fk_invoices_refund_id_refunds"), "invoices", type_="foreignkey")
    op.drop_constraint(op.f("uq_invoices_refund_id"), "invoices", type_="unique")
    op.drop_index(op.f("ix_invoices_corrects_id"), table_name="invoices")
    op.drop_index("uq_invoices_order_id", table_name="invoices", postgresql_where=sa.text("kind = 'invoice'"))
    op.create_unique_constraint(
        op.f("uq_invoices_order_id"), "invoices", ["order_id"], postgresql_nulls_not_distinct=False
    )
    op.drop_column("invoices", "credited")
    op.drop_column("invoices", "reason")
    op.drop_column("invoices", "refund_id")
    op.drop_column("invoices", "corrects_id")
    op.drop_column("invoices", "kind")
    op.drop_index(op.f("ix_plan_slices_company_id"), table_name="plan_slices")
    op.drop_table("plan_slices")
    op.drop_index(op.f("ix_reminders_company_id"), table_name="reminders")
    op.drop_table("reminders")
    op.drop_table("postings")
    op.drop_index(
        "uq_ledger_breaks_open", table_name="ledger_breaks", postgresql_where=sa.text("mended_at IS NULL")
    )
    op.drop_index(op.f("ix_ledger_breaks_company_id"), table_name="ledger_breaks")
    op.drop_table("ledger_breaks")
    op.drop_index("ix_journals_company_id_at", table_name="journals")
    op.drop_table("journals")
    op.drop_table("company_credits")
    op.drop_table("ledger_proofs")
    op.execute("DROP FUNCTION refuse_unbalanced_journal()")
