"""Carrying out what was asked of a workspace: durable, by one worker at a time, safe to run again.

A worker takes a transition up under a lease in one short transaction, works with the driver outside of
any, notes each step in a transaction of its own and closes the matter in a last one. If it dies, the lease
runs out and the sweeper hands the transition to another, a bounded number of times.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError

from app.db.models import TransitionKind, Workspace, WorkspaceStatus
from app.domain.audit import service as audit
from app.domain.workspaces import queries
from app.domain.workspaces.attempts import EVENT, Attempt, Change, LeaseLost, Machinery, take_up
from app.domain.workspaces.drivers.base import DriverError, Ended, WorkspaceDriver
from app.domain.workspaces.names import label_of
from app.domain.workspaces.routing import Route
from app.domain.workspaces.unused import stop_unused
from app.lib.events import publish
from app.lib.i18n import N_
from app.lib.uow import unit_of_work

MAX_ATTEMPTS = 3
RETRY_AFTER = timedelta(seconds=5)
TIME_LIMIT_SECONDS = 240.0
"""Of one attempt in all, below the job's own timeout; each step of a driver has a shorter limit."""
POLL_LIMIT_SECONDS = 5.0

OPEN_ADDRESS = N_("Open the address")
CLOSE_ADDRESS = N_("Close the address")
GIVEN_UP = N_("This did not succeed in several tries. Try again; if it fails again, write to us.")
TOOK_TOO_LONG = N_("This took too long and was given up. Try again.")
GONE = N_("It stopped because its machine was restarted or its editor was closed. Start it again.")
CRASHED = N_("The editor ended unexpectedly. Start it again.")

log = structlog.stdlib.get_logger("workspace")


async def run_transition(machinery: Machinery, transition_id: UUID) -> None:
    """Carry a transition out unless it is done or in another worker's hands."""
    attempt = await take_up(machinery, transition_id, partial(planned_steps, machinery.driver))
    if attempt is None:
        return
    await publish(machinery.redis, attempt.company_id, EVENT)
    try:
        await attempt.while_held(_settle(machinery, attempt))
    except LeaseLost:
        log.warning("transition.lost", transition_id=str(transition_id), attempt=attempt.number)
    except Exception:
        log.exception("transition.broken", transition_id=str(transition_id), attempt=attempt.number)
        await _leave(attempt, RETRY_AFTER)
    except asyncio.CancelledError:  # the worker is told to end: let another go on at once
        await _leave(attempt, timedelta())
        raise


def planned_steps(driver: WorkspaceDriver, kind: TransitionKind) -> tuple[str, ...]:
    """Return the names of all steps, in order."""
    match kind:
        case TransitionKind.START:
            return (*driver.start_steps, OPEN_ADDRESS)
        case TransitionKind.STOP:
            return (CLOSE_ADDRESS, *driver.stop_steps)
        case TransitionKind.DELETE:
            return (CLOSE_ADDRESS, *driver.stop_steps, *driver.destroy_steps)


async def _leave(attempt: Attempt, after: timedelta) -> None:
    with suppress(LeaseLost, DBAPIError, OSError):  # else the lease runs out by itself
        await attempt.release(after)


async def _settle(machinery: Machinery, attempt: Attempt) -> None:
    """Do it and close the matter, as done or as failed with the reason."""
    try:
        _require_hope(attempt)
        async with asyncio.timeout(TIME_LIMIT_SECONDS) as limit:
            change = await CARRY_OUT[attempt.kind](machinery, attempt)
    except DriverError as error:
        await _fail(machinery, attempt, error.message, error.detail)
    except TimeoutError:
        if not limit.expired():
            raise
        await _fail(machinery, attempt, TOOK_TOO_LONG, f"attempt exceeded {TIME_LIMIT_SECONDS} s")
    else:
        await attempt.close(change)
        log.info("transition.done", workspace_id=str(attempt.spec.id), kind=attempt.kind)


def _require_hope(attempt: Attempt) -> None:
    if attempt.refusal:
        raise DriverError(attempt.refusal, detail="the subscription does not cover it any more")
    if attempt.number > MAX_ATTEMPTS:
        raise DriverError(GIVEN_UP, detail=f"{MAX_ATTEMPTS} attempts did not come to an end")


