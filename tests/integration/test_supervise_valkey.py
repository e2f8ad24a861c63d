"""The embedded broker with a real server: messages survive its death, and damage to its file does not keep it down."""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest

from punctual.cli.supervise.child import Backoff, Child
from punctual.cli.supervise.guard import Guard, Patience
from punctual.cli.supervise.lock import FolderLock
from punctual.cli.supervise.output import Output
from punctual.cli.supervise.valkey import Valkey
from punctual.domain.clock import monotonic


def eventually(condition: Callable[[], object], within: float = 20) -> None:
    deadline = monotonic() + within
    pause = threading.Event()
    while not condition():
        assert monotonic() < deadline
        pause.wait(0.02)


class Broker:
    """A supervised embedded broker."""

    def __init__(self, folder: Path) -> None:
        self.valkey = Valkey(folder)
        self.said: list[str] = []
        self._lock = FolderLock.take(folder, say=self.said.append)
        self._guard = Guard(self._lock.descriptor, Patience())
        self._guard.start()
        self._gone = threading.Event()
        self.child = Child(
            self.valkey.spec(self.said.append),
            guard=self._guard,
            output=Output(StringIO()),
            backoff=Backoff(first=0.05),
            on_end=lambda _: None,
            on_gone=lambda _: self._gone.set(),
        )
        self.child.start()
        eventually(self.valkey.answers)

    def command(self, *words: str) -> str:
        request = f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.valkey.socket))
            connection.sendall(request.encode())
            return connection.recv(4096).decode().strip()

    def stop(self) -> None:
        self.child.stop()
        assert self._gone.wait(10)
        self._guard.close()
        self._lock.release()
        self.valkey.remove_socket()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path)
    yield one
    one.stop()


def test_it_listens_on_a_private_socket_only(broker: Broker) -> None:
    assert broker.command("CONFIG", "GET", "port").endswith("\r\n0")
    assert broker.valkey.socket.stat().st_mode & 0o077 == 0


def test_messages_survive_a_stop(tmp_path: Path) -> None:
    first = Broker(tmp_path)
    first.command("RPUSH", "queue", "message")
    first.stop()
    second = Broker(tmp_path)
    assert second.command("LLEN", "queue") == ":1"
    second.stop()


def test_messages_survive_a_kill(broker: Broker) -> None:
    broker.command("RPUSH", "queue", "message")
    first = broker.child.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    eventually(lambda: broker.child.pid not in {None, first} and broker.valkey.answers())
    assert broker.command("LLEN", "queue") == ":1"


@pytest.mark.parametrize("damage", ["torn", "overwritten"])
def test_a_damaged_file_does_not_keep_it_down(broker: Broker, damage: str) -> None:
    for number in range(100):
        broker.command("RPUSH", "queue", f"message {number}")
    first = broker.child.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    (file,) = (broker.valkey.folder / "appendonlydir").glob("*.incr.aof")
    content = bytearray(file.read_bytes())
    if damage == "torn":
        del content[-7:]
    else:
        place = content.index(b"*3", len(content) // 2)
        content[place : place + 2] = b"XX"
    file.write_bytes(content)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: broker.child.pid not in {None, first} and broker.valkey.answers())
    left = int(broker.command("LLEN", "queue").removeprefix(":"))
    assert 40 < left < 100
    assert (damage == "overwritten") == any("damaged" in text for text in broker.said)
    copies = list(broker.valkey.folder.glob("broken-*/appendonlydir/*.incr.aof"))
    assert [copy.read_bytes() for copy in copies] == ([bytes(content)] if damage == "overwritten" else [])
