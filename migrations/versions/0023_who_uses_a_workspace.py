"""Know when a workspace was used last, and why it stopped when nobody had asked for that."""

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("used_at", "busy_at"):
        op.add_column("workspaces", sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.add_column("workspace_transitions", sa.Column("reason", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("workspace_transitions", "reason")
    for column in ("busy_at", "used_at"):
        op.drop_column("workspaces", column)
