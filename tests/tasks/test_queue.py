"""Between a commit and the queue."""

from saq.queue import Queue

from app.domain.jobs import Job
from app.lib.uow import Deferred, unit_of_work
from app.lib.uow import defer as defer_job
from app.server.plugins import build_queues, saq_job
from app.tasks.context import Resources


async def test_two_jobs_without_a_key_both_reach_the_queue(resources: Resources) -> None:
    async with unit_of_work(resources.session_maker) as session:
        for company_id in ("one", "two"):
            defer_job(session, Job.ANNOUNCE, company_id=company_id)
    assert await queued(resources) == [{"company_id": "one"}, {"company_id": "two"}]


async def test_a_job_with_the_key_of_a_waiting_one_is_the_same_occasion(resources: Resources) -> None:
    async with unit_of_work(resources.session_maker) as session:
        for _ in range(2):
            defer_job(session, Job.RENDER_INVOICE, key="render:1", invoice_id="1")
    assert await queued(resources) == [{"invoice_id": "1"}]


def test_every_job_gets_the_policy_of_its_name() -> None:
    job = saq_job(Deferred(Job.RENDER_INVOICE, None, {"invoice_id": "1"}))
    assert (job.timeout, job.retries, job.retry_backoff) == (60, 5, True)


async def queued(resources: Resources) -> list[dict[str, str]]:
    """Return the arguments of the jobs that wait in the billing queue, in order."""
    plugin = build_queues(resources.settings)
    queue: Queue = plugin.get_queue("billing")
    info = await queue.info(jobs=True)
    await queue.disconnect()
    waiting = [job for job in info["jobs"] if job["status"] == "queued"]
    return [job["kwargs"] for job in sorted(waiting, key=lambda job: job["queued"])]
