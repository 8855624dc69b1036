"""What the commands about people do, on the resources of one process."""

from app.domain.people.two_factor.service import reset
from app.lib.clock import real_now
from app.lib.uow import unit_of_work
from app.tasks.context import Resources


async def reset_two_factor(resources: Resources, email: str) -> None:
    """Take the second factor from somebody who has lost it."""
    async with unit_of_work(resources.session_maker) as session:
        await reset(session, email, settings=resources.settings, at=real_now())