async def _start(machinery: Machinery, attempt: Attempt) -> Change:
    running = await machinery.driver.start(attempt.spec, attempt.state, attempt.report)
    await attempt.report(OPEN_ADDRESS)
    await machinery.routes.write(Route(attempt.spec.id, attempt.spec.label, running.backend_url))
    name = machinery.driver.name
    return lambda workspace, at: workspace.became_ready(
        name, running.backend_url, running.state, at, editor_key=machinery.keys.name
    )


async def _stop(machinery: Machinery, attempt: Attempt) -> Change:
    await attempt.report(CLOSE_ADDRESS)
    await machinery.routes.remove(attempt.spec.id)
    state = await machinery.driver.stop(attempt.spec, attempt.state, attempt.report)
    return lambda workspace, at: workspace.became_stopped(state, attempt.reason)


async def _delete(machinery: Machinery, attempt: Attempt) -> Change:
    await _stop(machinery, attempt)
    await machinery.driver.destroy(attempt.spec, attempt.state, attempt.report)
    return lambda workspace, at: workspace.became_deleted(at)


CARRY_OUT: dict[TransitionKind, Callable[[Machinery, Attempt], Coroutine[Any, Any, Change]]] = {
    TransitionKind.START: _start,
    TransitionKind.STOP: _stop,
    TransitionKind.DELETE: _delete,
}


async def _fail(machinery: Machinery, attempt: Attempt, reason: str, detail: str) -> None:
    log.warning(
        "transition.failed",
        workspace_id=str(attempt.spec.id),
        kind=attempt.kind,
        attempt=attempt.number,
        detail=detail,
    )
    # One try at cleaning up; should it take the worker down with it, the next attempt goes without.
    if attempt.kind is TransitionKind.START and attempt.number <= MAX_ATTEMPTS + 1:
        await _end_what_started(machinery, attempt)
    await attempt.close(lambda workspace, at: workspace.failed(reason), error=reason)


async def _end_what_started(machinery: Machinery, attempt: Attempt) -> None:
    async def silent(name: str) -> None:
        """The steps shown are those of the start that failed."""

    await machinery.routes.remove(attempt.spec.id)
    try:
        await machinery.driver.stop(attempt.spec, attempt.state, silent)
    except DriverError as error:
        log.warning("workspace.not_ended", workspace_id=str(attempt.spec.id), detail=error.detail)


async def check_workspaces(machinery: Machinery) -> int:
    """Compare what is believed to run with what does; return how many had ended.

    Missing routes of those that run are written again: Redis may have lost its memory. What nobody uses is
    stopped.
    """
    async with machinery.session_maker() as session:
        believed = [
            workspace
            for workspace in await queries.ready_workspaces(session)
            if workspace.driver == machinery.driver.name
        ]
    ended = {workspace.id: await _poll(machinery.driver, workspace) for workspace in believed}
    running = [workspace for workspace in believed if not ended[workspace.id]]
    for workspace in believed:
        if end := ended[workspace.id]:
            await _note_end(machinery, workspace, end)
    await machinery.routes.restore(
        Route(workspace.id, label_of(workspace.name, workspace.company.slug), workspace.backend_url)
        for workspace in running
        if workspace.backend_url
    )
    await stop_unused(machinery, running)
    return sum(end is not None for end in ended.values())


async def _poll(driver: WorkspaceDriver, workspace: Workspace) -> Ended | None:
    try:
        async with asyncio.timeout(POLL_LIMIT_SECONDS):
            return await driver.poll(workspace.driver_state)
    except (DriverError, TimeoutError):  # not known is not ended
        log.warning("workspace.unknown", workspace_id=str(workspace.id))
        return None


async def _note_end(machinery: Machinery, seen: Workspace, end: Ended) -> None:
    at = machinery.clock()
    async with unit_of_work(machinery.session_maker) as session:
        workspace = await queries.lock_with_company(session, seen.id)
        if workspace.status is not WorkspaceStatus.READY or workspace.driver_state != seen.driver_state:
            return  # somebody was faster
        if end.exit_status:
            workspace.failed(CRASHED)
        else:
            workspace.became_stopped({}, GONE)
        audit.record(
            session,
            at=at,
            action="workspace.ended",
            subject=workspace.id,
            company_id=workspace.company_id,
            actor="system",
            facts={"name": workspace.name, "exit_status": end.exit_status},
        )
    # After the commit: were the route to stay behind, the edge would still let nobody in (edge.py).
    await machinery.routes.remove(seen.id)
    await publish(machinery.redis, seen.company_id, EVENT)
