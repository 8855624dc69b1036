"""Language and colours, for visitors and for people."""

from datetime import timedelta
from typing import Any

from litestar import Response

from app.db.models import User
from app.lib.i18n import LANGUAGES

COLOR_SCHEMES = ("auto", "light", "dark")
REMEMBERED = int(timedelta(days=365).total_seconds())


def choose_preferences(user: User | None, answer: Response[Any], *, language: str, color_scheme: str) -> None:
    """Keep what is known of the two choices: in cookies always, with the person when there is one."""
    if language in LANGUAGES:
        answer.set_cookie("language", language, max_age=REMEMBERED, samesite="lax", path="/")
        if user:
            user.language = language
    if color_scheme in COLOR_SCHEMES:
        answer.set_cookie("color_scheme", color_scheme, max_age=REMEMBERED, samesite="lax", path="/")
        if user:
            user.color_scheme = color_scheme
