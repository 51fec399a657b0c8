"""The calendar of measures, run by the real queue."""

import os
import subprocess
import sys
import time

import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from garant.kernel.clock import ManualClock, SystemClock
from garant.kernel.verdicts import State
from garant.statement import jobs, queries, service
from support.evidence import HOUR
from support.house import committed_house  # noqa: F401 - the fixture `committed`
from support.statements import BACK, House, install

NOW = SystemClock().now


def work(*queues: str) -> None:
    """Run what waits on these queues, to the end."""
    with app.replace_connector(app.connector.get_worker_connector()) as serving:
        serving.run_worker(queues=list(queues), wait=False, install_signal_handlers=False, listen_notify=False)


def states() -> dict[str, State]:
    page = queries.page("maison", NOW())
    assert page is not None
    return {claim.id: claim.state for claim in page.claims}


def waiting() -> list[tuple[str, str]]:
    return sorted(ProcrastinateJob.objects.filter(status="todo", task_name="statement.keep_measure").values_list("queue_name", "status"))


def test_at_start_everything_is_due_and_a_second_start_defers_nothing_twice(committed):
    assert jobs.start() == 2
    assert jobs.start() == 0
    assert waiting() == [("keep", "todo"), ("keep", "todo")]
    work("keep")
    assert states()["MAI-01"] is State.KEPT
    assert jobs.start() == 0


def test_arguments_are_identifiers_only(committed):
    jobs.start()
    deferred = list(ProcrastinateJob.objects.filter(task_name="statement.keep_measure"))
    assert len(deferred) == 2
    for job in deferred:
        assert set(job.args) == {"promise", "measure"}
        assert job.args["promise"].startswith("test.door#")


@pytest.mark.parametrize("vantage", ["edge", "browser"])
def test_what_looks_from_outside_goes_to_the_prober(committed, monkeypatch, vantage):
    install(House(vantage=vantage), monkeypatch)
    jobs.start()
    assert {queue for queue, _ in waiting()} == {"probe"}
    work("keep")
    assert states()["MAI-01"] is State.UNPROVEN
    work("probe")
    assert states()["MAI-01"] is State.KEPT


def test_a_job_for_what_has_just_been_run_is_left_alone(committed):
    jobs.start()
    service.keep_once(clock=SystemClock())
    committed.doors["front"].answer = False
    work("keep")
    assert states()["MAI-01"] is State.KEPT


def test_a_defect_fails_its_job_aloud_and_the_others_run(committed, monkeypatch):
    def faulty(promise: object) -> object:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr(committed.doors["back"], "observe", faulty)
    jobs.start()
    work("keep")
    assert states()["MAI-01"] is State.KEPT
    assert states()["MAI-02"] is State.UNPROVEN
    assert {job.args["promise"] for job in ProcrastinateJob.objects.filter(status="failed")} == {BACK.identity}


def test_time_alone_turns_verdicts_without_any_run(committed):
    service.keep_once(clock=ManualClock(NOW() - 3 * HOUR))
    jobs.turn_stale(timestamp=0)
    claim = queries.claim("maison", "MAI-01", NOW())
    assert claim is not None
    assert claim.history[0].position is not None
    assert claim.state is State.STALE


def lose(attempts: int) -> int:
    """A job whose process died in the middle: taken by a worker that was never heard of again."""
    jobs.start()
    with connection.cursor() as cursor:
        cursor.execute("insert into procrastinate_workers (last_heartbeat) values (now() - interval '10 minutes') returning id")
        [worker] = cursor.fetchone()
        cursor.execute("delete from procrastinate_jobs where id <> (select min(id) from procrastinate_jobs)")
        cursor.execute("update procrastinate_jobs set status = 'doing', worker_id = %s, attempts = %s returning id", [worker, attempts])
        [job] = cursor.fetchone()
    return int(job)


def status(job: int) -> str:
    return str(ProcrastinateJob.objects.get(pk=job).status)


def test_a_job_that_died_is_run_again(committed):
    job = lose(attempts=1)
    app.configure_task("statement.resume_stalled", queue="resume").defer(timestamp=0)
    work("resume")
    assert status(job) == "todo"
    work("keep")
    assert status(job) == "succeeded"
    assert State.KEPT in states().values()


def test_a_job_that_died_gives_way_to_one_that_already_waits(committed):
    lost = lose(attempts=1)
    assert jobs.start() == 2
    app.configure_task("statement.resume_stalled", queue="resume").defer(timestamp=0)
    work("resume")
    assert status(lost) == "failed"
    work("keep")
    assert states()["MAI-02"] is State.KEPT


def test_a_job_that_died_three_times_is_reported_as_failed(committed):
    job = lose(attempts=3)
    app.configure_task("statement.resume_stalled", queue="resume").defer(timestamp=0)
    work("resume")
    assert status(job) == "failed"


def test_a_worker_killed_inside_an_engine_leaves_the_measure_to_the_next(committed, database):
    """Its advisory lock dies with its connection; nothing is half written."""
    program = (
        "import os, signal, django; django.setup()\n"
        "from support.statements import BACK, House, install, current\n"
        "from garant.statement import service\n"
        "from garant.kernel.clock import SystemClock\n"
        "house = House()\n"
        "house.doors['front'].observe = lambda promise: (print('inside', flush=True), os.kill(os.getpid(), signal.SIGSTOP))\n"
        "service.keep_once(clock=SystemClock(), registry=house.registry)\n"
    )
    environment = {
        **os.environ,
        "GARANT_ROLE": "worker",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
    }
    setup = f"from django.conf import settings; settings.DATABASES['default']['NAME'] = {connection.settings_dict['NAME']!r}\n"
    child = subprocess.Popen([sys.executable, "-c", setup + program], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "inside\n"
        busy = service.keep_once(clock=SystemClock())
        assert [turn.busy for turn in busy] == [True, False]
    finally:
        child.kill()
        child.wait(20)
        child.stdout.close()
    until = time.monotonic() + 20
    while time.monotonic() < until and states()["MAI-01"] is not State.KEPT:
        service.keep_once(clock=SystemClock())
        time.sleep(0.1)
    assert states()["MAI-01"] is State.KEPT
