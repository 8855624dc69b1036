"""A worker that works the real queues empty and stops: the product's own wiring, in bursts."""

from typing import Any

from saq.worker import Worker

from app.domain.jobs import Queue
from app.server.plugins import build_workers
from app.tasks.context import Resources


async def drain(resources: Resources, *names: Queue) -> None:
    """Run every job of these queues (or of all), and the jobs those defer, until nothing waits."""
    plugin = build_workers(resources.settings, resources)
    workers = [worker for name, worker in plugin.get_workers().items() if not names or name in names]
    try:
        while sum([await worker.queue.count("queued") for worker in workers]):
            for worker in workers:
                await burst(worker)
    finally:
        for queue in plugin.get_queues().queues.values():
            await queue.disconnect()


async def burst(wired: "Worker[Any]") -> None:
    """Work one queue empty, one job at a time: nothing is cut off at the end."""
    worker: Worker[Any] = Worker(
        wired.queue,
        list(wired.functions.items()),
        startup=wired.startup,
        before_process=wired.before_process,
        concurrency=1,
        dequeue_timeout=0.1,
        burst=True,
    )
    worker.SIGNALS = []
    await worker.start()
