"""The `punctual` command against a real server in a thread, on a real SQLite database."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from punctual.asgi import create_app
from punctual.cli.main import main
from punctual.control.access import Access
from punctual.domain.clock import SystemClock
from punctual.domain.processes import Task, Worker
from punctual.settings import Settings
from punctual.store import workers
from punctual.store.database import Database

TOKEN = "a-token-for-tests-only"
BACKUP = Task(
    name="app.backup",
    description="Copy a folder away.",
    signature={
        "type": "object",
        "properties": {"source": {"type": "string"}, "keep": {"type": "integer", "minimum": 1, "default": 7}},
        "required": ["source"],
        "additionalProperties": False,
        "x-positional": ["source", "keep"],
    },
    queues=["celery"],
    seen_at=SystemClock().now(),
)


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str


Punctual = Callable[..., Outcome]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: what differs between databases is not seen through HTTP."""
    return f"sqlite:///{tmp_path / 'punctual.db'}"


@pytest.fixture
def server_url(database: Database, tmp_path: Path) -> Iterator[str]:
    """The address of a server on which a worker has announced the task `app.backup`."""
    clock = SystemClock()
    now = clock.now()
    host: dict[str, Any] = {"host": "test", "pid": 1, "pool": "solo", "concurrency": 1, "queues": ["celery"]}
    with database.write() as tx:
        workers.announce(tx, Worker(name="celery@test", started_at=now, seen_at=now, **host), [BACKUP])
    Access(database, clock).ensure_bootstrap(TOKEN)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(Settings(data_dir=tmp_path, public_url=url), database, clock)
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=5))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert server.ready.wait(20)
        yield url
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def punctual(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Punctual:
    """Run one `punctual` command with the server's address and token, and return its outcome."""
    for name, value in {"URL": server_url, "TOKEN": TOKEN, "DATA_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(f"PUNCTUAL_{name}", value)

    def run(*arguments: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["punctual", *arguments])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 0
        printed = capsys.readouterr()
        return Outcome(status, printed.out, printed.err)

    return run


@pytest.fixture
def unused_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
