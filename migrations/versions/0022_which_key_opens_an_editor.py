"""Which key opens an editor: while keys are changed, a workspace that runs keeps its secret.

Workspaces that run already have none written down; theirs came from the oldest key.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("editor_key", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("workspaces", "editor_key")
