"""card registrations"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CHECKS = {
    "status_is_known": "status IN ('waiting', 'confirmed', 'stored', 'failed', 'expired')",
    "refund_status_is_known": "refund_status IN ('created', 'sent', 'unknown', 'succeeded', 'failed')",
    "oid_has_its_prefix": "merchant_oid ~ '^TZC[A-Z0-9]{1,61}$'",
    "amount_is_positive": "amount > 0",
    "what_was_taken_is_given_back": "(collected IS NOT NULL) = (refund_status IS NOT NULL)",
    "refund_has_a_reference": "(refund_status IS NOT NULL) = (refund_reference IS NOT NULL)",
    "given_back_has_an_instant": ("coalesce(refund_status = 'succeeded', false) = (refunded_at IS NOT NULL)"),
    "stored_names_its_card": "(status = 'stored') = (card_id IS NOT NULL)",
    "tokens_move_to_the_card": "status = 'confirmed' OR (user_token IS NULL AND card_token IS NULL)",
}


def upgrade() -> None:
    op.create_table(
        "card_registrations",
        sa.Column("started_by_id", sa.Uuid(), nullable=False),
        sa.Column("merchant_oid", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "confirmed",
                "stored",
                "failed",
                "expired",
                name="registrationstatus",
                native_enum=False,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("collected", sa.BigInteger(), nullable=True),
        sa.Column("consent_version", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consent_address", sa.Text(), nullable=False),
        sa.Column("user_token", sa.Text(), nullable=True),
        sa.Column("card_token", sa.Text(), nullable=True),
        sa.Column("card_id", sa.Uuid(), nullable=True),
        sa.Column("failure_code", sa.Text(), nullable=True),
        sa.Column(
            "refund_status",
            sa.Enum(
                "created",
                "sent",
                "unknown",
                "succeeded",
                "failed",
                name="refundstatus",
                native_enum=False,
                length=24,
            ),
            nullable=True,
        ),
        sa.Column("refund_reference", sa.Text(), nullable=True),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_card_registrations_{name}"))
            for name, rule in CHECKS.items()
        ),
        sa.ForeignKeyConstraint(
            ["card_id"],
            ["stored_cards.id"],
            name=op.f("fk_card_registrations_card_id_stored_cards"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_card_registrations_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["started_by_id"],
            ["users.id"],
            name=op.f("fk_card_registrations_started_by_id_users"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_registrations")),
        sa.UniqueConstraint("merchant_oid", name=op.f("uq_card_registrations_merchant_oid")),
        sa.UniqueConstraint("refund_reference", name=op.f("uq_card_registrations_refund_reference")),
    )
    op.create_index(
        op.f("ix_card_registrations_company_id"), "card_registrations", ["company_id"], unique=False
    )
    op.create_index(
        "ix_card_registrations_due",
        "card_registrations",
        ["next_attempt_at"],
        unique=False,
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("card_registrations")
