"""support access and what changed"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0020"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    add_support_accesses()
    op.add_column(
        "companies",
        sa.Column("support_access_allowed", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    extend_audit_entries()
    # rows are kept by a trigger of 0001; emptying the table at once asks no row
    op.execute(
        "CREATE TRIGGER audit_entries_kept BEFORE TRUNCATE ON audit_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def add_support_accesses() -> None:
    op.create_table(
        "support_accesses",
        sa.Column("operator_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raise_reason", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "ends_at > began_at AND ends_at <= began_at + interval '60 minutes'",
            name=op.f("ck_support_accesses_time_is_boxed"),
        ),
        sa.CheckConstraint(
            "ended_at BETWEEN began_at AND ends_at", name=op.f("ck_support_accesses_ended_in_its_time")
        ),
        sa.CheckConstraint(
            "raised_at BETWEEN began_at AND ends_at", name=op.f("ck_support_accesses_raised_in_its_time")
        ),
        sa.CheckConstraint(
            "(raised_at IS NULL) = (raise_reason IS NULL)",
            name=op.f("ck_support_accesses_raised_for_a_reason"),
        ),
        sa.CheckConstraint(
            "btrim(reason) <> '' AND btrim(raise_reason) <> ''",
            name=op.f("ck_support_accesses_reasons_say_something"),
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_support_accesses_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"],
            ["users.id"],
            name=op.f("fk_support_accesses_operator_id_users"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_accesses")),
    )
    op.create_index(op.f("ix_support_accesses_company_id"), "support_accesses", ["company_id"])
    running = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_support_accesses_running",
        "support_accesses",
        ["operator_id"],
        unique=True,
        postgresql_where=running,
    )
    op.create_index("ix_support_accesses_ends_at", "support_accesses", ["ends_at"], postgresql_where=running)


def extend_audit_entries() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    op.add_column("audit_entries", sa.Column("before", json, nullable=True))
    op.add_column("audit_entries", sa.Column("after", json, nullable=True))
    op.add_column("audit_entries", sa.Column("support_access_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_audit_entries_support_access_id_support_accesses"),
        "audit_entries",
        "support_accesses",
        ["support_access_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_check_constraint(
        op.f("ck_audit_entries_support_is_an_operators"),
        "audit_entries",
        "support_access_id IS NULL OR actor = 'operator'",
    )
    op.create_index("ix_audit_entries_at_id", "audit_entries", ["at", "id"])
    op.create_index("ix_audit_entries_action_at_id", "audit_entries", ["action", "at", "id"])
    op.create_index("ix_audit_entries_actor_at_id", "audit_entries", ["actor", "at", "id"])
    op.create_index("ix_audit_entries_subject", "audit_entries", ["subject"])
    partial = {
        "ix_audit_entries_request_id": (["request_id"], "request_id IS NOT NULL"),
        "ix_audit_entries_support_access_id": (["support_access_id"], "support_access_id IS NOT NULL"),
    }
    for name, (columns, condition) in partial.items():
        op.create_index(name, "audit_entries", columns, postgresql_where=sa.text(condition))
    op.drop_index("ix_audit_entries_at", table_name="audit_entries")


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_entries_kept ON audit_entries")
    op.create_index("ix_audit_entries_at", "audit_entries", ["at"], postgresql_using="brin")
    for name in ("support_access_id", "actor_at_id", "request_id", "subject", "action_at_id", "at_id"):
        op.drop_index(f"ix_audit_entries_{name}", table_name="audit_entries")
    op.drop_constraint(op.f("ck_audit_entries_support_is_an_operators"), "audit_entries")
    for column in ("support_access_id", "after", "before"):
        op.drop_column("audit_entries", column)
    op.drop_column("companies", "support_access_allowed")
    op.drop_table("support_accesses")
