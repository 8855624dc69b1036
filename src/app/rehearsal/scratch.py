"""A copy of the whole database to play in, gone afterwards; the original is only read, from one snapshot."""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
from sqlalchemy import URL, Table, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from app.db import models
from app.db.base import Base
from app.db.policies import make_roles
from app.db.schema import upgrade_database
from app.lib.errors import DomainError
from app.lib.i18n import N_

RESTORE_SECONDS = 3600
CONNECT_SECONDS = 10
MARK = "_rehearsal_"
STAMP = "%Y%m%d%H%M%S"
LEFT_AFTER = timedelta(hours=2)
"""Nobody leaves a copy alone for so long."""
MAINTENANCE = "postgres"
"""Where one stands while other databases are made and dropped."""


class ScratchRefused(DomainError):
    """The scratch database cannot be made; the sentence says why."""


@asynccontextmanager
async def scratch_database(source: str, dump: Path | None = None) -> AsyncIterator[str]:
    """Yield the address of a copy of `source`, or of what a dump holds, and drop it at the end.

    The role has to be allowed to create databases, and to connect to the database `postgres` for that.
    """
    url = make_url(source)
    server = await _connect(url.set(database=MAINTENANCE))
    try:
        await drop_leftovers(server, f"{url.database}{MARK}")
        name = f"{url.database}{MARK}{await _stamp(server)}_{secrets.token_hex(4)}"
        copy = url.set(database=name)
        try:
            copied = dump is None and await _create_from_template(server, url, name)
            if not copied:
                await _create(server, name)
            # what is lost with the power is only a rehearsal
            await server.execute(f'ALTER DATABASE "{name}" SET synchronous_commit TO off')
            if dump is not None:
                await _restore(copy, dump)
            elif not copied:
                await _copy_rows(url, copy)
            await _bring_up_to_date(copy)
            yield copy.render_as_string(hide_password=False)
        finally:
            await server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await server.close()


async def drop_leftovers(server: asyncpg.Connection, prefix: str) -> None:
    """Drop the copies that a killed process has left: hours old by their name, and nobody is connected."""
    before = (await server.fetchval("SELECT now()") - LEFT_AFTER).strftime(STAMP)
    names = await server.fetch("SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
    for (name,) in names:
        if name.removeprefix(prefix)[: len(before)] < before:
            # in use after all, gone meanwhile, or somebody else's
            with suppress(
                asyncpg.ObjectInUseError, asyncpg.InvalidCatalogNameError, asyncpg.InsufficientPrivilegeError
            ):
                await server.execute(f'DROP DATABASE "{name}"')


async def _stamp(server: asyncpg.Connection) -> str:
    """Return the server's time as a part of a name: PostgreSQL does not tell how old a database is."""
    at: datetime = await server.fetchval("SELECT now()")
    return at.strftime(STAMP)


async def _create_from_template(server: asyncpg.Connection, url: URL, name: str) -> bool:
    """Copy the database file by file, which works only while nobody is connected to it; say whether."""
    connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1"
    if await server.fetchval(connected, url.database):
        return False
    try:
        await _create(server, name, f'TEMPLATE "{url.database}"')
    except asyncpg.ObjectInUseError:  # somebody has just connected
        return False
    return True


async def _create(server: asyncpg.Connection, name: str, template: str = "") -> None:
    try:
        await server.execute(f'CREATE DATABASE "{name}" {template}')
    except asyncpg.InsufficientPrivilegeError as error:
        raise ScratchRefused(
            N_("The database role may not create databases. A rehearsal needs one of its own to play in.")
        ) from error


async def _bring_up_to_date(url: URL) -> None:
    engine = create_async_engine(url)
    try:
        await upgrade_database(engine)
    finally:
        await engine.dispose()


async def _make_roles(url: URL) -> None:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(make_roles)
    finally:
        await engine.dispose()


async def _copy_rows(source: URL, copy: URL) -> None:
    """Copy every table within one snapshot, referenced tables first, into a freshly migrated database."""
    assert models.__all__  # the metadata is whole only once the models are imported
    await _bring_up_to_date(copy)
    reader, writer = await _connect(source), await _connect(copy)
    try:
        async with reader.transaction(isolation="repeatable_read", readonly=True), writer.transaction():
            for table in Base.metadata.sorted_tables:
                await _copy_table(reader, writer, table)
    finally:
        await reader.close()
        await writer.close()


async def _copy_table(reader: asyncpg.Connection, writer: asyncpg.Connection, table: Table) -> None:
    columns = [column.name for column in table.columns if column.computed is None]
    with tempfile.TemporaryFile() as rows:
        await reader.copy_from_table(table.name, columns=columns, output=rows, format="binary")
        rows.seek(0)
        await writer.copy_to_table(table.name, columns=columns, source=rows, format="binary")


async def _restore(copy: URL, dump: Path) -> None:
    """Read a dump of `pg_dump`: SQL by psql, any other format by pg_restore."""
    await _make_roles(copy)  # a dump of one database names the roles and does not bring them
    program = "psql" if dump.suffix == ".sql" else "pg_restore"
    path = shutil.which(program)
    if path is None:
        raise ScratchRefused(
            N_("%(program)s is not installed here; it is needed to read a dump."), program=program
        )
    options = ["--quiet", "--set=ON_ERROR_STOP=1", f"--file={dump}"] if program == "psql" else ["--no-owner"]
    arguments = [f"--dbname={copy.database}", f"--host={copy.host}", f"--port={copy.port or 5432}"]
    arguments += [f"--username={copy.username}", *options]
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        *([] if program == "psql" else [str(dump)]),
        env={**os.environ, "PGPASSWORD": copy.password or ""},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(process.communicate(), RESTORE_SECONDS)
    if process.returncode:
        reason = said.decode(errors="replace").strip()[-500:]
        raise ScratchRefused(N_("The dump cannot be read: %(reason)s"), reason=reason)


async def _connect(url: URL) -> asyncpg.Connection:
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return await asyncpg.connect(plain, timeout=CONNECT_SECONDS)
