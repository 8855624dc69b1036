"""Columns that hold what the database alone must not tell: their type, and the list of all of them.

A model cannot have such a column without a purpose, nor take a plain text for an encrypted one: the type of
the value is `Encrypted`, which no other column type stores and this one alone does. That is also what makes
the list complete, from which a change of keys is done (docs/secrets.md).
"""

from dataclasses import dataclass

from sqlalchemy import Dialect, MetaData, Table, Text, TypeDecorator

from app.lib.crypto import Encrypted


class EncryptedText(TypeDecorator[Encrypted]):
    """What `crypto.encrypt` returns, of one purpose; `digest` names the column of the text's keyed digest."""

    impl = Text
    cache_ok = True

    def __init__(self, purpose: str, *, digest: str | None = None) -> None:
        super().__init__()
        self.purpose, self.digest = purpose, digest

    def process_bind_param(self, value: Encrypted | None, dialect: Dialect) -> str | None:
        if value is not None and not isinstance(value, Encrypted):
            raise TypeError(f"a column of {self.purpose} takes what was encrypted, and no {type(value)}")
        return None if value is None else value.token

    def process_result_value(self, value: str | None, dialect: Dialect) -> Encrypted | None:
        return None if value is None else Encrypted(value)


@dataclass(frozen=True, slots=True)
class EncryptedColumn:
    """One column of the list."""

    name: str
    purpose: str
    digest: str | None


def encrypted_columns(metadata: MetaData) -> dict[Table, list[EncryptedColumn]]:
    """Return every encrypted column by its table."""
    found: dict[Table, list[EncryptedColumn]] = {}
    for table in metadata.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, EncryptedText):
                kept = EncryptedColumn(column.name, column.type.purpose, column.type.digest)
                found.setdefault(table, []).append(kept)
    return found
