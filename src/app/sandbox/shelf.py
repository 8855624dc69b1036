"""The shelf: one SQLite file in which a book outlives its process.

Every entity is one JSON document under its kind and key. Merchant keys and salts are never written:
an order names its merchant, and is left out when the sandbox is started without that merchant.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from app.domain.payments.paytr.credentials import PaytrCredentials

SCHEMA = """
CREATE TABLE IF NOT EXISTS document (
    kind TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL, number INTEGER PRIMARY KEY AUTOINCREMENT,
    UNIQUE (kind, key)
)
"""
UPSERT = """
INSERT INTO document (kind, key, body) VALUES (?, ?, ?)
ON CONFLICT (kind, key) DO UPDATE SET body = excluded.body
"""
Document = TypeVar("Document")


class Shelf:
    """A file of documents in the order in which they were first put there."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        # A rehearsal's book must survive its process, not a power cut: no fsync for every callback.
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute(SCHEMA)

    def put(self, kind: str, key: str, entity: object) -> None:
        """Write an entity over what stood under its kind and key."""
        document = msgspec.to_builtins(entity)
        if "merchant" in document:
            document["merchant"] = document["merchant"]["merchant_id"]
        self._file.execute(UPSERT, (kind, key, msgspec.json.encode(document)))

    def documents(self, kind: str, entity: type[Document]) -> Iterator[Document]:
        """Return every entity of a kind, oldest first."""
        return (msgspec.convert(document, entity) for document in self._read(kind))

    def orders(self, entity: type[Document], merchants: Mapping[str, PaytrCredentials]) -> Iterator[Document]:
        """Return every order of a known merchant, oldest first."""
        for document in self._read("order"):
            if merchant := merchants.get(document["merchant"]):
                document["merchant"] = msgspec.to_builtins(merchant)
                yield msgspec.convert(document, entity)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self, kind: str) -> Iterator[dict[str, Any]]:
        query = "SELECT body FROM document WHERE kind = ? ORDER BY number"
        return (msgspec.json.decode(body) for (body,) in self._file.execute(query, (kind,)))
