"""the wall between companies

The policies themselves are put in place after the migrations (`app.db.isolation`). Here is what they need:
whoever has acted in a company is found by it, and a line joins no invoice that its writer cannot see; no
policy could say so, since an invoice and its lines are written in one statement.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

REFUSE_LINE = """
CREATE FUNCTION refuse_line_of_another_company() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM invoices WHERE id = NEW.invoice_id) THEN
        RAISE EXCEPTION 'there is no invoice % here', NEW.invoice_id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$
"""
LINES_STAY = """
CREATE TRIGGER invoice_lines_of_the_company AFTER INSERT ON invoice_lines FOR EACH ROW
  WHEN (current_user = 'tezgah_web') EXECUTE FUNCTION refuse_line_of_another_company()
"""
WALL_DOWN = """
DO $$
DECLARE
    policy record;
BEGIN
    FOR policy IN SELECT polname, polrelid::regclass AS name FROM pg_policy LOOP
        EXECUTE format('DROP POLICY %I ON %s', policy.polname, policy.name);
        EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', policy.name);
    END LOOP;
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM tezgah_web, tezgah_platform;
END $$
"""


def upgrade() -> None:
    op.create_index(
        "ix_audit_entries_actor_id_company_id",
        "audit_entries",
        ["actor_id", "company_id"],
        postgresql_where=sa.text("actor_id IS NOT NULL"),
    )
    op.execute(REFUSE_LINE)
    op.execute(LINES_STAY)


def downgrade() -> None:
    op.execute(WALL_DOWN)
    op.execute("DROP TRIGGER invoice_lines_of_the_company ON invoice_lines")
    op.execute("DROP FUNCTION refuse_line_of_another_company")
    op.drop_index("ix_audit_entries_actor_id_company_id", table_name="audit_entries")
