"""A mailer whose letters outlive the process: one line each, on disk before it answers."""

import os
from collections import Counter
from pathlib import Path

from app.domain.notifications.mailer import OutgoingEmail, compose, sender_address

SENDER = "Tezgâh <hello@tezgah.localhost>"


class Letterbox:
    """Takes every letter over, durably."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def send(self, email: OutgoingEmail) -> None:
        """Note occasion, Message-ID and attachments of a letter."""
        message = compose(email, sender_address(SENDER))
        names = ",".join(part.get_filename() or "" for part in message.iter_attachments())
        line = f"{email.dedupe_key}\t{message['Message-ID']}\t{names}\n"
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def letters(self) -> Counter[tuple[str, ...]]:
        """Return how often each letter was taken over, by occasion, Message-ID and attachments."""
        lines = self._file.read_text(encoding="utf-8").splitlines()
        return Counter(tuple(line.split("\t")) for line in lines)
