"""forecasts"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "forecasts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("making", "made", "refused", name="forecaststatus", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("figures", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("failed_rows", sa.Integer(), nullable=False),
        sa.Column("unreadable_cards", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'made') = (made_at IS NOT NULL)", name=op.f("ck_forecasts_made_has_an_instant")
        ),
        sa.CheckConstraint(
            "(status = 'refused') = (reason IS NOT NULL)", name=op.f("ck_forecasts_refused_has_a_reason")
        ),
        sa.CheckConstraint(
            "status IN ('making', 'made', 'refused')", name=op.f("ck_forecasts_status_is_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecasts")),
        sa.UniqueConstraint("day", name=op.f("uq_forecasts_day")),
    )
    op.create_table(
        "forecast_lines",
        sa.Column("forecast_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("subscription_id", sa.Uuid(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "paid",
                "declined",
                "unpaid",
                "trial_ended",
                "suspended",
                "canceled",
                name="linekind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('paid', 'declined', 'unpaid', 'trial_ended', 'suspended', 'canceled')",
            name=op.f("ck_forecast_lines_kind_is_known"),
        ),
        sa.CheckConstraint(
            "(amount IS NULL) = (currency IS NULL)", name=op.f("ck_forecast_lines_amount_has_a_currency")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_forecast_lines_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["forecast_id"],
            ["forecasts.id"],
            name=op.f("fk_forecast_lines_forecast_id_forecasts"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_forecast_lines_subscription_id_subscriptions"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_forecast_lines")),
        sa.UniqueConstraint("forecast_id", "position", name=op.f("uq_forecast_lines_forecast_id_position")),
    )
    op.create_index(op.f("ix_forecast_lines_company_id"), "forecast_lines", ["company_id"], unique=False)
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"], unique=False, postgresql_using="brin")
    op.create_index(
        "ix_email_messages_sent_at", "email_messages", ["sent_at"], unique=False, postgresql_using="brin"
    )
    op.create_index("ix_invoices_issued_at", "invoices", ["issued_at"], unique=False, postgresql_using="brin")
    op.create_index("ix_journals_at", "journals", ["at"], unique=False, postgresql_using="brin")
    op.create_index("ix_payments_failed_at", "payments", ["failed_at"], unique=False, postgresql_using="brin")


def downgrade() -> None:
    op.drop_index("ix_payments_failed_at", table_name="payments", postgresql_using="brin")
    op.drop_index("ix_journals_at", table_name="journals", postgresql_using="brin")
    op.drop_index("ix_invoices_issued_at", table_name="invoices", postgresql_using="brin")
    op.drop_index("ix_email_messages_sent_at", table_name="email_messages", postgresql_using="brin")
    op.drop_index("ix_audit_entries_at", table_name="audit_entries", postgresql_using="brin")
    op.drop_index(op.f("ix_forecast_lines_company_id"), table_name="forecast_lines")
    op.drop_table("forecast_lines")
    op.drop_table("forecasts")
