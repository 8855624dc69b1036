"""Where documents lie: a port, an implementation on files, and one in memory for tests.

Keys are relative, `invoices/2026/TZG2026000000001.pdf`; whoever stores decides what they mean.
"""

import asyncio
import os
import re
import secrets
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from app.lib.settings import SettingsError

KEY_LIMIT = 512
# No segment starts with a dot, so neither `..` nor our temporary files can be named.
KEY_FORM = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


class InvalidKey(ValueError):
    """The key is not a plain relative path."""


class NoSuchDocument(LookupError):
    """Nothing is stored under this key."""


class Storage(Protocol):
    """What a place for documents does; `put` replaces whole, and a reader never sees half."""

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        """Store `data`; once this returns it survives a crash. `content_type` is for stores that serve it."""

    async def get(self, key: str) -> bytes:
        """Return what is stored, or raise `NoSuchDocument`."""

    async def exists(self, key: str) -> bool:
        """Say whether something is stored."""

    async def delete(self, key: str) -> None:
        """Remove what is stored; nothing there is fine."""


def open_storage(url: str) -> Storage:
    """Return the storage a `TEZGAH_STORAGE_URL` names."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        raise SettingsError(
            "TEZGAH_STORAGE_URL: this version stores documents in files only. Set file:///a/directory, "
            "which may be a mounted bucket."
        )
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"} or not parts.path.strip("/"):
        raise SettingsError("TEZGAH_STORAGE_URL must be file:// followed by an absolute directory.")
    return FileStorage(Path(unquote(parts.path)))


class FileStorage:
    """Documents as files under one directory, readable by the service's user alone."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        del content_type  # the key's ending tells it
        await asyncio.to_thread(write_durably, self._path(key), data)

    async def get(self, key: str) -> bytes:
        try:
            return await asyncio.to_thread(self._path(key).read_bytes)
        except FileNotFoundError as error:
            raise NoSuchDocument(key) from error

    async def exists(self, key: str) -> bool:
        return await asyncio.to_thread(self._path(key).is_file)

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self._path(key).unlink, missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._root / checked(key)


class MemoryStorage:
    """Documents in a dictionary."""

    def __init__(self) -> None:
        self.documents: dict[str, tuple[bytes, str]] = {}

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        self.documents[checked(key)] = (data, content_type)

    async def get(self, key: str) -> bytes:
        try:
            return self.documents[checked(key)][0]
        except KeyError as error:
            raise NoSuchDocument(key) from error

    async def exists(self, key: str) -> bool:
        return checked(key) in self.documents

    async def delete(self, key: str) -> None:
        self.documents.pop(checked(key), None)


def checked(key: str) -> str:
    """Return the key, or raise `InvalidKey` when it could lead out of the store."""
    if len(key) > KEY_LIMIT or not KEY_FORM.fullmatch(key):
        raise InvalidKey(f"{key[:KEY_LIMIT]!r} is not a key for a document")
    return key


def write_durably(path: Path, data: bytes) -> None:
    """Write a file so that after a crash there is the old one or the new one, never half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make a rename in a directory survive a crash; the rename itself lives in the directory."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
