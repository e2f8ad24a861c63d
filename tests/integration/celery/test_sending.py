"""Sending to real brokers."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from integration.celery.site import Site
from punctual.celery.app import broker_app
from punctual.celery.sender import CelerySender
from punctual.domain.clock import monotonic
from punctual.domain.errors import BrokerUnavailableError
from punctual.domain.run import RunState
from punctual.engine.sender import TaskMessage
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.processes import ServerProcess, find_program

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


@pytest.fixture
def unix_redis_url(tmp_path: Path) -> Iterator[str]:
    program = find_program("redis-server") or find_program("valkey-server")
    if program is None:
        pytest.skip("neither Redis nor Valkey is installed")
    path = tmp_path / "redis.sock"
    process = ServerProcess([program, "--port", "0", "--unixsocket", str(path), "--save", ""], log=tmp_path / "log")
    process.wait_until(path.exists, within=10)
    yield f"redis+socket://{path}?virtual_host=0"
    process.stop()


@pytest.fixture(params=["redis_url", "unix_redis_url", "rabbitmq_url"])
def broker_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
def sender(broker_url: str) -> Iterator[CelerySender]:
    sender = CelerySender(broker_app(broker_url))
    yield sender
    sender.close()


def waiting(broker_url: str, queue: str) -> int:
    with broker_app(broker_url).connection() as connection:
        return int(connection.default_channel.queue_declare(queue, passive=True).message_count)


def test_messages_sent_before_the_first_worker_starts_are_kept(sender: CelerySender, broker_url: str) -> None:
    sender.check()
    sender.send([replace(MESSAGE, run_id=UUID(int=number)) for number in range(1200)])
    sender.send([replace(MESSAGE, queue="slow")])
    sender.send([])
    assert waiting(broker_url, "celery") == 1200
    assert waiting(broker_url, "slow") == 1


def test_the_default_queue_is_there_for_a_route_that_names_none(broker_url: str) -> None:
    app = broker_app(broker_url)
    app.conf.task_routes = {"tidy": {"priority": 3}}
    sender = CelerySender(app)
    sender.send([MESSAGE])
    sender.close()
    assert waiting(broker_url, "celery") == 1


def test_a_closed_sender_opens_again(sender: CelerySender, broker_url: str) -> None:
    sender.send([MESSAGE])
    sender.close()
    sender.check()
    sender.send([MESSAGE])
    assert waiting(broker_url, "celery") == 2


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_a_broker_that_says_nothing_does_not_hold_the_sender_for_ever(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        sender = CelerySender(broker_app(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"), timeout=0.3)
        before = monotonic()
        with pytest.raises(BrokerUnavailableError):
            sender.send([MESSAGE])
        assert monotonic() - before < 10
        sender.close()


@pytest.fixture
def rabbitmq_sender(rabbitmq_url: str) -> Iterator[CelerySender]:
    sender = CelerySender(broker_app(rabbitmq_url))
    yield sender
    sender.close()


def test_a_queue_that_was_removed_is_declared_again(rabbitmq_sender: CelerySender, rabbitmq_url: str) -> None:
    rabbitmq_sender.send([MESSAGE])
    with broker_app(rabbitmq_url).connection() as connection:
        connection.default_channel.queue_delete("celery")
    assert rabbitmq_sender.send([MESSAGE, replace(MESSAGE, run_id=UUID(int=3))]) == []
    assert waiting(rabbitmq_url, "celery") == 2


def test_a_batch_larger_than_one_push_arrives_whole_and_in_order(sender: CelerySender, broker_url: str) -> None:
    sizes = [1, 400_000, 900_000, 5, *[50] * 700]
    runs = [UUID(int=number) for number in range(1, len(sizes) + 1)]
    sender.send([replace(MESSAGE, run_id=run, args=["x" * size]) for run, size in zip(runs, sizes, strict=True)])
    with broker_app(broker_url).connection() as connection:
        channel = connection.default_channel
        found = [channel.message_to_python(channel.basic_get("celery", no_ack=True)) for _ in runs]
    assert [message.headers["id"] for message in found] == [str(run) for run in runs]
    assert [len(message.decode()[0][0]) for message in found] == sizes


def test_a_queue_that_is_there_with_other_arguments_is_used_as_it_is(
    rabbitmq_sender: CelerySender, rabbitmq_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with broker_app(rabbitmq_url).connection() as connection:
        arguments = {"x-max-priority": 5}
        connection.default_channel.queue_declare("celery", durable=True, auto_delete=False, arguments=arguments)
    rabbitmq_sender.send([MESSAGE])
    rabbitmq_sender.send([MESSAGE])
    assert waiting(rabbitmq_url, "celery") == 2
    assert [getattr(record, "action", "") for record in caplog.records] == ["queue_not_declared"]


def test_a_run_goes_all_the_way_through_rabbitmq(rabbitmq_url: str, tmp_path: Path) -> None:
    database_url = f"sqlite:///{tmp_path / 'punctual.db'}"
    database = Database(database_url)
    upgrade(database)
    site = Site(database, database_url, rabbitmq_url, tmp_path)
    run_id = site.send(site.record("served_app.add", 1, 2))
    with site.worker("--pool", "solo") as name:
        run = site.ended(run_id)
    assert (run.state, run.result, run.worker) == (RunState.SUCCEEDED, 3, name)
    site.close()
