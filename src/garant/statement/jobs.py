"""Jobs: the calendar of measures, minute by minute. Arguments are identifiers only.

- `tick` defers one job per due measure, on queue `keep` or `probe`; a measure already waiting is not deferred twice.
- `keep_measure` runs the flow; what is being run elsewhere, or has just been run, is left alone.
- `turn_stale` turns verdicts by the time alone.
- `resume_stalled`: a job whose process died is run again, and after three attempts reported as failed.

`start` does the first tick at once, so that verdicts appear within seconds of a start.
"""

import logging

from procrastinate import exceptions, jobs
from procrastinate.contrib.django import app

from garant.kernel.clock import SystemClock
from garant.statement.queries import documents, due, registry
from garant.statement.queries.schedule import KEEP, upcoming
from garant.statement.service import keep_promise, refresh

log = logging.getLogger(__name__)

EVERY_MINUTE = "* * * * *"
ATTEMPTS = 3
FORGOTTEN = 24
"""Hours after which finished jobs are deleted from the queue's table; what they did is in the audit outbox."""

CLOCK = SystemClock()


def start() -> int:
    """Defer what is due now, without waiting for the minute; returns how many jobs were deferred. Called once at start."""
    table = registry()
    deferred = 0
    for each in due(table, documents(), CLOCK.now()):
        identity = f"{each.promise.identity}/{each.measure.key}"
        ready = keep_measure.configure(queue=each.queue, queueing_lock=f"keep:{identity}")
        try:
            ready.defer(promise=each.promise.identity, measure=each.measure.key)
        except exceptions.AlreadyEnqueued:
            continue
        deferred += 1
    return deferred


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="statement.tick", queue=KEEP, queueing_lock="statement.tick")
def tick(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Defer a job for every measure that is due."""
    start()


@app.task(name="statement.keep_measure", queue=KEEP)
def keep_measure(promise: str, measure: str) -> str:
    """Keep one promise (by its identity) by one measure; says what came of it. What is no longer promised is left alone."""
    table = registry()
    for each in upcoming(table, documents(), CLOCK.now()):
        if (each.promise.identity, each.measure.key) == (promise, measure):
            kept = keep_promise(promise=each.promise, keeper=each.keeper, clock=CLOCK, registry=table, only_when_due=True)
            return kept.verdict.state.value if kept else "left alone"
    return "no longer promised"


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="statement.turn_stale", queue=KEEP, queueing_lock="statement.turn_stale")
def turn_stale(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Evidence grows old without any run."""
    for claim in refresh(now=CLOCK.now()):
        log.warning("The verdict of %s has turned by the time alone.", claim)


@app.periodic(cron=EVERY_MINUTE)
@app.task(name="statement.resume_stalled", queue=KEEP, queueing_lock="statement.resume_stalled")
async def resume_stalled(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Run again the jobs whose process died in the middle; after three attempts, give up aloud."""
    for job in await app.job_manager.get_stalled_jobs():
        if job.attempts >= ATTEMPTS:
            log.error("Job %s (%s) lost its process %s times and is given up.", job.id, job.task_name, job.attempts)
            await app.job_manager.finish_job(job, status=jobs.Status.FAILED, delete_job=False)
            continue
        try:
            await app.job_manager.retry_job(job)
        except exceptions.UniqueViolation:
            log.warning("Job %s (%s) lost its process; another already waits to do the same.", job.id, job.task_name)
            await app.job_manager.finish_job(job, status=jobs.Status.FAILED, delete_job=False)
        else:
            log.warning("Job %s (%s) lost its process and is run again.", job.id, job.task_name)


@app.periodic(cron="17 * * * *")
@app.task(name="statement.forget_finished", queue=KEEP, queueing_lock="statement.forget_finished")
async def forget_finished(timestamp: int) -> None:  # noqa: ARG001 - procrastinate passes it
    """Keep the queue's table small."""
    await app.job_manager.delete_old_jobs(nb_hours=FORGOTTEN, include_failed=True, include_cancelled=True, include_aborted=True)
