"""quotas and removals"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# the last wall behind domain/workspaces/quotas.py, which holds the same row when it asks; a quota that was
# lowered is never refused, since a change to a smaller plan may have left more than that plan holds
BEYOND_PLAN = """
CREATE FUNCTION refuse_quotas_beyond_plan() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    plan text;
    places integer;
BEGIN
    IF NEW.workspace_quota IS NULL
       OR TG_OP = 'UPDATE' AND NEW.company_id = OLD.company_id AND NEW.workspace_quota <= OLD.workspace_quota
    THEN
        RETURN NULL;
    END IF;
    SELECT plan_code INTO plan FROM subscriptions WHERE company_id = NEW.company_id
     ORDER BY status = 'canceled', created_at DESC LIMIT 1 FOR UPDATE;
    IF plan IS NULL THEN
        places := 0;
    ELSE
        SELECT workspace_limit INTO places FROM plans WHERE code = plan;
    END IF;
    IF (SELECT sum(workspace_quota) FROM memberships WHERE company_id = NEW.company_id) > places THEN
        RAISE EXCEPTION 'quotas of company % are more than its plan holds', NEW.company_id
              USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_memberships_quotas_fit_the_plan';
    END IF;
    RETURN NULL;
END $$
"""
KEPT = """
CREATE CONSTRAINT TRIGGER memberships_quotas_fit
 AFTER INSERT OR UPDATE OF workspace_quota, company_id ON memberships
 DEFERRABLE INITIALLY DEFERRED
 FOR EACH ROW EXECUTE FUNCTION refuse_quotas_beyond_plan()
"""


def upgrade() -> None:
    op.add_column("memberships", sa.Column("workspace_quota", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f("ck_memberships_quota_is_not_negative"), "memberships", "workspace_quota >= 0"
    )
    add_removals()
    op.add_column("workspaces", sa.Column("removal_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_workspaces_removal_id_member_removals"),
        "workspaces",
        "member_removals",
        ["removal_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_index(
        "ix_workspaces_removal",
        "workspaces",
        ["removal_id"],
        postgresql_where=sa.text("removal_id IS NOT NULL"),
    )
    op.execute(BEYOND_PLAN)
    op.execute(KEPT)


def add_removals() -> None:
    op.create_table(
        "member_removals",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "workspaces_to",
            sa.Enum("member", "deletion", name="workspacesto", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("heir_id", sa.Uuid(), nullable=True),
        sa.Column("workspace_count", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(done_at IS NULL) = (next_attempt_at IS NOT NULL)", name=op.f("ck_member_removals_done_or_due")
        ),
        sa.CheckConstraint(
            "(workspaces_to = 'member') = (heir_id IS NOT NULL)",
            name=op.f("ck_member_removals_members_are_named"),
        ),
        sa.CheckConstraint("heir_id <> user_id", name=op.f("ck_member_removals_goes_to_somebody_else")),
        sa.CheckConstraint(
            "workspace_count >= 0 AND attempts >= 0", name=op.f("ck_member_removals_counts_are_not_negative")
        ),
        sa.CheckConstraint(
            "workspaces_to IN ('member', 'deletion')", name=op.f("ck_member_removals_choice_is_known")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["users.id"], name=op.f(f"fk_member_removals_{column}_users"), ondelete="RESTRICT"
            )
            for column in ("user_id", "asked_by_id", "heir_id")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_member_removals_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_removals")),
    )
    op.create_index(
        "ix_member_removals_due",
        "member_removals",
        ["next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    for column in ("company_id", "user_id"):
        op.create_index(op.f(f"ix_member_removals_{column}"), "member_removals", [column])


def downgrade() -> None:
    op.execute("DROP TRIGGER memberships_quotas_fit ON memberships")
    op.execute("DROP FUNCTION refuse_quotas_beyond_plan()")
    op.drop_index("ix_workspaces_removal", "workspaces")
    op.drop_constraint(op.f("fk_workspaces_removal_id_member_removals"), "workspaces", type_="foreignkey")
    op.drop_column("workspaces", "removal_id")
    op.drop_table("member_removals")
    op.drop_constraint(op.f("ck_memberships_quota_is_not_negative"), "memberships", type_="check")
    op.drop_column("memberships", "workspace_quota")
