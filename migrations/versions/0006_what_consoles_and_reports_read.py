"""what consoles and reports read"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = {
    "ix_payments_undecided": ("payments", "id", "status IN ('created', 'sent', 'unknown', 'waiting')"),
    "ix_payments_succeeded_at": ("payments", "succeeded_at", "succeeded_at IS NOT NULL"),
    "ix_refunds_under_way": ("refunds", "id", "status IN ('created', 'sent', 'unknown')"),
    "ix_refunds_succeeded_at": ("refunds", "succeeded_at", "succeeded_at IS NOT NULL"),
}


def upgrade() -> None:
    for name, (table, column, rows) in INDEXES.items():
        op.create_index(name, table, [column], unique=False, postgresql_where=sa.text(rows))


def downgrade() -> None:
    for name, (table, _, _) in INDEXES.items():
        op.drop_index(name, table_name=table)
