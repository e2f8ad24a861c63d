"""Queues of real brokers are measured without being made, taken from or disturbed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from punctual.celery.app import broker_app
from punctual.celery.sender import CelerySender
from punctual.domain.errors import BrokerUnavailableError
from punctual.engine.sender import QueueDepth, TaskMessage

MESSAGE = TaskMessage(
    run_id=UUID(int=1),
    schedule_id=UUID(int=2),
    schedule="nightly",
    fire_time=datetime(2026, 1, 1, tzinfo=UTC),
    cause="schedule",
    task="tidy",
    args=[],
    kwargs={},
    queue="slow",
)


@pytest.fixture
def redis_app(redis_url: str) -> Any:
    return broker_app(redis_url)


@pytest.fixture
def rabbitmq_app(rabbitmq_url: str) -> Any:
    return broker_app(rabbitmq_url)


@pytest.fixture(params=["redis_app", "rabbitmq_app"])
def app(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def sender(app: Any) -> Iterator[CelerySender]:
    sender = CelerySender(app)
    yield sender
    sender.close()


def send(sender: CelerySender, count: int) -> None:
    assert sender.send([replace(MESSAGE, run_id=UUID(int=1 + number)) for number in range(count)]) == []


def test_the_messages_that_wait_are_counted_and_stay_as_they_were(sender: CelerySender, app: Any) -> None:
    send(sender, 3)
    for _ in range(2):
        depths = {depth.name: depth for depth in sender.queues(["slow"])}
        assert depths["slow"].messages == 3
    with app.connection_for_read() as connection, connection.channel() as channel:
        message = channel.basic_get("slow", no_ack=True)
        assert not message.delivery_info.get("redelivered")
        assert message.headers["id"] == str(UUID(int=1))


def test_a_queue_that_is_not_there_is_not_made(rabbitmq_app: Any) -> None:
    sender = CelerySender(rabbitmq_app)
    for _ in range(2):
        depths = {depth.name: depth for depth in sender.queues(["moon", "sun"])}
        assert [(depths[name].messages, depths[name].consumers) for name in ("moon", "sun", "celery")] == [
            (None, None)
        ] * 3
        assert "has no such queue yet" in str(depths["moon"].error)
    sender.close()


def test_on_rabbitmq_consumers_are_counted(rabbitmq_app: Any) -> None:
    sender = CelerySender(rabbitmq_app)
    send(sender, 1)
    with rabbitmq_app.connection_for_read() as connection, connection.channel() as channel:
        channel.basic_qos(0, 1, False)  # noqa: FBT003 - py-amqp's call
        channel.basic_consume("slow")
        depths = {depth.name: depth for depth in sender.queues(["slow"])}
        assert depths["slow"].consumers == 1
    sender.close()


def test_on_redis_messages_of_every_priority_are_counted(redis_app: Any) -> None:
    sender = CelerySender(redis_app)
    for priority in (0, 3, 9):
        redis_app.send_task("tidy", queue="slow", priority=priority)
    assert {depth.name: depth for depth in sender.queues(["slow", "moon"])} == {
        "slow": QueueDepth("slow", 3),
        "moon": QueueDepth("moon", 0),
        "celery": QueueDepth("celery", 0),
    }
    sender.close()


def test_a_prefix_of_all_keys_is_heeded(redis_url: str) -> None:
    app = broker_app(redis_url)
    app.conf.broker_transport_options = {"global_keyprefix": "mine-"}
    sender = CelerySender(app)
    send(sender, 2)
    assert {depth.name: depth.messages for depth in sender.queues(["slow"])}["slow"] == 2
    sender.close()


def test_a_broker_that_is_away_is_told_as_such() -> None:
    for url in ("redis://127.0.0.1:1/0", "amqp://127.0.0.1:1//"):
        sender = CelerySender(broker_app(url), timeout=2)
        with pytest.raises(BrokerUnavailableError):
            sender.queues(["slow"])


def test_the_queue_of_a_task_is_known_by_the_apps_routing() -> None:
    app = broker_app("memory://")
    app.conf.task_routes = {"import.*": {"queue": "slow"}, "far": {"exchange": "elsewhere", "routing_key": "x"}}
    sender = CelerySender(app)
    assert sender.destinations(["tidy", "import.all", "far"]) == {
        "tidy": "celery",
        "import.all": "slow",
    }
    app = broker_app("memory://")
    app.conf.task_routes = (lambda *_: {"queue": "it depends"},)
    assert CelerySender(app).destinations(["tidy"]) == {}


def test_of_a_broker_of_another_kind_it_says_that_it_cannot_be_asked() -> None:
    (depth,) = CelerySender(broker_app("memory://")).queues([])
    assert depth.messages is None
    assert "memory" in str(depth.error)
