"""The clock of a rehearsal: it stands still until it is moved."""

from dataclasses import dataclass
from datetime import datetime


@dataclass
class VirtualClock:
    """Told to every part that asks for the time by itself."""

    at: datetime

    def __call__(self) -> datetime:
        """Return the instant the rehearsal has reached."""
        return self.at
