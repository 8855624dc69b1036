"""cards kept with a payment"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLE = "card_registrations"
OWN_PREFIX = "merchant_oid ~ '^TZC[A-Z0-9]{1,61}$'"
CHECKS = {
    "oid_tells_whose_payment": f"(payment_id IS NULL) = ({OWN_PREFIX})",
    "of_an_orders_payment_nothing_goes_back": "payment_id IS NULL OR collected IS NULL",
}


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("payment_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_card_registrations_payment_id_payments"),
        TABLE,
        "payments",
        ["payment_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_unique_constraint(op.f("uq_card_registrations_payment_id"), TABLE, ["payment_id"])
    op.drop_constraint(op.f("ck_card_registrations_oid_has_its_prefix"), TABLE, type_="check")
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_card_registrations_{name}"), TABLE, rule)


def downgrade() -> None:
    op.execute(f"DELETE FROM {TABLE} WHERE payment_id IS NOT NULL")  # noqa: S608 a constant of this module
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_card_registrations_{name}"), TABLE, type_="check")
    op.create_check_constraint(op.f("ck_card_registrations_oid_has_its_prefix"), TABLE, OWN_PREFIX)
    op.drop_constraint(op.f("uq_card_registrations_payment_id"), TABLE, type_="unique")
    op.drop_constraint(op.f("fk_card_registrations_payment_id_payments"), TABLE, type_="foreignkey")
    op.drop_column(TABLE, "payment_id")
