"""Language and colours, for visitors and for people."""

from datetime import timedelta
from typing import Any

from litestar import Response

from app.db.models import User
from app.lib.i18n import LANGUAGES
from app.lib.settings import Settings

COLOR_SCHEMES = ("auto", "light", "dark")
REMEMBERED = int(timedelta(days=365).total_seconds())


def choose_preferences(
    user: User | None, answer: Response[Any], settings: Settings, *, language: str, color_scheme: str
) -> None:
    """Keep what is known of the two choices: in cookies always, with the person when there is one."""
    if language in LANGUAGES:
        _remember(answer, "language", language, settings)
        if user:
            user.language = language
    if color_scheme in COLOR_SCHEMES:
        _remember(answer, "color_scheme", color_scheme, settings)
        if user:
            user.color_scheme = color_scheme


def _remember(answer: Response[Any], name: str, choice: str, settings: Settings) -> None:
    answer.set_cookie(
        name, choice, max_age=REMEMBERED, httponly=True, secure=settings.is_https, samesite="lax", path="/"
    )
