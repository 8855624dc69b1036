"""Production lives in real time: no process of it works on a database with test clocks."""

import structlog
from sqlalchemy.exc import DBAPIError

from app.db.scopes import Beyond, sessions_beyond
from app.domain.ops.clock_pages import list_clocks
from app.lib.settings import SettingsError
from app.lib.uow import unit_of_work
from app.tasks.context import Resources

log = structlog.stdlib.get_logger("start")


async def require_real_time(resources: Resources) -> None:
    """Refuse to start in production where companies live on test clocks; raises `SettingsError`.

    A database that is away, or older than this program, holds nobody up: that is for readiness to say.
    """
    if not resources.settings.is_production:
        return
    try:
        async with unit_of_work(sessions_beyond(resources.session_maker, Beyond.START)) as session:
            slugs = [row.company.slug for row in await list_clocks(session)]
    except (DBAPIError, OSError, TimeoutError) as error:
        log.warning("clocks.not_read", error=type(error).__name__)
        return
    if slugs:
        raise SettingsError(
            "Tezgâh refuses to start in production.\n"
            f"These companies live on test clocks: {', '.join(slugs)}. "
            "What they hold was made by a test; use a database without it."
        )
