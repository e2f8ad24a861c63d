"""A connection that is cut in the middle of a batch."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from punctual.celery.app import broker_app
from punctual.celery.sender import CelerySender
from punctual.domain.errors import BrokerUnavailableError
from punctual.engine.sender import TaskMessage

COUNT = 1500
MESSAGES = [
    TaskMessage(
        run_id=UUID(int=number + 1),
        schedule_id=UUID(int=2),
        schedule="nightly",
        fire_time=datetime(2026, 1, 1, tzinfo=UTC),
        cause="schedule",
        task="tidy",
        args=[number, "x" * 200],
        kwargs={},
        queue=None,
    )
    for number in range(COUNT)
]


class Wire:
    """A way to a server that is cut, once, after so many bytes towards it."""

    def __init__(self, server: tuple[str, int], cut_after: int) -> None:
        self._server = server
        self._left = cut_after
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def was_cut(self) -> bool:
        return self._left <= 0

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._server)
                self._sockets += [near, far]
                threading.Thread(target=self._pump, args=(near, far), kwargs={"counted": True}, daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near), kwargs={"counted": False}, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, *, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                if counted and not self.was_cut:
                    self._left -= len(data)
                    if self.was_cut:
                        break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        for end in self._sockets:
            end.close()


@pytest.fixture(params=["redis_url", "rabbitmq_url"])
def broker_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture(params=[60_000, 500_000])
def wire(request: pytest.FixtureRequest, broker_url: str) -> Iterator[Wire]:
    parts = urlsplit(broker_url)
    assert parts.hostname is not None
    assert parts.port is not None
    wire = Wire((parts.hostname, parts.port), request.param)
    yield wire
    wire.close()


def test_a_batch_that_was_cut_is_reported_and_sent_again_whole(broker_url: str, wire: Wire) -> None:
    port = urlsplit(broker_url).port
    sender = CelerySender(broker_app(broker_url.replace(f":{port}", f":{wire.port}")), timeout=3)
    with pytest.raises(BrokerUnavailableError):
        sender.send(MESSAGES)
    assert wire.was_cut
    sender.send(MESSAGES)
    sender.close()
    with broker_app(broker_url).connection() as connection:
        channel = connection.default_channel
        found = []
        while raw := channel.basic_get("celery", no_ack=True):
            message = channel.message_to_python(raw)
            found.append((message.headers["id"], message.decode()[0][0]))
    assert set(found) == {(str(message.run_id), message.args[0]) for message in MESSAGES}
