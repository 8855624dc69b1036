"""Puts the isolation of companies in place: roles, what they may do, and the policies of each table.

It runs after the migrations, in their transaction. What is as declared (`app.db.isolation`) is not locked.
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from app.db.isolation import (
    ADD,
    CHANGE,
    NEVER_ADDED,
    NEVER_CHANGED,
    PLATFORM_REMOVES,
    READ,
    REMOVE,
    Rule,
    rule_of,
)
from app.db.scopes import PLATFORM, WEB
from app.lib.settings import SettingsError

COLUMNS = """
SELECT c.relname, a.attname, NOT a.attnotnull
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
 ORDER BY c.relname, a.attnum
"""
MARKS = """
SELECT c.relname, coalesce(obj_description(p.oid, 'pg_policy'), '')
  FROM pg_policy p
  JOIN pg_class c ON c.oid = p.polrelid AND c.relrowsecurity
 WHERE c.relnamespace = 'public'::regnamespace AND p.polname = 'platform'
"""
NEW_ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN NOINHERIT;
    -- who may create roles and is no superuser may become what it has made only once it has said so
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        GRANT {role} TO CURRENT_USER;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- another database of this server was faster
END $$
"""


def isolate(connection: Connection) -> None:
    """Put the declaration in place; a table whose policies are as declared is not locked."""
    make_roles(connection)
    standing = _standing(connection)
    for table, columns in _tables(connection).items():
        rule = rule_of(table, columns)
        for grant in _grants(table, columns, rule):
            connection.exec_driver_sql(grant)
        policies = list(_policies(table, rule))
        if standing.get(table) != _mark(policies):
            _put_up(connection, table, policies)


def not_isolated(connection: Connection) -> list[str]:
    """Return the tables whose rows are not kept apart as declared."""
    standing = _standing(connection)
    return [
        table
        for table, columns in _tables(connection).items()
        if standing.get(table) != _mark(list(_policies(table, rule_of(table, columns))))
    ]


def make_roles(connection: Connection) -> None:
    """Make the roles that are missing; they are the server's, and its other databases may use them too.

    Raises `SettingsError` where the account may not, with what an administrator has to run once.
    """
    known = set(connection.scalars(text("SELECT rolname FROM pg_roles")))
    for role in (WEB, PLATFORM):
        if role not in known:
            try:
                connection.exec_driver_sql(NEW_ROLE.format(role=role))
            except ProgrammingError as error:
                raise SettingsError(
                    f"The database account may not create the role {role}. Let an administrator run, once: "
                    f"CREATE ROLE {WEB}; CREATE ROLE {PLATFORM}; "
                    f"GRANT {WEB}, {PLATFORM} TO the account in TEZGAH_DATABASE_URL;"
                ) from error


def _tables(connection: Connection) -> dict[str, dict[str, bool]]:
    """Return each table's columns, and whether they may be null."""
    tables: dict[str, dict[str, bool]] = {}
    for table, column, nullable in connection.execute(text(COLUMNS)):
        tables.setdefault(table, {})[column] = nullable
    return tables


def _standing(connection: Connection) -> dict[str, str]:
    """Return the mark of every table whose rows are kept apart."""
    return dict(connection.execute(text(MARKS)).tuples().all())


def _grants(table: str, columns: Iterable[str], rule: Rule | None) -> Iterator[str]:
    yield f"REVOKE ALL ON {table} FROM {WEB}, {PLATFORM}"
    if rule is not None:
        yield f"GRANT {_verbs(rule.may, columns, rule)} ON {table} TO {WEB}"
    verbs = [READ]
    verbs += [ADD] * (table not in NEVER_ADDED)
    verbs += [CHANGE] * (table not in NEVER_ADDED | NEVER_CHANGED)
    verbs += [REMOVE] * (table in PLATFORM_REMOVES)
    yield f"GRANT {_verbs(verbs, columns, rule or Rule())} ON {table} TO {PLATFORM}"


def _verbs(verbs: Iterable[str], columns: Iterable[str], rule: Rule) -> str:
    free = ", ".join(column for column in columns if column not in rule.fixed)
    return ", ".join(f"{verb} ({free})" if verb == CHANGE and rule.fixed else verb for verb in verbs)


def _policies(table: str, rule: Rule | None) -> Iterator[str]:
    if rule is not None and rule.sees is None:
        return
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"CREATE POLICY platform ON {table} TO {PLATFORM} USING (true)"
    if rule is None:
        return
    reads, adds, changes = rule.sees, rule.adds or rule.sees, rule.changes or rule.sees
    conditions = {
        READ: f"FOR SELECT TO {WEB} USING ({reads})",
        ADD: f"FOR INSERT TO {WEB} WITH CHECK ({adds})",
        CHANGE: f"FOR UPDATE TO {WEB} USING ({changes})",
        REMOVE: f"FOR DELETE TO {WEB} USING ({changes})",
    }
    for verb in rule.may:
        yield f"CREATE POLICY company_{verb.lower()} ON {table} {conditions[verb]}"


def _put_up(connection: Connection, table: str, policies: list[str]) -> None:
    """Put policies in the place of those before, and note which they are."""
    before = text("SELECT polname FROM pg_policy WHERE polrelid = CAST(:name AS regclass)")
    for policy in list(connection.scalars(before, {"name": table})):
        connection.exec_driver_sql(f"DROP POLICY {policy} ON {table}")
    if not policies:
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        return
    for policy in policies:
        connection.exec_driver_sql(policy)
    connection.exec_driver_sql(f"COMMENT ON POLICY platform ON {table} IS '{_mark(policies)}'")


def _mark(policies: list[str]) -> str | None:
    """Return what tells these policies from others: PostgreSQL writes conditions in its own way."""
    return sha256("\n".join(policies).encode()).hexdigest() if policies else None
