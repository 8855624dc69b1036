"""Tasks of test clocks: an advance that was wished, and the sweep that takes up what nobody holds."""

from uuid import UUID

from saq.types import Context

from app.domain.billing.clocks.service import due_clocks
from app.domain.ops.runs import Tally
from app.lib.clock import real_now
from app.tasks.advancing import PATIENCE, advance, catch_up
from app.tasks.context import Resources, resources_of
from app.tasks.sweeping import sweep


async def advance_clock(context: Context, *, company_id: str) -> None:
    """Take one company's clock to where it was wished."""
    await advance(resources_of(context), UUID(company_id))


async def sweep_clocks(context: Context) -> None:
    """Go on with advances whose worker died, and with what standing clocks have left over."""
    if not resources_of(context).settings.is_production:
        await sweep_all_clocks(resources_of(context))


async def sweep_all_clocks(resources: Resources, *, patience: float = PATIENCE) -> Tally:
    """Look after every clock that nobody holds; in production there are none."""
    return await sweep(
        resources,
        real_now(),
        name="sweep_clocks",
        find=due_clocks,
        do=lambda _, company_id, at: catch_up(resources, company_id, patience=patience),
    )
