"""Real `celery beat -S punctual` processes: they share the work, follow the code, and leave in order."""

import os
import signal
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import celery
import pytest
from celery import Celery

from punctual.celery.app import broker_app
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.control.system import System
from punctual.domain.clock import SystemClock
from punctual.domain.run import Run, RunState
from punctual.domain.schedule import Schedule
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.processes import ServerProcess
from servers.waiting import eventually

CODE = """
import os
from celery import Celery
from celery.schedules import crontab

app = Celery("proj", broker=os.environ["TEST_BROKER_URL"])
app.conf.timezone = "Europe/Berlin"
app.conf.beat_enable_remote_control = True
app.conf.worker_hijack_root_logger = False

@app.task(shared=False)
def tick(*args):
    print("ticked", *args)
"""
SECONDLY = "app.conf.beat_schedule = {'secondly': {'task': 'proj.tick', 'schedule': 1.0}}"
SECOND = timedelta(seconds=1)


@dataclass
class Beats:
    """Beats of one project, whose code lies in a folder, with their database and their broker."""

    folder: Path
    broker_url: str
    database_url: str
    database: Database
    processes: list[ServerProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.schedules = Schedules(self.database, SystemClock())
        self.system = System(self.database, SystemClock())
        self.app: Celery = broker_app(self.broker_url)

    def install(self) -> None:
        """Name the scheduler as the package does once it is installed."""
        project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
        (name, value), *_ = project["entry-points"]["celery.beat_schedulers"].items()
        metadata = self.folder / "named-0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: named\nVersion: 0\n")
        (metadata / "entry_points.txt").write_text(f"[celery.beat_schedulers]\n{name} = {value}\n")

    def deploy(self, code: str) -> None:
        (self.folder / "proj.py").write_text(f"{CODE}\n{code}\n")

    def start(self, *options: str, command: str = "beat", scheduler: str = "-S") -> ServerProcess:
        """Start a process, and return once its node is there."""
        number = len(self.processes)
        process = ServerProcess(
            [sys.executable, "-m", "celery", "-A", "proj", command, scheduler, "punctual", "-l", "INFO", *options],
            log=self.folder / f"{number}.log",
            environment={
                **os.environ,
                "TEST_BROKER_URL": self.broker_url,
                "PUNCTUAL_DATABASE_URL": self.database_url,
                "PYTHONWARNINGS": "ignore",
                "PYTHONDONTWRITEBYTECODE": "1",  # two versions of the code may be of one second
            },
        )
        self.processes.append(process)
        process.wait_until(lambda: "Declared schedules of proj" in self.log(number), within=60)
        return process

    def log(self, number: int) -> str:
        return (self.folder / f"{number}.log").read_text(errors="replace")

    def nodes(self) -> int:
        return len(self.system.nodes())

    def stored(self) -> dict[str, Schedule]:
        page = self.schedules.list(query=None, state=None, limit=100, cursor=None)
        return {schedule.spec.name: schedule for schedule in page.items}

    def runs(self) -> list[Run]:
        """Return all runs, by their fire times."""
        page = Runs(self.database, SystemClock()).list(schedule=None, state=None, limit=1000, cursor=None)
        return sorted(page.items, key=lambda run: run.fire_time)

    def sent(self, at_least: int) -> list[Run]:
        """Return so many runs or more, once all of them are sent."""

        def look() -> list[Run] | None:
            runs = self.runs()
            return runs if len(runs) >= at_least and all(run.state is RunState.QUEUED for run in runs) else None

        return eventually(look, 60, lambda: self.log(0))

    def messages(self) -> list[str]:
        """Take all messages, and return whose they are."""
        found = []
        with self.app.connection() as connection:
            while message := connection.default_channel.basic_get("celery", no_ack=True):
                headers: dict[str, Any] = message.headers or message.properties["application_headers"]
                found.append(headers["id"])
        return found


@pytest.fixture
def beats(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Beats]:
    broker, kind = getattr(request, "param", ("redis_url", "sqlite"))
    url = f"sqlite:///{tmp_path / 'punctual.db'}" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    database = Database(url)
    upgrade(database)
    beats = Beats(tmp_path, request.getfixturevalue(broker), url, database)
    beats.install()
    yield beats
    for process in beats.processes:
        process.stop()
    beats.app.close()
    database.close()


def are_seconds_in_a_row(runs: list[Run]) -> bool:
    return all(later.fire_time - run.fire_time == SECOND for run, later in pairwise(runs))


