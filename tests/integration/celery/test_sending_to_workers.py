"""Real workers run what the sender sends: every message once, with its own arguments and headers, by priority."""

import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import JsonValue

from punctual.celery.app import broker_app
from punctual.celery.sender import CelerySender
from punctual.domain.message_options import MessageOptions
from punctual.engine.sender import TaskMessage
from servers.processes import ServerProcess
from servers.waiting import eventually

WORKER = """
import json, os
from celery import Celery

app = Celery("echo", broker=os.environ["ECHO_BROKER_URL"])
app.conf.update(task_default_queue="echo", task_queue_max_priority=10)
app.conf.update(worker_prefetch_multiplier=1, task_acks_late=True)
NAMES = ("origin", "lang", "task", "root_id", "argsrepr", "kwargsrepr", "timelimit", "expires", "ignore_result")

def echo(self, *args, **kwargs):
    request = self.request
    seen = {name: request.get(name) for name in NAMES}
    seen |= {name: value for name, value in request.headers.items() if name.startswith(("punctual", "tenant"))}
    with open(os.environ["ECHO_FILE"], "a") as file:
        file.write(json.dumps([request.id, args, kwargs, seen]) + "\\n")

for priority in (0, 5, 9):
    app.task(name=f"echo{priority}", bind=True)(echo)
"""
TEXTS = ["plain", "it's", 'a "quote"', "back\\slash\n", "ünïcödé ☾ 🌙", "x" * 3000]
PRIORITIES = (5, 9, 0)
COUNT = 400
LIMITED = MessageOptions(soft_time_limit=50, time_limit=60.5)


def message(number: int) -> TaskMessage:
    text = TEXTS[number % len(TEXTS)]
    args: list[JsonValue] = [] if number == 0 else [number, text, [text, {"deep": [[[number]]]}]]
    return TaskMessage(
        run_id=UUID(int=number + 1),
        schedule_id=UUID(int=7),
        schedule=f"echo {text[:9]}",
        fire_time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
        cause="schedule",
        task=f"echo{PRIORITIES[number % 3]}",
        args=args,
        kwargs={"number": number, "ключ": text, "nothing": None, "ratio": number / 3},
        queue=None,
        options=LIMITED if number % 3 == 0 else MessageOptions(headers=tenant(number)),
    )


def tenant(number: int) -> dict[str, JsonValue]:
    return {"tenant": {"of": [number % 4, "ünïcödé ☾", None]}}


@pytest.fixture
def heard(broker_url: str, tmp_path: Path) -> Iterator[Path]:
    """A worker that is started only when all messages are there, and the file of what it ran."""
    app = broker_app(broker_url)
    app.conf.update(task_default_queue="echo", task_queue_max_priority=10)
    app.conf.task_routes = {f"echo{priority}": {"priority": priority} for priority in PRIORITIES}
    app.task(name="echo9", shared=False, time_limit=600, soft_time_limit=500, expires=3600)(stand_in)
    sender = CelerySender(app)
    sender.send([message(number) for number in range(COUNT)])
    sender.close()
    (tmp_path / "echo_app.py").write_text(WORKER)
    file = tmp_path / "heard"
    worker = ServerProcess(
        [sys.executable, "-m", "celery", "-A", "echo_app", "worker", "-P", "solo", "-l", "INFO"],
        log=tmp_path / "worker.log",
        environment={**os.environ, "ECHO_BROKER_URL": broker_url, "ECHO_FILE": str(file), "PYTHONWARNINGS": "ignore"},
    )
    yield file
    worker.stop()


@pytest.fixture(params=["redis_url", "rabbitmq_url"])
def broker_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


def stand_in() -> None:
    """Stand for the task where it is sent from."""


def test_workers_run_each_message_once_with_what_it_carries(heard: Path, broker_url: str) -> None:
    def all_lines() -> list[str] | None:
        lines = heard.read_text().splitlines() if heard.exists() else []
        return lines if len(lines) >= COUNT else None

    ran = [json.loads(line) for line in eventually(all_lines, 60, (heard.parent / "worker.log").read_text)]

    assert sorted(run_id for run_id, *_ in ran) == sorted(str(UUID(int=number + 1)) for number in range(COUNT))
    for run_id, args, kwargs, seen in ran:
        sent = message(UUID(run_id).int - 1)
        assert (args, kwargs) == (sent.args, sent.kwargs)
        check_headers(seen, sent)
    ranks = [PRIORITIES[(UUID(run_id).int - 1) % 3] for run_id, *_ in ran]
    # RabbitMQ takes the highest number first, Celery on Redis the lowest.
    assert ranks == sorted(ranks, reverse=broker_url.startswith("amqp"))
    for priority in PRIORITIES:
        numbers = [UUID(run_id).int for (run_id, *_), rank in zip(ran, ranks, strict=True) if rank == priority]
        assert numbers == sorted(numbers)


def check_headers(seen: dict[str, Any], sent: TaskMessage) -> None:
    assert (seen["task"], seen["root_id"], seen["punctual_run"]) == (sent.task, str(sent.run_id), str(sent.run_id))
    assert seen["lang"] == "py"
    assert seen["origin"].startswith(f"gen{os.getpid()}@")
    assert datetime.fromisoformat(seen["punctual_fire_time"]) == sent.fire_time
    assert (seen["punctual_schedule"], seen["punctual_schedule_id"]) == (sent.schedule, str(sent.schedule_id))
    assert seen["punctual_cause"] == "schedule"
    assert seen["argsrepr"].startswith(f"[{sent.args[0]}, " if sent.args else "()")
    assert seen["kwargsrepr"].startswith("{'number': ")
    limits = {"echo5": ([60.5, 50], False), "echo9": ([600, 500], True), "echo0": ([None, None], False)}[sent.task]
    assert (seen["timelimit"], seen["expires"] is not None) == limits
    assert seen.get("tenant") == sent.options.headers.get("tenant")
