"""Tasks of stored cards: what follows a registration, removals at PayTR, and the sweeps behind both."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from saq.types import Context

from app.db.models import CardRegistration, StoredCard
from app.domain.billing.cards.followup import due_registrations
from app.domain.billing.cards.followup import follow_registration as follow_registration_now
from app.domain.billing.cards.service import due_removals, remove_at_provider
from app.domain.ops.runs import Tally
from app.lib.clock import now
from app.lib.events import publish
from app.tasks.context import Resources, resources_of
from app.tasks.sweeping import in_its_time, sweep


async def follow_registration(context: Context, *, registration_id: str) -> None:
    """Read the card of one registration, and give its money back."""
    await in_its_time(resources_of(context), CardRegistration, registration_id, _follow)


async def remove_card(context: Context, *, card_id: str) -> None:
    """Remove one card at PayTR."""
    await in_its_time(resources_of(context), StoredCard, card_id, _remove)


async def sweep_card_registrations(context: Context) -> None:
    """Take up the registrations that are due."""
    await SWEEPS["sweep_card_registrations"](resources_of(context), now())


async def sweep_card_removals(context: Context) -> None:
    """Remove at PayTR what is still there."""
    await SWEEPS["sweep_card_removals"](resources_of(context), now())


async def _follow(resources: Resources, registration_id: UUID, at: datetime) -> None:
    company_id = await follow_registration_now(
        resources.session_maker, resources.gateway, resources.settings, registration_id, at=at
    )
    if company_id is not None:
        await publish(resources.redis, company_id, "billing-changed")


async def _remove(resources: Resources, card_id: UUID, at: datetime) -> None:
    await remove_at_provider(resources.session_maker, resources.gateway, resources.settings, card_id, at=at)


SWEEPS: dict[str, Callable[[Resources, datetime], Awaitable[Tally]]] = {
    "sweep_card_registrations": partial(
        sweep, name="sweep_card_registrations", find=due_registrations, do=_follow
    ),
    "sweep_card_removals": partial(sweep, name="sweep_card_removals", find=due_removals, do=_remove),
}
