"""The worker process: all three queues in one event loop, stopped together."""

import asyncio
import signal

from app.domain.invoices.pdf import warm_up
from app.lib.log import configure_logging
from app.lib.settings import Settings
from app.server.plugins import build_workers
from app.server.resources import build_resources, closing


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
        await asyncio.to_thread(warm_up)
        for worker in workers:
            worker.SIGNALS = []  # one handler for all of them stands above
        running = [asyncio.create_task(worker.start()) for worker in workers]
        asked = asyncio.create_task(stop.wait())
        await asyncio.wait([asked, *running], return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*(worker.stop() for worker in workers))
        asked.cancel()
        failures = [result for result in await asyncio.gather(*running, return_exceptions=True) if result]
    if failures:
        raise ExceptionGroup("a queue stopped by itself", [f for f in failures if isinstance(f, Exception)])
