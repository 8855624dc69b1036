"""who reads an address"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MAILBOX = r"""
CASE WHEN lower(old_email COLLATE "C") ~ '@(gmail|googlemail)\.com$'
     THEN replace(
              regexp_replace(split_part(lower(old_email COLLATE "C"), '@', 1), '^([^+]+)\+.*$', '\1'), '.', ''
          ) || '@gmail.com'
     ELSE regexp_replace(lower(old_email COLLATE "C"), '^([^+@]+)\+[^@]*@', '\1@')
END
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("email_verified_at", sa.DateTime(timezone=True), nullable=True))
    # whoever was here before the rule has long had our letters
    op.execute("UPDATE users SET email_verified_at = created_at")
    op.create_table(
        "email_changes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("old_email", sa.Text(), nullable=False),
        sa.Column("new_email", sa.Text(), nullable=False),
        sa.Column("mailbox_left", sa.Text(), sa.Computed(MAILBOX, persisted=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("old_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("new_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "done",
                "withdrawn",
                "refused",
                "taken",
                name="emailchangeoutcome",
                native_enum=False,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('done', 'withdrawn', 'refused', 'taken')",
            name=op.f("ck_email_changes_outcome_is_known"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (outcome IS NULL)", name=op.f("ck_email_changes_ended_has_an_outcome")
        ),
        sa.CheckConstraint(
            "outcome IS DISTINCT FROM 'done' OR new_confirmed_at IS NOT NULL",
            name=op.f("ck_email_changes_done_is_confirmed"),
        ),
        sa.CheckConstraint(
            "lower(old_email) <> lower(new_email)", name=op.f("ck_email_changes_addresses_differ")
        ),
        sa.CheckConstraint("expires_at > asked_at", name=op.f("ck_email_changes_expires_later")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_email_changes_user_id_users"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_changes")),
    )
    op.create_index("ix_email_changes_user_id", "email_changes", ["user_id"], unique=False)
    op.create_index(
        "uq_email_changes_one_open_a_person",
        "email_changes",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "ix_email_changes_mailbox_left",
        "email_changes",
        ["mailbox_left"],
        unique=False,
        postgresql_where=sa.text("outcome = 'done'"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_email_changes_mailbox_left",
        table_name="email_changes",
        postgresql_where=sa.text("outcome = 'done'"),
    )
    op.drop_index(
        "uq_email_changes_one_open_a_person",
        table_name="email_changes",
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_index("ix_email_changes_user_id", table_name="email_changes")
    op.drop_table("email_changes")
    op.drop_column("users", "email_verified_at")
