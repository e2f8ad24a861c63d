"""A message that the broker refuses for good is told, and holds back no other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from kombu.entity import Exchange, Queue
from redis import Redis

from punctual.celery.app import broker_app
from punctual.celery.sender import CelerySender
from punctual.domain.errors import BrokerUnavailableError
from punctual.domain.message_options import MessageOptions
from punctual.engine.sender import TaskMessage, Unsendable
from servers.rabbitmq import RabbitmqServer

MESSAGE = TaskMessage(
    run_id=UUID(int=1),
    schedule_id=UUID(int=2),
    schedule="nightly",
    fire_time=datetime(2026, 1, 1, tzinfo=UTC),
    cause="schedule",
    task="tidy",
    args=[],
    kwargs={},
    queue=None,
)
Send = Callable[[Celery, Sequence[TaskMessage]], Sequence[Unsendable]]
FEW, MANY = 2, 5
"""Of a few messages Celery makes some, of many all but two are copies."""


@pytest.fixture
def send() -> Iterator[Send]:
    senders = []

    def send(app: Celery, messages: Sequence[TaskMessage]) -> Sequence[Unsendable]:
        senders.append(CelerySender(app))
        return senders[-1].send(messages)

    yield send
    for sender in senders:
        sender.close()


@pytest.fixture(params=["redis_url", "rabbitmq_url"])
def app(request: pytest.FixtureRequest) -> Celery:
    return broker_app(request.getfixturevalue(request.param))


@pytest.fixture(params=["copied", "made by Celery"])
def made(request: pytest.FixtureRequest) -> Callable[[Celery], Celery]:
    """Have the messages of an app copied, or each made by Celery."""

    def configure(app: Celery) -> Celery:
        app.conf.task_compression = "gzip" if request.param == "made by Celery" else None
        return app

    return configure


def mixed(count: int, **bad: Any) -> list[TaskMessage]:
    """Return so many good messages, and as many bad ones among them; these have even ids."""
    fields = [bad if number % 2 == 0 else {} for number in range(1, 2 * count + 1)]
    return [replace(MESSAGE, run_id=UUID(int=number), **each) for number, each in enumerate(fields, start=1)]


def waiting(app: Celery, queue: str = "celery") -> set[UUID]:
    """Return the ids of the messages in a queue."""
    found = set()
    with app.connection() as connection:
        channel = connection.default_channel
        while raw := channel.basic_get(queue, no_ack=True):
            found.add(UUID(channel.message_to_python(raw).headers["id"]))
    return found


def check(refused: Sequence[Unsendable], app: Celery, count: int, words: str) -> None:
    assert sorted(run_id.int for run_id, _ in refused) == list(range(2, 2 * count + 1, 2))
    assert all(words in reason for _, reason in refused), refused
    assert sorted(run_id.int for run_id in waiting(app)) == list(range(1, 2 * count + 1, 2))


@pytest.mark.parametrize("count", [FEW, MANY])
def test_arguments_that_no_message_can_hold(
    app: Celery, made: Callable[[Celery], Celery], send: Send, count: int
) -> None:
    refused = send(made(app), mixed(count, args=[object()]))
    check(refused, app, count, "cannot be made" if made(app).conf.task_compression is None else "JSON serializable")


@pytest.mark.parametrize("count", [FEW, MANY])
def test_redis_a_queue_whose_name_is_that_of_something_else(
    redis_url: str, made: Callable[[Celery], Celery], send: Send, count: int
) -> None:
    app = made(broker_app(redis_url))
    with Redis.from_url(redis_url) as client:
        client.set("odd", "no list")
        check(send(app, mixed(count, queue="odd")), app, count, "WRONGTYPE")


@pytest.mark.parametrize("made_by_celery", [False, True])
def test_a_redis_without_memory_takes_none_for_now(redis_url: str, send: Send, *, made_by_celery: bool) -> None:
    app = broker_app(redis_url)
    app.conf.task_compression = "gzip" if made_by_celery else None
    with Redis.from_url(redis_url) as client:
        before = client.config_get("maxmemory")["maxmemory"]
        client.config_set("maxmemory", 1)
        try:
            with pytest.raises(BrokerUnavailableError, match="maxmemory"):
                send(app, mixed(FEW))
        finally:
            client.config_set("maxmemory", before)


@pytest.mark.parametrize("count", [FEW, MANY])
def test_rabbitmq_an_exchange_that_is_not_there(
    rabbitmq_url: str, made: Callable[[Celery], Celery], send: Send, count: int
) -> None:
    app = made(broker_app(rabbitmq_url))
    app.conf.task_routes = {"lost": {"exchange": "nowhere", "routing_key": "x"}}
    check(send(app, mixed(count, task="lost")), app, count, "no exchange 'nowhere'")


@pytest.mark.parametrize("count", [FEW, MANY])
def test_rabbitmq_a_message_that_no_queue_takes(
    rabbitmq_url: str, made: Callable[[Celery], Celery], send: Send, count: int
) -> None:
    app = made(broker_app(rabbitmq_url))
    # Its exchange is there as one of another kind, so that the queue can be declared but not bound.
    topic = Exchange("films", "topic")  # type: ignore[no-untyped-call] # kombu has no types
    with app.connection() as connection:
        topic.bind(connection.default_channel).declare()  # type: ignore[no-untyped-call] # same
    direct = Exchange("films", "direct")  # type: ignore[no-untyped-call] # same
    app.conf.task_queues = [Queue("films", direct, routing_key="film"), Queue("celery")]  # type: ignore[no-untyped-call] # same
    check(send(app, mixed(count, queue="films")), app, count, "no queue takes messages for 'films'")


@pytest.mark.parametrize("count", [FEW, MANY])
@pytest.mark.parametrize("exchange", ["nowhere", "amq.topic"])
def test_an_exchange_of_the_schedules_that_leads_nowhere(app: Celery, send: Send, exchange: str, count: int) -> None:
    refused = send(app, mixed(count, options=MessageOptions(exchange=exchange, routing_key="x")))
    redis = app.connection().transport.driver_type == "redis"
    there = "no queue takes messages" if exchange == "amq.topic" else "no exchange 'nowhere'"
    check(refused, app, count, "no queue is bound" if redis else there)


def test_redis_a_topic_of_the_schedules_for_which_no_queue_is_bound(redis_url: str, send: Send) -> None:
    app = broker_app(redis_url)
    topic = Exchange("reports", "topic")  # type: ignore[no-untyped-call] # kombu has no types
    app.conf.task_queues = [Queue("celery"), Queue("reports", topic, routing_key="reports.#")]  # type: ignore[no-untyped-call] # same
    check(
        send(app, mixed(FEW, options=MessageOptions(exchange="reports", routing_key="films.a"))), app, FEW, "no queue"
    )
    fits = replace(MESSAGE, options=MessageOptions(exchange="reports", routing_key="reports.a"))
    assert (list(send(app, [fits])), waiting(app, "reports")) == ([], {fits.run_id})


def test_rabbitmq_a_message_that_is_too_large(
    rabbitmq_server: RabbitmqServer, made: Callable[[Celery], Celery], send: Send
) -> None:
    app = made(broker_app(rabbitmq_server.create()))
    with rabbitmq_server.largest_message(10_000):
        check(send(app, mixed(FEW, args=["".join(map(chr, range(200, 20_000)))])), app, FEW, "larger than")
