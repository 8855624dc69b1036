"""The worker process: all queues in one event loop, stopped together."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress

from litestar_saq.base import Worker

from app.domain.invoices.pdf import warm_up
from app.lib.log import configure_logging
from app.lib.settings import Settings
from app.server.plugins import build_workers
from app.server.real_time import require_real_time
from app.server.resources import build_resources, closing

GRACE_SECONDS = 10.0
"""How long running jobs may go on after the process is asked to stop; what is cut off is tried again."""


async def run_worker(settings: Settings, queues: tuple[str, ...] = ()) -> None:
    """Work on the named queues, or on all, until the process is asked to stop."""
    configure_logging(settings.log_level, as_json=True)
    resources = build_resources(settings)
    plugin = build_workers(settings, resources)
    workers = [worker for name, worker in plugin.get_workers().items() if not queues or name in queues]
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with closing(resources):
        await require_real_time(resources)
        await asyncio.to_thread(warm_up)
        for worker in workers:
            worker.SIGNALS = []  # one handler for all of them stands above
        running = [asyncio.create_task(worker.start()) for worker in workers]
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait([asked, *running], return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        await finish_jobs(workers)
        for start in running:
            start.cancel()
        ends = await asyncio.gather(*running, return_exceptions=True)
    if failures := [end for end in ends if isinstance(end, Exception)]:
        raise ExceptionGroup("a queue stopped by itself", failures)


async def finish_jobs(workers: Sequence[Worker]) -> None:
    """Take no further job and let the running ones end.

    SAQ's own way to stop also waits for its timers, which sleep for up to a minute: an idle worker used
    up the whole grace period.
    """
    tasks = [task for worker in workers for task in worker.tasks]
    for worker in workers:
        worker.event.set()
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE_SECONDS):
            while any(worker.job_task_contexts for worker in workers):  # noqa: ASYNC110 SAQ has no event for it
                await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=2)
