import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import MagicMock
from uuid import UUID

import pytest
from celery import Celery
from kombu.exceptions import OperationalError

from punctual.celery.app import broker_app
from punctual.celery.redis_press import RedisPress
from punctual.celery.sender import CelerySender
from punctual.domain.errors import BrokerUnavailableError
from punctual.domain.run import Arguments
from punctual.engine.sender import TaskMessage
from servers.processes import free_port

RUN, SCHEDULE = UUID(int=1), UUID(int=2)
MESSAGE = TaskMessage(
    run_id=RUN,
    schedule_id=SCHEDULE,
    schedule="nightly ☾",
    fire_time=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    cause="schedule",
    task="tidy",
    args=[1, {"a": None}],
    kwargs={"keep": 2},
    queue=None,
)


@pytest.fixture
def app() -> Iterator[Celery]:
    app = broker_app("memory://")
    yield app
    with app.connection() as connection:
        for queue in ("celery", "slow", "fast", "other"):
            connection.default_channel.queue_delete(queue)


def received(app: Celery, queue: str = "celery") -> list[Any]:
    with app.connection() as connection:
        channel = connection.default_channel
        channel.queue_declare(queue)
        found = []
        while message := channel.basic_get(queue, no_ack=True):
            found.append(message)
        return found


def send(app: Celery, *messages: TaskMessage) -> None:
    sender = CelerySender(app)
    sender.send(messages)
    sender.close()


def test_headers_tell_of_the_arguments_what_may_be_shown_and_the_body_has_them_all(app: Celery) -> None:
    shown = Arguments(args=[1, "********"], kwargs={"keep": 2})
    send(app, replace(MESSAGE, args=[1, "hunter2"], shown=shown))
    (message,) = received(app)
    assert (message.headers["argsrepr"], message.headers["kwargsrepr"]) == ("[1, '********']", "{'keep': 2}")
    assert "hunter2" not in str(message.headers)
    assert json.loads(message.body)[0] == [1, "hunter2"]


def test_a_message_carries_the_run_and_the_call(app: Celery) -> None:
    send(app, MESSAGE)
    (message,) = received(app)
    headers = message.headers
    assert (headers["id"], headers["task"], headers["root_id"]) == (str(RUN), "tidy", str(RUN))
    assert {key: value for key, value in headers.items() if key.startswith("punctual")} == {
        "punctual_run": str(RUN),
        "punctual_schedule": "nightly ☾",
        "punctual_schedule_id": str(SCHEDULE),
        "punctual_service": "default",
        "punctual_fire_time": "2026-01-02T03:04:05Z",
        "punctual_cause": "schedule",
        "punctual_attempt": "1",
    }
    assert message.content_type == "application/json"
    assert json.loads(message.body)[:2] == [[1, {"a": None}], {"keep": 2}]
    assert message.properties["correlation_id"] == str(RUN)
    assert message.properties["delivery_mode"] == 2


def test_messages_arrive_in_the_order_given(app: Celery) -> None:
    runs = [UUID(int=number) for number in range(10, 40)]
    send(app, *(replace(MESSAGE, run_id=run) for run in runs))
    assert [message.headers["id"] for message in received(app)] == [str(run) for run in runs]


def test_the_apps_routing_decides_unless_the_schedule_names_a_queue(app: Celery) -> None:
    app.conf.task_routes = {"tidy": {"queue": "slow"}}
    send(app, MESSAGE, replace(MESSAGE, queue="fast"))
    assert len(received(app, "slow")) == 1
    assert len(received(app, "fast")) == 1


def test_the_apps_own_options_of_the_task_hold(app: Celery) -> None:
    app.task(name="tidy", shared=False, time_limit=9, soft_time_limit=8, expires=60)(send)
    send(app, MESSAGE, replace(MESSAGE, queue="fast"))
    for queue in ("celery", "fast"):
        (message,) = received(app, queue)
        assert message.headers["timelimit"] == [9, 8]
        assert message.headers["expires"] is not None


def test_a_router_that_fails_does_not_keep_back_the_messages(app: Celery, caplog: pytest.LogCaptureFixture) -> None:
    def route(name: str, *_: object, **__: object) -> None:
        if name == "tidy":
            raise LookupError

    app.conf.task_routes = (route,)
    send(app, MESSAGE, replace(MESSAGE, task="other"))
    assert len(received(app)) == 2
    assert [getattr(record, "action", "") for record in caplog.records] == ["route_failed"]


def test_a_queue_that_the_app_does_not_know_does_not_keep_back_the_messages(app: Celery) -> None:
    app.conf.task_create_missing_queues = False
    send(app, replace(MESSAGE, queue="other"), MESSAGE)
    assert len(received(app, "other")) == 1
    assert len(received(app)) == 1


def test_the_apps_serializer_holds(app: Celery) -> None:
    app.conf.task_serializer = "pickle"
    send(app, MESSAGE)
    (message,) = received(app)
    assert message.content_type == "application/x-python-serialize"


def test_a_serializer_that_is_not_installed_does_not_keep_back_the_messages(app: Celery) -> None:
    app.task(name="tidy", shared=False, serializer="tablets")(send)
    send(app, MESSAGE, replace(MESSAGE, task="other"))
    assert [message.content_type for message in received(app)] == ["application/json"] * 2


@pytest.mark.parametrize("reply", [None, 1, b"OK"])
def test_a_reply_that_does_not_say_that_all_messages_are_there_is_an_error(reply: object) -> None:
    channel = MagicMock()
    channel.conn_or_acquire().__enter__().pipeline().__enter__().execute.return_value = [2, reply]
    press = RedisPress(channel)
    for key in ("celery", "slow"):
        press.push(key, "1", "one")
        press.push(key, "2", "two")
    with pytest.raises(OperationalError, match="2 messages"):
        press.flush()


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_is_not_there_is_reported(scheme: str) -> None:
    sender = CelerySender(broker_app(f"{scheme}://127.0.0.1:{free_port()}"), timeout=1)
    for action in (sender.check, lambda: sender.send([MESSAGE])):
        with pytest.raises(BrokerUnavailableError, match="refused"):
            action()
    sender.close()
