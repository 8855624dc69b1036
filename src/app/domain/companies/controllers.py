"""How a person, or a visitor, likes to see the product."""

from dataclasses import dataclass
from typing import Any

from litestar import Controller, Response, post
from litestar.params import URLEncodedBody

from app.domain.companies.preferences import choose_preferences
from app.lib.http import BEFORE_TWO_FACTOR, PUBLIC, AnyRequest, Injected, local_address, redirect
from app.lib.settings import Settings


@dataclass
class Preferences:
    """What a person may choose about the look; empty means unchanged."""

    language: str = ""
    color_scheme: str = ""
    next: str = ""


class PreferenceController(Controller):
    """`/preferences`."""

    opt = PUBLIC | BEFORE_TWO_FACTOR

    @post("/preferences", name="preferences:update", status_code=200)
    async def prefer(
        self, request: AnyRequest, data: URLEncodedBody[Preferences], settings: Injected[Settings]
    ) -> Response[Any]:
        """Remember language and colours: in cookies for visitors, with the person when logged in."""
        answer = redirect(request, local_address(data.next, "/"))
        viewer = request.scope["user"]
        user = viewer.user if viewer else None
        choose_preferences(user, answer, settings, language=data.language, color_scheme=data.color_scheme)
        return answer
