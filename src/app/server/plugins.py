"""One builder per plugin; the queue is built without connecting, so that importing needs no Redis."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any
from uuid import uuid4

import structlog
from advanced_alchemy.extensions.litestar import SQLAlchemyAsyncConfig
from litestar_saq import CronJob, QueueConfig, SAQConfig, SAQPlugin
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from saq.job import Job as SaqJob
from saq.types import Context
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from app.domain.jobs import POLICIES, Job, Queue
from app.lib.request_edge import request_edge
from app.lib.settings import Settings
from app.lib.uow import Deferred, Enqueue
from app.tasks.context import Resources

Alchemy = SQLAlchemyAsyncConfig
ENQUEUE_SECONDS = 2.0
"""How long a request waits for the queue after its commit; PayTR is waiting for our answer meanwhile."""
CONCURRENCY = {Queue.BILLING: 4, Queue.PAYTR: 8, Queue.MAIL: 2, Queue.WORKSPACES: 4}
CRON_SECONDS = {"sweep_reconciliation": 840, "sweep_clocks": 840, "make_forecast": 1320}
"""Of crons that need more than five minutes: a day is up to some thirty reports, and PayTR may be slow; a
clock may have years to go; a day is told in twenty minutes or not at all."""
Task = Callable[..., Awaitable[Any]]
log = structlog.stdlib.get_logger("queue")


def build_alchemy(engine: AsyncEngine, session_maker: async_sessionmaker[AsyncSession]) -> Alchemy:
    """Return the plugin's configuration with our own end of a request's transaction."""
    config = SQLAlchemyAsyncConfig(
        engine_instance=engine, session_maker=session_maker, set_default_exception_handler=False
    )
    config.before_send_handler = request_edge(config.session_scope_key)
    return config


def build_redis(url: str, *, decode: bool = True) -> "Redis":
    """Return a client that fails fast: a request must not hang on a Redis that is away."""
    return Redis.from_url(
        url,
        decode_responses=decode,
        socket_connect_timeout=1,
        socket_timeout=5,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),
    )


def build_queues(settings: Settings) -> SAQPlugin:
    """Return the queues with no worker attached: enough to enqueue."""
    return SAQPlugin(SAQConfig(queue_configs=[_queue(settings, name) for name in Queue]))


def build_workers(settings: Settings, resources: Resources) -> SAQPlugin:
    """Return the queues with their tasks; the crons run on the queue they are listed for."""
    from app.tasks.registry import (  # all that workers do, of which no other process needs anything
        CRONS,
        TASKS,
    )

    async def hand_over(context: Context) -> None:
        context["resources"] = resources  # type: ignore[typeddict-unknown-key]  # SAQ's context is open

    return SAQPlugin(
        SAQConfig(
            queue_configs=[
                _queue(
                    settings,
                    name,
                    startup=hand_over,
                    before_process=bind_log_context,
                    tasks=[named(job, task) for job, task in TASKS if POLICIES[job].queue is name],
                    scheduled_tasks=[scheduled(cron, task) for queue, cron, task in CRONS if queue is name],
                )
                for name in Queue
            ]
        )
    )


async def bind_log_context(context: Context) -> None:
    """Give a job's log lines the id of the request that asked for it."""
    job = context["job"]
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(job=job.function, request_id=job.meta.get("request_id"))


def enqueue_into(plugin: SAQPlugin) -> Enqueue:
    """Return the hand-over from a committed session to the queues.

    A Redis that is away loses nothing: the due columns stay set and the sweepers find them.
    """

    async def enqueue(deferred: Sequence[Deferred]) -> None:
        waiting = list(deferred)
        try:
            async with asyncio.timeout(ENQUEUE_SECONDS):
                while waiting:
                    queue = plugin.get_queue(POLICIES[Job(waiting[0].job)].queue)
                    await queue.enqueue(saq_job(waiting[0]))
                    waiting.pop(0)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("job.enqueue_lost", jobs=[item.job for item in waiting], error=type(error).__name__)

    return enqueue


def saq_job(item: Deferred) -> SaqJob:
    """Return a deferred job as the queue takes it, run by the policy of its name.

    A job without a key gets one of its own: SAQ drops a job whose key is still taken, the empty one too.
    """
    policy = POLICIES[Job(item.job)]
    return SaqJob(
        function=item.job,
        kwargs=item.arguments,
        key=item.key or uuid4().hex,
        timeout=policy.timeout,
        retries=policy.retries,
        retry_delay=policy.retry_delay,
        retry_backoff=True,
        ttl=60,
        meta={"request_id": structlog.contextvars.get_contextvars().get("request_id")},
    )


def _queue(settings: Settings, name: Queue, **work: object) -> QueueConfig:
    return QueueConfig(
        name=name.value,
        dsn=settings.redis_url,
        broker_instance_options={"socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 1)},
        concurrency=CONCURRENCY[name],
        shutdown_grace_period_s=10,
        **work,  # type: ignore[arg-type]
    )


def scheduled(cron: str, task: Task) -> CronJob:
    """Return a task that the queue makes at these minutes, once for all workers."""
    return CronJob(function=task, cron=cron, timeout=CRON_SECONDS.get(task.__name__, 300), retries=1)


def named(job: Job, task: Task) -> Task:
    """Return a task that the worker registers under the job's name; litestar-saq drops explicit names."""

    @wraps(task)
    async def run(context: Context, **arguments: Any) -> Any:
        return await task(context, **arguments)

    run.__qualname__ = job.value
    return run
