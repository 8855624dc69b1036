"""The letters kept: one `.eml` file each, the newest five hundred, read as plain values."""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from functools import lru_cache
from pathlib import Path
from typing import Literal

from app.lib.ids import uuid7
from app.lib.storage import write_durably

KEPT = 500
LETTER_ID = re.compile(r"[0-9a-f]{32}")
PREVIEW_LENGTH = 140


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that came with a letter; `data` stays out of listings."""

    name: str
    content_type: str
    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter as a reader sees it."""

    id: str
    received_at: datetime
    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    headers: tuple[tuple[str, str], ...]
    attachments: tuple[AttachedFile, ...]

    @property
    def preview(self) -> str:
        """The beginning of the text, in one line."""
        return " ".join(self.text.split())[:PREVIEW_LENGTH]


class Inbox:
    """Letters in a directory; they outlive the process."""

    def __init__(self, directory: Path, *, kept: int = KEPT) -> None:
        self._directory = directory
        self._kept = kept
        directory.mkdir(parents=True, exist_ok=True)

    def keep(self, content: bytes) -> str:
        """Store a letter as it came and return its id; the oldest go when there are too many."""
        letter_id = uuid7().hex
        write_durably(self._path(letter_id), content)
        for expired in self.ids()[self._kept :]:
            self._path(expired).unlink(missing_ok=True)
        return letter_id

    def ids(self) -> list[str]:
        """Return the ids of all letters, newest first; they begin with the time."""
        names = (path.stem for path in self._directory.glob("*.eml"))
        return sorted((name for name in names if LETTER_ID.fullmatch(name)), reverse=True)

    def letters(self) -> list[Letter]:
        """Return all letters, newest first."""
        found = (self.find(letter_id) for letter_id in self.ids())
        return [letter for letter in found if letter]

    def find(self, letter_id: str) -> Letter | None:
        """Return a letter, or nothing when there is none of this id."""
        if not LETTER_ID.fullmatch(letter_id):
            return None
        try:
            return read_letter(self._path(letter_id))
        except FileNotFoundError:
            return None

    def source(self, letter_id: str) -> bytes:
        """Return a letter exactly as it came."""
        return self._path(letter_id).read_bytes()

    def fingerprint(self) -> str:
        """Return a text that changes when letters come or go."""
        return hashlib.sha256("".join(self.ids()).encode()).hexdigest()[:16]

    def clear(self) -> int:
        """Delete every letter and return how many there were."""
        ids = self.ids()
        for letter_id in ids:
            self._path(letter_id).unlink(missing_ok=True)
        return len(ids)

    def _path(self, letter_id: str) -> Path:
        return self._directory / f"{letter_id}.eml"


def read_letter(path: Path) -> Letter:
    """Read a letter; a file never changes, so it is parsed once."""
    if not path.is_file():
        raise FileNotFoundError(path)
    return parsed(path)


@lru_cache(maxsize=KEPT)
def parsed(path: Path) -> Letter:
    """Take a letter apart."""
    message = message_from_bytes(path.read_bytes(), policy=default_policy)
    return Letter(
        id=path.stem,
        received_at=received_at(path.stem),
        sender=str(message.get("From", "")),
        recipient=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        text=body(message, "plain"),
        html=body(message, "html"),
        headers=tuple((name, str(value)) for name, value in message.items()),
        attachments=tuple(attached_files(message)),
    )


def received_at(letter_id: str) -> datetime:
    """Return the instant in a time-ordered id (RFC 9562 §5.7: 48 bits of milliseconds)."""
    return datetime.fromtimestamp(int(letter_id[:12], 16) / 1000, UTC)


def body(message: EmailMessage, subtype: Literal["plain", "html"]) -> str:
    """Return the body of a kind, or nothing when the letter has none."""
    part = message.get_body((subtype,))
    if part is None:
        return ""
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        # A charset nobody knows must not keep the other letters from being listed.
        return str(part.get_payload())


def attached_files(message: EmailMessage) -> list[AttachedFile]:
    """Return the attachments in order."""
    files = []
    for number, part in enumerate(message.iter_attachments(), start=1):
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else part.as_bytes()
        files.append(
            AttachedFile(part.get_filename() or f"attachment-{number}", part.get_content_type(), data)
        )
    return files
