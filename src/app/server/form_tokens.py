"""Forged requests: every form carries the token that this very browser was given (double submit)."""

from secrets import compare_digest
from typing import Any

from litestar.config.csrf import CSRFConfig
from litestar.middleware.csrf import CSRF_SECRET_LENGTH, CSRFMiddleware, generate_csrf_hash
from litestar.types import ASGIApp

from app.domain.accounts.cookies import FORM_TOKEN, host_name
from app.lib.crypto import derive_secret, derive_secrets
from app.lib.settings import Settings

PURPOSE = "csrf"


class FormTokens(CSRFMiddleware):
    """Litestar's protection, which takes tokens of older keys too, and refuses what is no token at all.

    Litestar compares whatever text arrives, and a letter outside ASCII or a file makes that fail.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        super().__init__(app, csrf_config(settings))
        self._secrets = derive_secrets(settings.keys, PURPOSE)

    def _decode_csrf_token(self, token: Any) -> str | None:
        if not isinstance(token, str) or not token.isascii():
            return None
        said, signature = token[:CSRF_SECRET_LENGTH], token[CSRF_SECRET_LENGTH:]
        known = [compare_digest(signature, generate_csrf_hash(said, secret)) for secret in self._secrets]
        return said if any(known) else None


def csrf_config(settings: Settings) -> CSRFConfig:
    """Return how tokens are kept and asked for: on every unsafe route but those of machines."""
    return CSRFConfig(
        secret=derive_secret(settings.keys, PURPOSE),
        cookie_name=host_name(FORM_TOKEN, settings),
        cookie_secure=settings.is_https,
        cookie_httponly=True,
        cookie_samesite="lax",
        exclude_from_csrf_key="exclude_from_csrf",
    )
