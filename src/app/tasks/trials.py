"""The scheduled work around ends: of trials, of periods that will renew, and of files that were kept."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from uuid import UUID

from saq.types import Context

from app.domain.billing.renewal_notices import due_renewal_notices, send_renewal_notice
from app.domain.billing.retention import check_retention, due_retention
from app.domain.billing.trials.service import check_trial, due_trials
from app.domain.ops.runs import Tally
from app.lib.clock import now
from app.tasks.context import Resources, resources_of
from app.tasks.sweeping import sweep


async def trial_check(context: Context) -> None:
    """Remind of trials that end, and end those that are over."""
    await SWEEPS["trial_check"](resources_of(context), now())


async def renewal_notices(context: Context) -> None:
    """Tell who renews within a week."""
    await SWEEPS["renewal_notices"](resources_of(context), now())


async def retention_check(context: Context) -> None:
    """Announce and carry out the deletion of files that are kept no more."""
    await SWEEPS["retention_check"](resources_of(context), now())


async def _trial(resources: Resources, subscription_id: UUID, at: datetime) -> None:
    await check_trial(resources.session_maker, resources.settings, subscription_id, at=at)


async def _notice(resources: Resources, subscription_id: UUID, at: datetime) -> None:
    await send_renewal_notice(resources.session_maker, resources.settings, subscription_id, at=at)


async def _retain(resources: Resources, subscription_id: UUID, at: datetime) -> None:
    await check_retention(resources.session_maker, resources.settings, subscription_id, at=at)


SWEEPS: dict[str, Callable[[Resources, datetime], Awaitable[Tally]]] = {
    "trial_check": partial(sweep, name="trial_check", find=due_trials, do=_trial),
    "renewal_notices": partial(sweep, name="renewal_notices", find=due_renewal_notices, do=_notice),
    "retention_check": partial(sweep, name="retention_check", find=due_retention, do=_retain),
}