@pytest.mark.parametrize("beats", [("redis_url", "postgres"), ("rabbitmq_url", "sqlite")], indirect=True)
def test_two_beats_fire_each_time_once_and_one_goes_on_when_the_other_is_killed(beats: Beats) -> None:
    beats.deploy(SECONDLY)
    first = beats.start()
    beats.start()
    eventually(lambda: beats.nodes() == 2)
    sent = beats.sent(at_least=3)
    first.kill()
    beats.sent(at_least=len(sent) + 3)
    beats.processes[1].stop()
    runs = beats.runs()
    assert {run.state for run in runs} == {RunState.QUEUED}
    assert are_seconds_in_a_row(runs)
    messages = beats.messages()
    assert sorted(set(messages)) == sorted(str(run.id) for run in runs)
    assert (
        len(messages) - len(set(messages)) <= 1
    )  # one that was published when the beat was killed, and not yet marked
    assert beats.stored()["secondly"].version == 1


def test_a_redeploy_changes_what_the_code_changed_and_keeps_what_operators_did(beats: Beats) -> None:
    beats.deploy(
        """
app.conf.beat_schedule = {
    "changed": {"task": "proj.tick", "schedule": crontab(0, 4), "args": (1,)},
    "kept": {"task": "proj.tick", "schedule": 3600},
    "removed": {"task": "proj.tick", "schedule": 1.0},
    "broken later": {"task": "proj.tick", "schedule": 3600},
}
"""
    )
    beats.start().stop()
    kept = beats.stored()["kept"]
    beats.schedules.pause("changed", note="incident", actor="test")
    beats.deploy(
        """
class Own(crontab):
    pass

app.conf.beat_schedule = {
    "changed": {"task": "proj.tick", "schedule": crontab(30, 5), "args": (2,), "options": {"priority": 3}},
    "kept": {"task": "proj.tick", "schedule": 3600},
    "broken later": {"task": "proj.tick", "schedule": Own(0, 4)},
}

@app.on_after_configure.connect
def add(sender, **_):
    sender.add_periodic_task(60, tick.s("http://x/y"), name="added")
"""
    )
    beats.start()
    stored = beats.stored()
    assert stored.keys() == {"changed", "kept", "removed", "broken later", "added"}
    changed = stored["changed"]
    assert (changed.status.pause_note, changed.spec.args, changed.spec.priority) == ("incident", [2], 3)
    assert changed.spec.trigger.text == "30 5 * * * Europe/Berlin"
    assert (stored["kept"].version, stored["kept"].spec.trigger) == (kept.version, kept.spec.trigger)
    assert stored["removed"].status.pause_note == "no longer declared in the code"
    assert (stored["removed"].declared_by, stored["kept"].declared_by) == (None, "proj:beat_schedule")
    assert "proj.Own" in (stored["broken later"].status.pause_note or "")
    assert stored["added"].spec.args == ["http://x/y"]
    assert "The entry 'broken later' of beat_schedule is left out" in beats.log(1)


@pytest.mark.skipif(celery.VERSION < (5, 7), reason="beat answers a ping from Celery 5.7 on")
def test_it_answers_a_ping_and_leaves_in_order(beats: Beats) -> None:
    beats.deploy(SECONDLY)
    pidfile = beats.folder / "beat.pid"
    beat = beats.start("--max-interval", "300", "-s", "unused", "--pidfile", str(pidfile), "-n", "celerybeat@here")
    answers = eventually(lambda: beats.app.control.inspect(timeout=2).ping(), 30, lambda: beats.log(0))
    assert answers == {"celerybeat@here": {"ok": "pong"}}
    assert pidfile.exists()
    os.kill(beat.pid, signal.SIGTERM)
    eventually(lambda: beat.exit_code is not None, 20, lambda: beats.log(0))
    assert (beat.exit_code, beats.nodes(), pidfile.exists()) == (0, 0, False)
    assert "beat: The node has stopped" in beats.log(0)
    assert not list(beats.folder.glob("unused*"))


def test_a_worker_runs_it_embedded_and_both_end_in_order(beats: Beats) -> None:
    beats.deploy(SECONDLY)
    worker = beats.start("-B", "-P", "solo", command="worker", scheduler="--scheduler")
    eventually(lambda: beats.log(0).count("ticked") >= 2, 60, lambda: beats.log(0))
    os.kill(worker.pid, signal.SIGTERM)
    eventually(lambda: worker.exit_code is not None, 20, lambda: beats.log(0))
    assert beats.nodes() == 0
    assert "beat: The node has stopped" in beats.log(0)
