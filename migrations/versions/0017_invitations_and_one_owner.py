"""invitations and one owner"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OPEN = sa.text("accepted_at IS NULL AND withdrawn_at IS NULL")
AN_OWNER = sa.text("role = 'owner'")
ONE_OWNER = """
UPDATE memberships SET role = 'admin'
 WHERE role = 'owner'
   AND id NOT IN (SELECT DISTINCT ON (company_id) id FROM memberships
                   WHERE role = 'owner' ORDER BY company_id, created_at, id)
"""
"""Nothing has ever made a second owner; where somebody did by hand, the first one stays."""
SOME_OWNER = """
UPDATE memberships SET role = 'owner'
 WHERE id IN (SELECT DISTINCT ON (company_id) id FROM memberships AS member
               WHERE NOT EXISTS (SELECT FROM memberships AS owner
                                  WHERE owner.company_id = member.company_id AND owner.role = 'owner')
               ORDER BY company_id, role <> 'admin', created_at, id)
"""
FOUNDERS = """
UPDATE companies SET founder_id = owner.user_id
  FROM memberships AS owner
 WHERE owner.company_id = companies.id AND owner.role = 'owner'
"""
# asked at the commit, so that a transaction may hand the role over in two statements
OWNERLESS = """
CREATE FUNCTION refuse_ownerless_company() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    company uuid := CASE TG_OP WHEN 'INSERT' THEN NEW.company_id ELSE OLD.company_id END;
BEGIN
    IF EXISTS (SELECT FROM memberships WHERE company_id = company)
       AND NOT EXISTS (SELECT FROM memberships WHERE company_id = company AND role = 'owner') THEN
        RAISE EXCEPTION 'company % has members and no owner', company
              USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_memberships_company_has_an_owner';
    END IF;
    RETURN NULL;
END $$
"""
KEPT = """
CREATE CONSTRAINT TRIGGER memberships_keep_an_owner
 AFTER INSERT OR DELETE OR UPDATE OF role, company_id ON memberships
 DEFERRABLE INITIALLY DEFERRED
 FOR EACH ROW EXECUTE FUNCTION refuse_ownerless_company()
"""


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum("owner", "admin", "billing", "developer", name="role", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("invited_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by_id", sa.Uuid(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "role IN ('admin', 'billing', 'developer')", name=op.f("ck_invitations_role_can_be_given")
        ),
        sa.CheckConstraint(
            "(accepted_at IS NULL) = (accepted_by_id IS NULL)",
            name=op.f("ck_invitations_accepted_by_somebody"),
        ),
        sa.CheckConstraint(
            "accepted_at IS NULL OR withdrawn_at IS NULL", name=op.f("ck_invitations_ends_once")
        ),
        sa.CheckConstraint("expires_at > asked_at", name=op.f("ck_invitations_expires_later")),
        sa.CheckConstraint("letters > 0", name=op.f("ck_invitations_was_sent")),
        sa.ForeignKeyConstraint(
            ["accepted_by_id"],
            ["users.id"],
            name=op.f("fk_invitations_accepted_by_id_users"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_invitations_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["invited_by_id"],
            ["users.id"],
            name=op.f("fk_invitations_invited_by_id_users"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
    )
    op.create_index(op.f("ix_invitations_company_id"), "invitations", ["company_id"], unique=False)
    op.create_index(
        "uq_invitations_one_open_an_address",
        "invitations",
        ["company_id", sa.text("lower(email)")],
        unique=True,
        postgresql_where=OPEN,
    )
    op.execute(ONE_OWNER)
    op.execute(SOME_OWNER)
    op.create_index(
        "uq_memberships_one_owner_a_company",
        "memberships",
        ["company_id"],
        unique=True,
        postgresql_where=AN_OWNER,
    )
    op.execute(OWNERLESS)
    op.execute(KEPT)
    op.add_column("companies", sa.Column("founder_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_companies_founder_id"), "companies", ["founder_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_companies_founder_id_users"),
        "companies",
        "users",
        ["founder_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.execute(FOUNDERS)


def downgrade() -> None:
    op.drop_constraint(op.f("fk_companies_founder_id_users"), "companies", type_="foreignkey")
    op.drop_index(op.f("ix_companies_founder_id"), table_name="companies")
    op.drop_column("companies", "founder_id")
    op.execute("DROP TRIGGER memberships_keep_an_owner ON memberships")
    op.execute("DROP FUNCTION refuse_ownerless_company")
    op.drop_index("uq_memberships_one_owner_a_company", table_name="memberships", postgresql_where=AN_OWNER)
    op.drop_index("uq_invitations_one_open_an_address", table_name="invitations", postgresql_where=OPEN)
    op.drop_index(op.f("ix_invitations_company_id"), table_name="invitations")
    op.drop_table("invitations")
