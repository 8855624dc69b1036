"""one trial a mailbox"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MAILBOX = r"""
CASE WHEN lower(email COLLATE "C") ~ '@(gmail|googlemail)\.com$'
     THEN replace(
              regexp_replace(split_part(lower(email COLLATE "C"), '@', 1), '^([^+]+)\+.*$', '\1'), '.', ''
          ) || '@gmail.com'
     ELSE regexp_replace(lower(email COLLATE "C"), '^([^+@]+)\+[^@]*@', '\1@')
END
"""


def upgrade() -> None:
    op.add_column(
        "users", sa.Column("mailbox", sa.Text(), sa.Computed(MAILBOX, persisted=True), nullable=False)
    )
    op.create_index(op.f("ix_users_mailbox"), "users", ["mailbox"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_users_mailbox"), table_name="users")
    op.drop_column("users", "mailbox")
