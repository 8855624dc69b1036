"""what refunds gave back"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECKS = {
    "success_has_an_amount": "(status = 'succeeded') = (returned IS NOT NULL)",
    "returned_is_positive": "returned > 0",
    "unanswered_is_not_negative": "unanswered >= 0",
}


def upgrade() -> None:
    op.add_column("refunds", sa.Column("returned", sa.BigInteger(), nullable=True))
    for column in ("unanswered", "inquiries"):
        op.add_column("refunds", sa.Column(column, sa.Integer(), nullable=False, server_default=sa.text("0")))
        op.alter_column("refunds", column, server_default=None)
    op.execute("UPDATE refunds SET returned = amount WHERE status = 'succeeded'")
    op.execute("UPDATE refunds SET unanswered = 1 WHERE status IN ('sent', 'unknown')")
    for name, rule in CHECKS.items():
        op.create_check_constraint(name, "refunds", rule)


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_refunds_{name}"), "refunds", type_="check")
    for column in ("returned", "unanswered", "inquiries"):
        op.drop_column("refunds", column)
