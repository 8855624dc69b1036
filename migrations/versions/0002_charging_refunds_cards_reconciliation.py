"""charging refunds cards reconciliation"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

APPEND_ONLY_TABLES = ("provider_reports", "reconciliation_differences")
SET_BY_THE_PROGRAM = (
    ("payments", "channel"),
    ("payments", "refund_reserved"),
    ("payments", "refunded"),
    ("users", "is_operator"),
)
PAYMENT_CHECKS = {
    "status_is_known": (
        "status IN ('created', 'sent', 'unknown', 'waiting', 'succeeded', 'failed', 'expired', "
        "'partly_refunded', 'refunded')"
    ),
    "success_has_an_instant": (
        "(status IN ('succeeded', 'partly_refunded', 'refunded')) = (succeeded_at IS NOT NULL)"
    ),
    "channel_is_known": "channel IN ('frame', 'direct', 'stored_card')",
    "stored_card_is_named": "(channel = 'stored_card') <= (card_id IS NOT NULL)",
    "refunds_stay_within_what_was_collected": (
        "refund_reserved >= 0 AND refund_reserved <= coalesce(collected, 0)"
    ),
    "refunded_was_reserved_before": "refunded >= 0 AND refunded <= refund_reserved",
}


def upgrade() -> None:
    op.create_table(
        "reconciliation_runs",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("sales_count", sa.Integer(), nullable=False),
        sa.Column("refund_count", sa.Integer(), nullable=False),
        sa.Column("totals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("difference_count", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_runs")),
    )
    op.create_index("ix_reconciliation_runs_day", "reconciliation_runs", ["day", "started_at"], unique=False)
    op.create_table(
        "provider_reports",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("transactions", "statement", "payout", name="reportkind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('transactions', 'statement', 'payout')", name=op.f("ck_provider_reports_kind_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["reconciliation_runs.id"],
            name=op.f("fk_provider_reports_run_id_reconciliation_runs"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_reports")),
    )
    op.create_index(op.f("ix_provider_reports_run_id"), "provider_reports", ["run_id"], unique=False)
    op.create_table(
        "reconciliation_differences",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "missing_here",
                "missing_there",
                "amount",
                "currency",
                "date",
                "duplicated",
                "total",
                name="differencecause",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("merchant_oid", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("ours", sa.BigInteger(), nullable=True),
        sa.Column("theirs", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "cause IN ('missing_here', 'missing_there', 'amount', 'currency', 'date', 'duplicated', 'total')",
            name=op.f("ck_reconciliation_differences_cause_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["reconciliation_runs.id"],
            name=op.f("fk_reconciliation_differences_run_id_reconciliation_runs"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_differences")),
        sa.UniqueConstraint("run_id", "position", name=op.f("uq_reconciliation_differences_run_id_position")),
    )
    op.create_index(
        op.f("ix_reconciliation_differences_run_id"), "reconciliation_differences", ["run_id"], unique=False
    )
    op.create_table(
        "stored_cards",
        sa.Column("added_by_id", sa.Uuid(), nullable=True),
        sa.Column("user_token", sa.Text(), nullable=True),
        sa.Column("card_token", sa.Text(), nullable=True),
        sa.Column("card_digest", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("bank", sa.Text(), nullable=False),
        sa.Column("last_four", sa.Text(), nullable=False),
        sa.Column("expiry_month", sa.Integer(), nullable=False),
        sa.Column("expiry_year", sa.Integer(), nullable=False),
        sa.Column("requires_cvv", sa.Boolean(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_version", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consent_address", sa.Text(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removal_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("last_four ~ '^[0-9]{4}$'", name=op.f("ck_stored_cards_last_four_are_digits")),
        sa.CheckConstraint(
            "(removed_at IS NULL OR removal_due_at IS NOT NULL) "
            "= (user_token IS NOT NULL AND card_token IS NOT NULL)",
            name=op.f("ck_stored_cards_tokens_end_with_the_card"),
        ),
        sa.CheckConstraint(
            "NOT (is_default AND removed_at IS NOT NULL)", name=op.f("ck_stored_cards_default_is_there")
        ),
        sa.CheckConstraint("expiry_month BETWEEN 1 AND 12", name=op.f("ck_stored_cards_expiry_month_exists")),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["users.id"], name=op.f("fk_stored_cards_added_by_id_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_stored_cards_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_cards")),
    )
    op.create_index(op.f("ix_stored_cards_company_id"), "stored_cards", ["company_id"], unique=False)
    op.create_index(
        "ix_stored_cards_removal_due",
        "stored_cards",
        ["removal_due_at"],
        unique=False,
        postgresql_where=sa.text("removal_due_at IS NOT NULL"),
    )
    op.create_index(
        "uq_stored_cards_card",
        "stored_cards",
        ["company_id", "card_digest"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "uq_stored_cards_default",
        "stored_cards",
        ["company_id"],
        unique=True,
        postgresql_where=sa.text("is_default AND removed_at IS NULL"),
    )
    op.create_table(
        "refunds",
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "created",
                "sent",
                "unknown",
                "succeeded",
                "failed",
                name="refundstatus",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status = 'succeeded') = (succeeded_at IS NOT NULL)",
            name=op.f("ck_refunds_success_has_an_instant"),
        ),
        sa.CheckConstraint(
            "reference ~ '^[A-Za-z0-9]{1,64}$'", name=op.f("ck_refunds_reference_is_alphanumeric")
        ),
        sa.CheckConstraint(
            "status IN ('created', 'sent', 'unknown', 'succeeded', 'failed')",
            name=op.f("ck_refunds_status_is_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_refunds_amount_is_positive")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_refunds_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id_payments"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"],
            ["users.id"],
            name=op.f("fk_refunds_requested_by_id_users"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("reference", name=op.f("uq_refunds_reference")),
    )
    op.create_index(op.f("ix_refunds_company_id"), "refunds", ["company_id"], unique=False)
    op.create_index(
        "ix_refunds_due",
        "refunds",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_refunds_payment_id"), "refunds", ["payment_id"], unique=False)
    op.add_column("operator_cases", sa.Column("decision", sa.Text(), nullable=True))
    op.add_column("operator_cases", sa.Column("note", sa.Text(), nullable=True))
    op.add_column("operator_cases", sa.Column("decided_by_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_operator_cases_open",
        "operator_cases",
        ["opened_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_foreign_key(
        op.f("fk_operator_cases_decided_by_id_users"),
        "operator_cases",
        "users",
        ["decided_by_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.add_column(
        "payments",
        sa.Column(
            "channel",
            sa.Enum("frame", "direct", "stored_card", name="paymentchannel", native_enum=False, length=24),
            nullable=False,
            server_default=sa.text("'frame'"),
        ),
    )
    op.add_column("payments", sa.Column("card_id", sa.Uuid(), nullable=True))
    op.add_column(
        "payments", sa.Column("refund_reserved", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column(
        "payments", sa.Column("refunded", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column("payments", sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "uq_payments_undecided_charge",
        "payments",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text(
            "channel = 'stored_card' AND status IN ('created', 'sent', 'unknown', 'waiting')"
        ),
    )
    op.create_foreign_key(
        op.f("fk_payments_card_id_stored_cards"),
        "payments",
        "stored_cards",
        ["card_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.add_column("users", sa.Column("is_operator", sa.Boolean(), nullable=False, server_default=sa.false()))
    for table, column in SET_BY_THE_PROGRAM:
        op.alter_column(table, column, server_default=None)
    upgrade_payments()
    op.create_check_constraint(
        "closed_by_a_decision", "operator_cases", "(closed_at IS NULL) = (decision IS NULL)"
    )
    for table in APPEND_ONLY_TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def upgrade_payments() -> None:
    """Give payments their further states, refunds within what was collected, and one charge at a time."""
    for name in ("status_is_known", "success_has_an_instant"):
        op.drop_constraint(op.f(f"ck_payments_{name}"), "payments", type_="check")
    op.execute("UPDATE payments SET status = 'waiting' WHERE status = 'pending'")
    for name, rule in PAYMENT_CHECKS.items():
        op.create_check_constraint(name, "payments", rule)
    op.drop_index("uq_payments_succeeded_order", table_name="payments")
    op.create_index(
        "uq_payments_succeeded_order",
        "payments",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('succeeded', 'partly_refunded', 'refunded') AND NOT is_surplus"),
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_operator_cases_closed_by_a_decision"), "operator_cases", type_="check")
    op.drop_index("ix_operator_cases_open", table_name="operator_cases")
    for column in ("decided_by_id", "note", "decision"):
        op.drop_column("operator_cases", column)
    downgrade_payments()
    op.drop_column("users", "is_operator")
    for table in (
        "refunds",
        "stored_cards",
        "reconciliation_differences",
        "provider_reports",
        "reconciliation_runs",
    ):
        op.drop_table(table)


def downgrade_payments() -> None:
    """Fold the further states into the first five, and take the columns away."""
    op.drop_index("uq_payments_succeeded_order", table_name="payments")
    op.drop_index("uq_payments_undecided_charge", table_name="payments")
    for name in PAYMENT_CHECKS:
        op.drop_constraint(op.f(f"ck_payments_{name}"), "payments", type_="check")
    op.execute(
        "UPDATE payments SET status = CASE status WHEN 'partly_refunded' THEN 'refunded' ELSE 'pending' END "
        "WHERE status IN ('created', 'sent', 'unknown', 'waiting', 'partly_refunded')"
    )
    for column in ("channel", "card_id", "refund_reserved", "refunded", "sent_at"):
        op.drop_column("payments", column)
    op.create_check_constraint(
        "status_is_known",
        "payments",
        "status IN ('pending', 'succeeded', 'failed', 'expired', 'refunded')",
    )
    op.create_check_constraint(
        "success_has_an_instant",
        "payments",
        "(status IN ('succeeded', 'refunded')) = (succeeded_at IS NOT NULL)",
    )
    op.create_index(
        "uq_payments_succeeded_order",
        "payments",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("status = 'succeeded' AND NOT is_surplus"),
    )
