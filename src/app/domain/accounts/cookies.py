"""Every cookie of ours by name: the cookie page lists what the code sets, and nothing needs a banner."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.domain.accounts.limits import DEVICE, KNOWN_FOR
from app.lib.i18n import N_
from app.lib.sessions import LASTS_FOR
from app.lib.settings import Settings

SESSION: Final = "session"
FORM_TOKEN: Final = "csrf"  # noqa: S105 a name
LANGUAGE: Final = "language"
COLOR_SCHEME: Final = "color_scheme"
WORKSPACE: Final = "tezgah-workspace"
PREFERENCES_KEPT: Final = timedelta(days=365)
WORKSPACE_KEPT: Final = timedelta(hours=12)
HOST_BOUND: Final = frozenset({SESSION, FORM_TOKEN, DEVICE, WORKSPACE})
"""Over https these carry the prefix that binds them to this very host (RFC 6265bis §4.1.3.2)."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie as the cookie page explains it."""

    name: str
    purpose: str
    kept: timedelta | None
    """How long it stays; nothing means until the browser is closed."""

    @property
    def days(self) -> int:
        """Whole days of that."""
        return self.kept.days if self.kept else 0

    @property
    def hours(self) -> int:
        """What is left beside whole days."""
        return self.kept.seconds // 3600 if self.kept else 0


def cookies_of(settings: Settings) -> list[Cookie]:
    """Return every cookie that we set, under the names it has here."""
    facts = (
        (SESSION, N_("Knows that you are logged in"), LASTS_FOR),
        (FORM_TOKEN, N_("Keeps other sites from sending forms in your name"), None),
        (
            DEVICE,
            N_("Knows a browser that has logged in before, so that nobody can lock you out"),
            KNOWN_FOR,
        ),
        (LANGUAGE, N_("Remembers the language you chose"), PREFERENCES_KEPT),
        (COLOR_SCHEME, N_("Remembers whether you like it light or dark"), PREFERENCES_KEPT),
        (WORKSPACE, N_("Lets you into your workspace, on its own address"), WORKSPACE_KEPT),
    )
    return [Cookie(host_name(name, settings), purpose, kept) for name, purpose, kept in facts]


def host_name(name: str, settings: Settings) -> str:
    """Return what a cookie is called here."""
    return f"__Host-{name}" if settings.is_https and name in HOST_BOUND else name
