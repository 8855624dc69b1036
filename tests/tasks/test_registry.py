"""The registry: every job has a task, a policy and a worker that knows it by its name."""

from app.domain.billing.reconciliation.service import CUT_OFF_AFTER
from app.domain.jobs import POLICIES, SCHEDULED, Job, Queue
from app.server.plugins import CONCURRENCY, CRON_SECONDS, build_workers
from app.tasks.billing import SWEEPS
from app.tasks.context import Resources
from app.tasks.registry import CRONS, TASKS


def test_every_job_has_one_task_and_one_policy() -> None:
    assert {name for name, _ in TASKS} == set(Job)
    assert len(TASKS) == len(Job)
    assert set(POLICIES) == set(Job)


def test_every_scheduled_work_has_a_name_and_a_sentence_for_operators() -> None:
    assert set(SCHEDULED) == {task.__name__ for _, _, task in CRONS}
    assert len({work.name for work in SCHEDULED.values()}) == len(SCHEDULED)


async def test_workers_know_their_jobs_by_name_and_their_crons(resources: Resources) -> None:
    plugin = build_workers(resources.settings, resources)
    workers = plugin.get_workers()
    assert set(workers) == set(Queue)
    for name, worker in workers.items():
        assert {job.value for job in Job if POLICIES[job].queue == name} <= set(worker.functions)
        wanted = {task.__qualname__ for queue, _, task in CRONS if queue == name}
        assert {job.function.__qualname__ for job in worker.cron_jobs} == wanted
    for queue in plugin.get_queues().queues.values():
        await queue.disconnect()


def test_every_due_column_is_swept_and_those_of_the_queue_every_minute() -> None:
    crons = {task.__name__: cron for _, cron, task in CRONS}
    assert set(SWEEPS) <= set(crons)
    behind_the_queue = {name: cron for name, cron in crons.items() if name.startswith("sweep_")}
    assert "sweep_transitions" in behind_the_queue
    assert set(behind_the_queue.values()) <= {"* * * * *", "* * * * * */20"}


def test_a_receipt_never_waits_behind_a_slow_paytr() -> None:
    talks = {job for job, policy in POLICIES.items() if policy.queue is Queue.PAYTR}
    sweeps = {task.__name__ for queue, _, task in CRONS if queue is Queue.PAYTR}
    assert {Job.SEND_CHARGE, Job.SEND_REFUND, Job.INQUIRE_PAYMENT, Job.RECONCILE_DAY} <= talks
    assert {Job.RENDER_INVOICE, Job.ANNOUNCE, Job.SEND_EMAIL}.isdisjoint(talks)
    assert {"sweep_charges", "sweep_inquiries", "sweep_refunds", "sweep_reconciliation"} <= sweeps
    assert CONCURRENCY[Queue.PAYTR] > len(sweeps), "jobs run beside the sweeps even when all of them hang"


def test_a_comparison_is_ended_before_it_counts_as_cut_off() -> None:
    assert POLICIES[Job.RECONCILE_DAY].timeout < CUT_OFF_AFTER.total_seconds()
    assert CRON_SECONDS["sweep_reconciliation"] < CUT_OFF_AFTER.total_seconds()


def test_a_job_may_take_as_long_as_what_it_calls() -> None:
    assert all(policy.timeout > 10 for job, policy in POLICIES.items() if job is not Job.ANNOUNCE)
    assert all(policy.retries >= 1 for policy in POLICIES.values())
