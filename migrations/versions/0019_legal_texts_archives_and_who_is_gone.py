"""legal texts, archives, and who is gone"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

AUDIT_MAY_FORGET = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.address IS NULL
       AND (to_jsonb(NEW) - 'address') = (to_jsonb(OLD) - 'address')
       AND (EXISTS (SELECT FROM users WHERE id = OLD.actor_id AND deleted_at IS NOT NULL)
            OR EXISTS (SELECT FROM companies WHERE id = OLD.company_id AND closed_at IS NOT NULL)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
"""An entry stays as it was written; all that can be taken from it is the network address it came from, once
its person is deleted or its company closed."""
FORGET_PERSON = """
CREATE FUNCTION forget_addresses_of_person(person uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE audit_entries SET address = NULL WHERE actor_id = person AND address IS NOT NULL
$$
"""
"""As the tables' owner, since no request may change the trail; the trigger lets it forget nobody else."""
FORGET_COMPANY = """
CREATE FUNCTION forget_addresses_of_company(company uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE audit_entries SET address = NULL WHERE company_id = company AND address IS NOT NULL
$$
"""


def upgrade() -> None:
    op.create_table(
        "legal_texts",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_legal_texts_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_legal_texts")),
    )
    op.create_index(op.f("ix_legal_texts_company_id"), "legal_texts", ["company_id"])
    op.execute(
        "CREATE TRIGGER legal_texts_append_only BEFORE UPDATE OR DELETE ON legal_texts "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    _acceptances_of_orders()
    _archives()
    op.create_table(
        "used_trials",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_used_trials")),
    )
    op.add_column("users", sa.Column("accepted_documents", sa.Text(), nullable=True))
    op.add_column("users", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("companies", sa.Column("closing_requested_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("companies", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    for function in (AUDIT_MAY_FORGET, FORGET_PERSON, FORGET_COMPANY):
        op.execute(function)
    _watch_audit_with("refuse_audit_change")


def downgrade() -> None:
    _watch_audit_with("refuse_change")
    op.execute("DROP FUNCTION forget_addresses_of_company(uuid)")
    op.execute("DROP FUNCTION forget_addresses_of_person(uuid)")
    op.execute("DROP FUNCTION refuse_audit_change()")
    op.drop_column("companies", "closed_at")
    op.drop_column("companies", "closing_requested_at")
    op.drop_column("users", "deleted_at")
    op.drop_column("users", "accepted_documents")
    op.drop_table("used_trials")
    op.drop_table("data_archives")
    op.drop_index("uq_legal_acceptances_of_an_order", table_name="legal_acceptances")
    op.drop_index("uq_legal_acceptances_of_a_person", table_name="legal_acceptances")
    op.drop_index(op.f("ix_legal_acceptances_user_id"), table_name="legal_acceptances")
    op.drop_constraint(
        op.f("ck_legal_acceptances_somebody_or_the_orders_link"), "legal_acceptances", type_="check"
    )
    op.execute("ALTER TABLE legal_acceptances DISABLE TRIGGER USER")
    op.execute("DELETE FROM legal_acceptances WHERE order_id IS NOT NULL")
    op.execute("ALTER TABLE legal_acceptances ENABLE TRIGGER USER")
    op.drop_column("legal_acceptances", "order_id")
    op.alter_column("legal_acceptances", "user_id", nullable=False)
    op.create_unique_constraint(
        op.f("uq_legal_acceptances_user_id_company_id_document_version"),
        "legal_acceptances",
        ["user_id", "company_id", "document", "version"],
    )
    op.drop_table("legal_texts")


def _acceptances_of_orders() -> None:
    op.add_column("legal_acceptances", sa.Column("order_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_legal_acceptances_order_id_orders"),
        "legal_acceptances",
        "orders",
        ["order_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.alter_column("legal_acceptances", "user_id", nullable=True)
    op.drop_constraint(
        op.f("uq_legal_acceptances_user_id_company_id_document_version"), "legal_acceptances", type_="unique"
    )
    op.create_check_constraint(
        op.f("ck_legal_acceptances_somebody_or_the_orders_link"),
        "legal_acceptances",
        "user_id IS NOT NULL OR order_id IS NOT NULL",
    )
    op.create_index(op.f("ix_legal_acceptances_user_id"), "legal_acceptances", ["user_id"])
    op.create_index(
        "uq_legal_acceptances_of_a_person",
        "legal_acceptances",
        ["user_id", "company_id", "document", "version"],
        unique=True,
        postgresql_where=sa.text("order_id IS NULL"),
    )
    op.create_index(
        "uq_legal_acceptances_of_an_order",
        "legal_acceptances",
        ["order_id", "document"],
        unique=True,
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )


def _archives() -> None:
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "data_archives",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("requested_by_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("requested_at", instant, nullable=False),
        sa.Column("next_attempt_at", instant, nullable=True),
        sa.Column("ready_at", instant, nullable=True),
        sa.Column("expires_at", instant, nullable=True),
        sa.Column("storage_key", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("removed_at", instant, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", instant, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'company')", name=op.f("ck_data_archives_kind_is_known")),
        sa.CheckConstraint(
            "(kind = 'company') = (company_id IS NOT NULL)",
            name=op.f("ck_data_archives_a_companys_names_it"),
        ),
        sa.CheckConstraint(
            "(ready_at IS NULL) = (storage_key IS NULL)",
            name=op.f("ck_data_archives_what_is_ready_lies_somewhere"),
        ),
        sa.CheckConstraint(
            "(ready_at IS NULL) = (expires_at IS NULL)", name=op.f("ck_data_archives_what_is_ready_expires")
        ),
        sa.ForeignKeyConstraint(
            ["company_id"],
            ["companies.id"],
            name=op.f("fk_data_archives_company_id_companies"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"],
            ["users.id"],
            name=op.f("fk_data_archives_requested_by_id_users"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_archives")),
    )
    op.create_index(op.f("ix_data_archives_company_id"), "data_archives", ["company_id"])
    op.create_index(op.f("ix_data_archives_requested_by_id"), "data_archives", ["requested_by_id"])
    op.create_index(
        "ix_data_archives_due",
        "data_archives",
        ["next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index(
        "uq_data_archives_under_way",
        "data_archives",
        ["requested_by_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ready_at IS NULL AND removed_at IS NULL"),
    )


def _watch_audit_with(function: str) -> None:
    op.execute("DROP TRIGGER audit_entries_append_only ON audit_entries")
    op.execute(
        "CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE ON audit_entries "
        f"FOR EACH ROW EXECUTE FUNCTION {function}()"
    )
