"""test clocks"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "test_clocks",
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum("ready", "advancing", "failed", name="clockstatus", native_enum=False, length=24),
            nullable=False,
        ),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("advancing_to", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "(status = 'ready') = (advancing_to IS NULL)", name=op.f("ck_test_clocks_an_advance_has_a_target")
        ),
        sa.CheckConstraint(
            "status IN ('ready', 'advancing', 'failed')", name=op.f("ck_test_clocks_status_is_known")
        ),
        sa.CheckConstraint(
            "advancing_to >= at AND at >= began_at", name=op.f("ck_test_clocks_time_goes_forward")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_test_clocks_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_clocks")),
    )
    op.create_index(op.f("ix_test_clocks_company_id"), "test_clocks", ["company_id"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_test_clocks_company_id"), table_name="test_clocks")
    op.drop_table("test_clocks")
