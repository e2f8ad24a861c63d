"""RabbitMQ for the tests: one private node per session, one virtual host per test."""

import contextlib
import itertools
import os
import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from servers.processes import ServerProcess, accepts_connections, find_program, free_port, unavailable

# The package's own scripts: the ones on PATH switch to another user.
_SCRIPTS = [
    Path("/usr/lib/rabbitmq/bin"),
    Path("/opt/homebrew/opt/rabbitmq/sbin"),
    Path("/usr/local/opt/rabbitmq/sbin"),
]
_USER = "punctual"


class RabbitmqServer:
    """A node with a fresh virtual host for everyone who asks.

    Virtual hosts are made by evaluating Erlang in the node (30 ms), because rabbitmqctl takes over a second.
    """

    def __init__(self, *, erl_call: Path, cookie: str, distribution_port: int, port: int, password: str) -> None:
        """Know how to reach it."""
        self._command = [str(erl_call), "-address", f"127.0.0.1:{distribution_port}", "-c", cookie, "-e"]
        self._base = f"amqp://{_USER}:{password}@127.0.0.1:{port}"
        self._names = (f"test{number}" for number in itertools.count(1))

    def create(self) -> str:
        """Return the URL of an empty virtual host."""
        name = next(self._names)
        rights = f'<<"{_USER}">>, <<"{name}">>, <<".*">>, <<".*">>, <<".*">>, <<"tests">>'
        self._evaluate(
            f'ok = rabbit_vhost:add(<<"{name}">>, <<"tests">>), '
            f"ok = rabbit_auth_backend_internal:set_permissions({rights})."
        )
        return f"{self._base}/{name}"

    def drop(self, url: str) -> None:
        """Remove a virtual host, with its queues and connections."""
        self._evaluate(f'rabbit_vhost:delete(<<"{url.rpartition("/")[2]}">>, <<"tests">>).')

    @contextlib.contextmanager
    def largest_message(self, size: int) -> Iterator[None]:
        """Let channels that are opened meanwhile take no larger messages, in bytes."""
        set_size = "ok = application:set_env(rabbit, max_message_size, {})."
        self._evaluate(set_size.format(size))
        try:
            yield
        finally:
            self._evaluate(set_size.format(128 * 1024 * 1024))

    def _evaluate(self, expression: str) -> None:
        done = subprocess.run(
            self._command, input=f"{expression}\n", capture_output=True, text=True, timeout=30, check=True
        )
        if not done.stdout.startswith("{ok, "):
            message = f"RabbitMQ refused {expression}: {done.stdout}{done.stderr}"
            raise RuntimeError(message)


@pytest.fixture(scope="session")
def rabbitmq_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitmqServer]:
    """A private node."""
    with private_rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


@contextmanager
def private_rabbitmq(folder: Path) -> Iterator[RabbitmqServer]:
    """Run a node that keeps its files in this folder."""
    process = RabbitmqProcess(folder)
    try:
        yield process.server
    finally:
        process.stop()


class RabbitmqProcess:
    """A node of our own, with a name server of its own; skips where RabbitMQ is not installed.

    Once killed it can be started again, with its data and at its address.
    """

    def __init__(self, folder: Path) -> None:
        """Start, with its log and its data in the folder."""
        script = next((place / "rabbitmq-server" for place in _SCRIPTS if (place / "rabbitmq-server").exists()), None)
        epmd, erl_call = find_program("epmd"), find_program("erl_call", *Path("/usr/lib/erlang").glob("erts-*/bin"))
        if script is None or epmd is None or erl_call is None:
            unavailable("RabbitMQ is not installed, and PUNCTUAL_TEST_RABBITMQ_URL names none")
        port, distribution_port = free_port(), free_port()
        cookie, password = secrets.token_hex(16), secrets.token_hex(16)
        cookie_file = folder / ".erlang.cookie"
        cookie_file.write_text(cookie)
        cookie_file.chmod(0o400)
        (folder / "plugins").write_text("[].\n")
        (folder / "rabbitmq.conf").write_text(
            f"listeners.tcp.1 = 127.0.0.1:{port}\ndefault_user = {_USER}\ndefault_pass = {password}\n"
        )
        self._script, self._log = script, folder / "log"
        self._names, names_port = _start_name_server(epmd, folder)
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "detached": "true",  # the script becomes the node, so that a signal to the child is one to the node
            "ERL_EPMD_PORT": str(names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"punctual{port}@localhost",
            "RABBITMQ_DIST_PORT": str(distribution_port),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "logs"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "environment"),
        }
        self.server = RabbitmqServer(
            erl_call=erl_call, cookie=cookie, distribution_port=distribution_port, port=port, password=password
        )
        try:
            self.start()
        except BaseException:
            self._names.stop()
            raise

    def start(self) -> None:
        """Start, and return once it serves."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start, and return at once."""
        self._logged = self._log.stat().st_size if self._log.exists() else 0
        self._process = ServerProcess(
            [self._script],
            log=self._log,
            stop_signal=signal.SIGKILL,  # nothing it holds is wanted, and an orderly end takes seconds
            environment=self._environment,
        )

    def wait_until_ready(self) -> None:
        """Return once it serves."""
        self._process.wait_until(
            lambda: b"Server startup complete" in self._log.read_bytes()[self._logged :], within=90
        )

    def kill(self) -> None:
        """End the node as a crash would."""
        self._process.kill()

    def stop(self) -> None:
        """End the node and its name server."""
        self._process.stop()
        self._names.stop()


def _start_name_server(epmd: Path, folder: Path) -> tuple[ServerProcess, int]:
    port = free_port()
    process = ServerProcess([epmd, "-address", "127.0.0.1", "-port", str(port)], log=folder / "epmd.log")
    process.wait_until(lambda: accepts_connections(port), within=10)
    return process, port


@pytest.fixture
def rabbitmq_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty virtual host of this test's own, or the one that PUNCTUAL_TEST_RABBITMQ_URL names, as it is."""
    if url := os.environ.get("PUNCTUAL_TEST_RABBITMQ_URL"):
        yield url
        return
    server: RabbitmqServer = request.getfixturevalue("rabbitmq_server")
    url = server.create()
    yield url
    server.drop(url)
