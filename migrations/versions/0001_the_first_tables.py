"""the first tables"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

APPEND_ONLY_TABLES = ("payment_events", "audit_entries", "legal_acceptances", "invoice_lines")
APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
INVOICE_IS_FROZEN = """
CREATE FUNCTION refuse_invoice_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    free CONSTANT text[] := ARRAY['status', 'pdf_key', 'pdf_sha256', 'pdf_rendered_at'];
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - free) IS DISTINCT FROM (to_jsonb(OLD) - free) THEN
        RAISE EXCEPTION 'invoice % is issued and does not change', OLD.number
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "companies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("legal_name", sa.Text(), nullable=True),
        sa.Column("tax_office", sa.Text(), nullable=True),
        sa.Column("tax_number", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("language IN ('tr', 'en')", name=op.f("ck_companies_language_is_known")),
        sa.CheckConstraint(
            "slug ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(slug) <= 30",
            name=op.f("ck_companies_slug_is_a_label"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        sa.UniqueConstraint("slug", name=op.f("uq_companies_slug")),
    )
    op.create_table(
        "invoice_counters",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("last_issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("last_number >= 0", name=op.f("ck_invoice_counters_counts_up")),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_invoice_counters")),
    )
    op.create_table(
        "job_runs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
    )
    op.create_index("ix_job_runs_name_started_at", "job_runs", ["name", "started_at"], unique=False)
    op.create_table(
        "plans",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("workspace_limit", sa.Integer(), nullable=True),
        sa.Column("disk_gb", sa.Integer(), nullable=False),
        sa.Column("memory_mb", sa.Integer(), nullable=False),
        sa.Column("cpu_count", sa.Integer(), nullable=False),
        sa.Column("idle_stop_minutes", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "workspace_limit IS NULL OR workspace_limit > 0", name=op.f("ck_plans_limit_is_positive")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_plans")),
        sa.UniqueConstraint("rank", name=op.f("uq_plans_rank")),
    )
    op.create_table(
        "users",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("color_scheme", sa.Text(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "color_scheme IN ('auto', 'light', 'dark')", name=op.f("ck_users_color_scheme_is_known")
        ),
        sa.CheckConstraint("language IN ('tr', 'en')", name=op.f("ck_users_language_is_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
    )
    op.create_index("uq_users_email_lower", "users", [sa.literal_column("lower(email)")], unique=True)
    op.create_table(
        "audit_entries",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_audit_entries_actor_id_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_audit_entries_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index("ix_audit_entries_company_id_at", "audit_entries", ["company_id", "at"], unique=False)
    op.create_table(
        "legal_acceptances",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_legal_acceptances_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_legal_acceptances_user_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_acceptances")),
        sa.UniqueConstraint(
            "user_id",
            "company_id",
            "document",
            "version",
            name=op.f("uq_legal_acceptances_user_id_company_id_document_version"),
        ),
    )
    op.create_index(
        op.f("ix_legal_acceptances_company_id"), "legal_acceptances", ["company_id"], unique=False
    )
    op.create_table(
        "memberships",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("owner", "admin", "billing", "developer", name="role", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "role IN ('owner', 'admin', 'billing', 'developer')", name=op.f("ck_memberships_role_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_memberships_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
        sa.UniqueConstraint("user_id", "company_id", name=op.f("uq_memberships_user_id_company_id")),
    )
    op.create_index(op.f("ix_memberships_company_id"), "memberships", ["company_id"], unique=False)
    op.create_table(
        "operator_cases",
        sa.Column(
            "kind",
            sa.Enum(
                "unknown_order",
                "amount_differs",
                "currency_differs",
                "test_payment",
                "paid_twice",
                "verification_differs",
                "outcome_unknown",
                "gateway_refused",
                name="casekind",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_operator_cases_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operator_cases")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_operator_cases_kind_subject")),
    )
    op.create_index(op.f("ix_operator_cases_company_id"), "operator_cases", ["company_id"], unique=False)
    op.create_table(
        "plan_prices",
        sa.Column("plan_code", sa.Text(), nullable=False),
        sa.Column(
            "interval",
            sa.Enum("month", "year", name="interval", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("vat_basis_points", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("interval IN ('month', 'year')", name=op.f("ck_plan_prices_interval_is_known")),
        sa.CheckConstraint(
            "net >= 0 AND vat >= 0 AND gross = net + vat", name=op.f("ck_plan_prices_gross_is_net_and_vat")
        ),
        sa.CheckConstraint(
            "vat = (net * vat_basis_points + 5000) / 10000", name=op.f("ck_plan_prices_vat_follows_the_rate")
        ),
        sa.ForeignKeyConstraint(
            ["plan_code"], ["plans.code"], name=op.f("fk_plan_prices_plan_code_plans"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_prices")),
        sa.UniqueConstraint(
            "plan_code",
            "interval",
            "currency",
            "version",
            name=op.f("uq_plan_prices_plan_code_interval_currency_version"),
        ),
    )
    op.create_index(
        "uq_plan_prices_current",
        "plan_prices",
        ["plan_code", "interval", "currency"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "workspaces",
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("driver", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "starting",
                "ready",
                "stopping",
                "stopped",
                "failed",
                "deleting",
                "deleted",
                name="workspacestatus",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("driver_state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("backend_url", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status = 'deleted') = (deleted_at IS NOT NULL)",
            name=op.f("ck_workspaces_deleted_has_an_instant"),
        ),
        sa.CheckConstraint(
            "(status = 'ready') = (backend_url IS NOT NULL)",
            name=op.f("ck_workspaces_ready_has_a_backend"),
        ),
        sa.CheckConstraint(
            "name ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' AND length(name) <= 30",
            name=op.f("ck_workspaces_name_is_a_label"),
        ),
        sa.CheckConstraint(
            "status IN ('starting', 'ready', 'stopping', 'stopped', 'failed', 'deleting', 'deleted')",
            name=op.f("ck_workspaces_status_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_workspaces_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_workspaces_owner_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
    )
    op.create_index(op.f("ix_workspaces_company_id"), "workspaces", ["company_id"], unique=False)
    op.create_index(
        "uq_workspaces_live_name",
        "workspaces",
        ["company_id", "name"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("plan_code", sa.Text(), nullable=False),
        sa.Column("price_id", sa.Uuid(), nullable=True),
        sa.Column(
            "interval",
            sa.Enum("month", "year", name="interval", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "trialing",
                "active",
                "past_due",
                "suspended",
                "canceled",
                name="subscriptionstatus",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("trial_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("anchor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_period_start", sa.DateTime(timezone=True), nullable=True),
        sa.Column("current_period_end", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("interval IN ('month', 'year')", name=op.f("ck_subscriptions_interval_is_known")),
        sa.CheckConstraint(
            "status <> 'active' OR (current_period_end IS NOT NULL AND anchor_at IS NOT NULL)",
            name=op.f("ck_subscriptions_active_has_a_period"),
        ),
        sa.CheckConstraint(
            "status <> 'trialing' OR trial_ends_at IS NOT NULL", name=op.f("ck_subscriptions_trial_ends")
        ),
        sa.CheckConstraint(
            "status IN ('trialing', 'active', 'past_due', 'suspended', 'canceled')",
            name=op.f("ck_subscriptions_status_is_known"),
        ),
        sa.CheckConstraint(
            "current_period_end > current_period_start", name=op.f("ck_subscriptions_period_is_forward")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_subscriptions_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["plan_code"], ["plans.code"], name=op.f("fk_subscriptions_plan_code_plans"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["price_id"],
            ["plan_prices.id"],
            name=op.f("fk_subscriptions_price_id_plan_prices"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
    )
    op.create_index(op.f("ix_subscriptions_company_id"), "subscriptions", ["company_id"], unique=False)
    op.create_index(
        "ix_subscriptions_due_trial",
        "subscriptions",
        ["trial_ends_at"],
        unique=False,
        postgresql_where=sa.text("status = 'trialing'"),
    )
    op.create_index(
        "uq_subscriptions_live_company",
        "subscriptions",
        ["company_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'canceled'"),
    )
    op.create_table(
        "workspace_transitions",
        sa.Column("workspace_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("start", "stop", "delete", name="transitionkind", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("requested_by_id", sa.Uuid(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('start', 'stop', 'delete')", name=op.f("ck_workspace_transitions_kind_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_workspace_transitions_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"],
            ["users.id"],
            name=op.f("fk_workspace_transitions_requested_by_id_users"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_workspace_transitions_workspace_id_workspaces"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspace_transitions")),
    )
    op.create_index(
        op.f("ix_workspace_transitions_company_id"), "workspace_transitions", ["company_id"], unique=False
    )
    op.create_index(
        "ix_workspace_transitions_due",
        "workspace_transitions",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_index(
        op.f("ix_workspace_transitions_workspace_id"), "workspace_transitions", ["workspace_id"], unique=False
    )
    op.create_index(
        "uq_workspace_transitions_open",
        "workspace_transitions",
        ["workspace_id"],
        unique=True,
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.create_table(
        "orders",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("placed_by_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum("open", "paid", "expired", "canceled", name="orderstatus", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("plan_code", sa.Text(), nullable=False),
        sa.Column("plan_name", sa.Text(), nullable=False),
        sa.Column("price_id", sa.Uuid(), nullable=False),
        sa.Column(
            "interval",
            sa.Enum("month", "year", name="interval", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("vat_basis_points", sa.Integer(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status = 'paid') = (paid_at IS NOT NULL)", name=op.f("ck_orders_paid_has_an_instant")
        ),
        sa.CheckConstraint("interval IN ('month', 'year')", name=op.f("ck_orders_interval_is_known")),
        sa.CheckConstraint(
            "status IN ('open', 'paid', 'expired', 'canceled')", name=op.f("ck_orders_status_is_known")
        ),
        sa.CheckConstraint(
            "net >= 0 AND vat >= 0 AND gross = net + vat", name=op.f("ck_orders_gross_is_net_and_vat")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_orders_company_id_companies"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["placed_by_id"], ["users.id"], name=op.f("fk_orders_placed_by_id_users"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["plan_code"], ["plans.code"], name=op.f("fk_orders_plan_code_plans"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["price_id"], ["plan_prices.id"], name=op.f("fk_orders_price_id_plan_prices"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscriptions.id"],
            name=op.f("fk_orders_subscription_id_subscriptions"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
    )
    op.create_index(op.f("ix_orders_company_id"), "orders", ["company_id"], unique=False)
    op.create_index(op.f("ix_orders_subscription_id"), "orders", ["subscription_id"], unique=False)
    op.create_table(
        "payments",
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_oid", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "succeeded",
                "failed",
                "expired",
                "refunded",
                name="paymentstatus",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("collected", sa.BigInteger(), nullable=True),
        sa.Column("is_surplus", sa.Boolean(), nullable=False),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column("failure_message", sa.Text(), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_inquiry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inquiries", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('succeeded', 'refunded')) = (succeeded_at IS NOT NULL)",
            name=op.f("ck_payments_success_has_an_instant"),
        ),
        sa.CheckConstraint(
            "merchant_oid ~ '^[A-Za-z0-9]{1,64}$'", name=op.f("ck_payments_oid_is_alphanumeric")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed', 'expired', 'refunded')",
            name=op.f("ck_payments_status_is_known"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_payments_amount_is_not_negative")),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_payments_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_payments_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("merchant_oid", name=op.f("uq_payments_merchant_oid")),
    )
    op.create_index(op.f("ix_payments_company_id"), "payments", ["company_id"], unique=False)
    op.create_index(
        "ix_payments_due_inquiry",
        "payments",
        ["next_inquiry_at"],
        unique=False,
        postgresql_where=sa.text("next_inquiry_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_payments_order_id"), "payments", ["order_id"], unique=False)
    op.create_index(
        "uq_payments_succeeded_order",
        "payments",
        ["order_id"],
        unique=True,
        postgresql_where=sa.text("status = 'succeeded' AND NOT is_surplus"),
    )
    op.create_table(
        "invoices",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum("issued", "credited", name="invoicestatus", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("seller", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("buyer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issue_date", sa.Date(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payment_reference", sa.Text(), nullable=True),
        sa.Column("pdf_key", sa.Text(), nullable=True),
        sa.Column("pdf_sha256", sa.Text(), nullable=True),
        sa.Column("pdf_rendered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "number ~ '^[A-Z0-9]{3}20[0-9]{2}[0-9]{9}$'", name=op.f("ck_invoices_number_has_gib_form")
        ),
        sa.CheckConstraint("status IN ('issued', 'credited')", name=op.f("ck_invoices_status_is_known")),
        sa.CheckConstraint(
            "net >= 0 AND vat >= 0 AND total = net + vat", name=op.f("ck_invoices_total_is_net_and_vat")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_invoices_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_invoices_order_id_orders"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payments.id"], name=op.f("fk_invoices_payment_id_payments"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
        sa.UniqueConstraint("order_id", name=op.f("uq_invoices_order_id")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_invoices_payment_id")),
        sa.UniqueConstraint("series", "year", "sequence", name=op.f("uq_invoices_series_year_sequence")),
    )
    op.create_index(op.f("ix_invoices_company_id"), "invoices", ["company_id"], unique=False)
    op.create_index(
        "ix_invoices_due_pdf",
        "invoices",
        ["issued_at"],
        unique=False,
        postgresql_where=sa.text("pdf_rendered_at IS NULL"),
    )
    op.create_table(
        "payment_events",
        sa.Column("merchant_oid", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["payments.id"],
            name=op.f("fk_payment_events_payment_id_payments"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_events")),
    )
    op.create_index(op.f("ix_payment_events_merchant_oid"), "payment_events", ["merchant_oid"], unique=False)
    op.create_table(
        "email_messages",
        sa.Column("dedupe_key", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "sent_at IS NULL OR next_attempt_at IS NULL", name=op.f("ck_email_messages_sent_is_not_due")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_email_messages_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["invoices.id"],
            name=op.f("fk_email_messages_invoice_id_invoices"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_messages")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_email_messages_dedupe_key")),
    )
    op.create_index(op.f("ix_email_messages_company_id"), "email_messages", ["company_id"], unique=False)
    op.create_index(
        "ix_email_messages_due",
        "email_messages",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_table(
        "invoice_lines",
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("vat", sa.BigInteger(), nullable=False),
        sa.Column("vat_basis_points", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "net >= 0 AND vat >= 0 AND total = net + vat", name=op.f("ck_invoice_lines_total_is_net_and_vat")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["invoices.id"],
            name=op.f("fk_invoice_lines_invoice_id_invoices"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_lines")),
        sa.UniqueConstraint("invoice_id", "position", name=op.f("uq_invoice_lines_invoice_id_position")),
    )

    op.execute(APPEND_ONLY)
    for table in APPEND_ONLY_TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
    op.execute(INVOICE_IS_FROZEN)
    op.execute(
        "CREATE TRIGGER invoices_frozen BEFORE UPDATE OR DELETE ON invoices "
        "FOR EACH ROW EXECUTE FUNCTION refuse_invoice_change()"
    )


def downgrade() -> None:
    op.drop_table("invoice_lines")
    op.drop_index(
        "ix_email_messages_due",
        table_name="email_messages",
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_email_messages_company_id"), table_name="email_messages")
    op.drop_table("email_messages")
    op.drop_index(op.f("ix_payment_events_merchant_oid"), table_name="payment_events")
    op.drop_table("payment_events")
    op.drop_index(
        "ix_invoices_due_pdf", table_name="invoices", postgresql_where=sa.text("pdf_rendered_at IS NULL")
    )
    op.drop_index(op.f("ix_invoices_company_id"), table_name="invoices")
    op.drop_table("invoices")
    op.drop_index(
        "uq_payments_succeeded_order",
        table_name="payments",
        postgresql_where=sa.text("status = 'succeeded' AND NOT is_surplus"),
    )
    op.drop_index(op.f("ix_payments_order_id"), table_name="payments")
    op.drop_index(
        "ix_payments_due_inquiry",
        table_name="payments",
        postgresql_where=sa.text("next_inquiry_at IS NOT NULL"),
    )
    op.drop_index(op.f("ix_payments_company_id"), table_name="payments")
    op.drop_table("payments")
    op.drop_index(op.f("ix_orders_subscription_id"), table_name="orders")
    op.drop_index(op.f("ix_orders_company_id"), table_name="orders")
    op.drop_table("orders")
    op.drop_index(
        "uq_workspace_transitions_open",
        table_name="workspace_transitions",
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.drop_index(op.f("ix_workspace_transitions_workspace_id"), table_name="workspace_transitions")
    op.drop_index(
        "ix_workspace_transitions_due",
        table_name="workspace_transitions",
        postgresql_where=sa.text("finished_at IS NULL"),
    )
    op.drop_index(op.f("ix_workspace_transitions_company_id"), table_name="workspace_transitions")
    op.drop_table("workspace_transitions")
    op.drop_index(
        "uq_subscriptions_live_company",
        table_name="subscriptions",
        postgresql_where=sa.text("status <> 'canceled'"),
    )
    op.drop_index(
        "ix_subscriptions_due_trial",
        table_name="subscriptions",
        postgresql_where=sa.text("status = 'trialing'"),
    )
    op.drop_index(op.f("ix_subscriptions_company_id"), table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_index(
        "uq_workspaces_live_name", table_name="workspaces", postgresql_where=sa.text("deleted_at IS NULL")
    )
    op.drop_index(op.f("ix_workspaces_company_id"), table_name="workspaces")
    op.drop_table("workspaces")
    op.drop_index(
        "uq_plan_prices_current", table_name="plan_prices", postgresql_where=sa.text("superseded_at IS NULL")
    )
    op.drop_table("plan_prices")
    op.drop_index(op.f("ix_operator_cases_company_id"), table_name="operator_cases")
    op.drop_table("operator_cases")
    op.drop_index(op.f("ix_memberships_company_id"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index(op.f("ix_legal_acceptances_company_id"), table_name="legal_acceptances")
    op.drop_table("legal_acceptances")
    op.drop_index("ix_audit_entries_company_id_at", table_name="audit_entries")
    op.drop_table("audit_entries")
    op.drop_index("uq_users_email_lower", table_name="users")
    op.drop_table("users")
    op.drop_table("plans")
    op.drop_index("ix_job_runs_name_started_at", table_name="job_runs")
    op.drop_table("job_runs")
    op.drop_table("invoice_counters")
    op.drop_table("companies")
    op.execute("DROP FUNCTION refuse_invoice_change")
    op.execute("DROP FUNCTION refuse_change")
