"""A change of the secret key, where it has to reach what is stored: which values still need an older key, and
writing them anew under the newest (docs/secrets.md).

A row is written by itself, under its lock, and its content says whether it still has to be: a pass that was
killed goes on with the next one, and two at once do no harm.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.db.base import Base
from app.db.encrypted import EncryptedColumn, encrypted_columns
from app.db.models import AuditEntry
from app.domain.audit.service import record
from app.domain.billing.paylinks import GOOD_FOR
from app.domain.workspaces.queries import editors_of_other_keys
from app.lib.crypto import Encrypted, Keys, Unreadable, decrypt, digest, encrypt, is_of_newest
from app.lib.uow import unit_of_work

ROTATED = "secrets.rotated"
AT_ONCE = 500
LINKS_LIVE: timedelta = GOOD_FOR
"""How long a link in a letter is good at most; a known browser's cookie lives longer and opens nothing."""

Maker = async_sessionmaker[AsyncSession]
Progress = Callable[[str, int], None]
"""Told a table and how many of its rows were looked at."""


@dataclass(slots=True)
class Tally:
    """How the values of one column stand."""

    newest: int = 0
    older: int = 0
    unreadable: int = 0
    """No key that is set opens them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What still needs an older key, at one moment."""

    columns: dict[str, Tally]
    """By table and column: `stored_cards.card_token`."""
    editors: int
    """Workspaces that run with a secret of another key; they take the newest one when they start again."""
    links_until: datetime | None
    """When the last link made under an older key ends; unknown until the values were written anew once."""

    def reasons(self, keys: Keys, at: datetime) -> list[str]:
        """Return why the older keys have to stay, each with what to do; none when they may be dropped."""
        found = [
            *_reasons_of(self.columns, "older", "values need an older key: run `tezgah secrets rotate`."),
            *_reasons_of(
                self.columns, "unreadable", "values are opened by no key: set the one that made them."
            ),
        ]
        if not keys.older:
            return found
        if self.editors:
            found.append(f"{self.editors} running workspaces know an older key: stop and start them again.")
        if self.links_until is None:
            found.append("Nothing was written under this key yet: run `tezgah secrets rotate`.")
        elif at < self.links_until:
            found.append(f"Links in letters need an older key until {self.links_until:%Y-%m-%d %H:%M} UTC.")
        return found


@dataclass(slots=True)
class Rotation:
    """What one pass did."""

    rewritten: int = 0
    unreadable: list[str] = field(default_factory=list)
    """Rows, by table and id, that no key opens; they stay as they are."""


async def standing(session_maker: Maker, keys: Keys) -> Standing:
    """Return what still needs an older key. Opens every value; changes nothing."""
    columns: dict[str, Tally] = {}
    async with unit_of_work(session_maker) as session:
        for table, kept in encrypted_columns(Base.metadata).items():
            tallies = {column.name: Tally() for column in kept}
            async for rows in _batches(session, table, kept):
                for row in rows:
                    _count(row, kept, keys, tallies)
            columns |= {f"{table.name}.{name}": tally for name, tally in tallies.items()}
        editors = await editors_of_other_keys(session, keys.name) if keys.older else 0
        begun = select(func.min(AuditEntry.at)).where(
            AuditEntry.action == ROTATED, AuditEntry.subject == keys.name
        )
        rotated_at = await session.scalar(begun)
    return Standing(columns, editors, rotated_at + LINKS_LIVE if rotated_at else None)


async def rotate(session_maker: Maker, keys: Keys, *, at: datetime, progress: Progress) -> Rotation:
    """Write anew every encrypted value that is not of the newest key; goes on where another pass ended."""
    done = Rotation()
    for table, kept in encrypted_columns(Base.metadata).items():
        seen = 0
        async with unit_of_work(session_maker) as reader:
            async for rows in _batches(reader, table, kept):
                for row in rows:
                    if not all(_is_current(row, column, keys) for column in kept):
                        await _attempt(session_maker, table, kept, row.id, keys, done)
                seen += len(rows)
                progress(table.name, seen)
    async with unit_of_work(session_maker) as session:
        facts = {"rewritten": done.rewritten, "unreadable": len(done.unreadable)}
        record(
            session, at=at, action=ROTATED, subject=keys.name, company_id=None, actor="system", facts=facts
        )
    return done


async def _attempt(
    session_maker: Maker,
    table: Table,
    kept: Sequence[EncryptedColumn],
    row_id: UUID,
    keys: Keys,
    done: Rotation,
) -> None:
    try:
        async with unit_of_work(session_maker) as session:
            done.rewritten += await _renew(session, table, kept, row_id, keys)
    except Unreadable:
        done.unreadable.append(f"{table.name} {row_id}")


async def _batches(
    session: AsyncSession, table: Table, kept: Sequence[EncryptedColumn]
) -> AsyncIterator[Sequence[Row[Any]]]:
    """Go through the rows that hold something, a batch to a statement, in the order of their ids."""
    columns = [table.c[column.name] for column in kept]
    statement = (
        select(table.c.id, *columns)
        .where(or_(*(column.is_not(None) for column in columns)))
        .order_by(table.c.id)
        .limit(AT_ONCE)
    )
    rows = (await session.execute(statement)).all()
    while rows:
        yield rows
        await session.rollback()  # nothing is held between two batches
        rows = (await session.execute(statement.where(table.c.id > rows[-1].id))).all()


def _count(row: Row[Any], kept: Sequence[EncryptedColumn], keys: Keys, tallies: Mapping[str, Tally]) -> None:
    for column in kept:
        value: Encrypted | None = row._mapping[column.name]
        if value is None:
            continue
        tally = tallies[column.name]
        if is_of_newest(keys, column.purpose, value):
            tally.newest += 1
        elif _opens(keys, column.purpose, value):
            tally.older += 1
        else:
            tally.unreadable += 1


def _opens(keys: Keys, purpose: str, value: Encrypted) -> bool:
    try:
        decrypt(keys, purpose, value)
    except Unreadable:
        return False
    return True


async def _renew(
    session: AsyncSession, table: Table, kept: Sequence[EncryptedColumn], row_id: UUID, keys: Keys
) -> bool:
    """Hold one row and write anew what still needs that; says whether anything did. Raises `Unreadable`."""
    columns = (table.c[column.name] for column in kept)
    held = select(*columns).where(table.c.id == row_id).with_for_update(key_share=True)
    row = (await session.execute(held)).one_or_none()
    if row is None:
        return False
    values: dict[str, Any] = {}
    for column in kept:
        if _is_current(row, column, keys):
            continue
        text = decrypt(keys, column.purpose, row._mapping[column.name])
        values[column.name] = encrypt(keys, column.purpose, text)
        if column.digest:
            values[column.digest] = digest(keys, column.purpose, text)
    if values:
        await session.execute(update(table).where(table.c.id == row_id).values(values))
    return bool(values)


def _is_current(row: Row[Any], column: EncryptedColumn, keys: Keys) -> bool:
    value: Encrypted | None = row._mapping[column.name]
    return value is None or is_of_newest(keys, column.purpose, value)


def _reasons_of(columns: Mapping[str, Tally], what: str, sentence: str) -> list[str]:
    counted = sum(getattr(tally, what) for tally in columns.values())
    return [f"{counted} {sentence}"] if counted else []
