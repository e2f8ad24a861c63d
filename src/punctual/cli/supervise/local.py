"""Everything on one machine: which children `punctual up` runs, in what order, and what it says meanwhile."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty

from punctual.cli.listening import free_port, reachable
from punctual.cli.probe import has_broker
from punctual.cli.supervise.banner import Token, banner
from punctual.cli.supervise.child import Child, ChildSpec
from punctual.cli.supervise.lock import FolderLock, make_folder
from punctual.cli.supervise.output import Output
from punctual.cli.supervise.readiness import Available, Readiness, Waiting
from punctual.cli.supervise.supervisor import ChildEnded, StopAsked, Supervisor
from punctual.cli.supervise.token import local_token
from punctual.cli.supervise.valkey import Valkey
from punctual.domain.errors import SetupError
from punctual.settings import Settings
from punctual.store.opening import open_database

_HOPELESS_AFTER = 3
"""Ends of a child before it was ever ready after which starting it again is pointless."""
_PING_EVERY = 0.02


@dataclass(frozen=True)
class WorkerOptions:
    """The worker to run: the user's app (None: the built-in one), and how it runs tasks."""

    app: str | None
    pool: str
    concurrency: int


class Local:
    """`punctual up`, from its options to its end."""

    def __init__(self, settings: Settings, worker: WorkerOptions) -> None:
        """Prepare; `run` does everything."""
        self._settings = settings.model_copy(update={"data_dir": Path(os.path.abspath(settings.data_dir))})  # noqa: PTH100 - keeps links as they are
        self._worker = worker
        self._output = Output()

    def run(self) -> None:
        """Check everything, start everything, and return when a signal has stopped everything.

        Raises SetupError or DatabaseUnavailableError before anything is started when something is wrong, and
        SetupError after having stopped everything when a part does not start.
        """
        folder = self._settings.data_dir
        make_folder(folder)
        lock = FolderLock.take(folder, say=self._output.notice)
        try:
            self._settings = self._settings.model_copy(
                update={"port": free_port(self._settings.host, self._settings.port)}
            )
            valkey = self._embedded_broker()
            open_database(self._settings).close()
            token = self._token()
            self._supervise(lock, valkey, token)
        finally:
            lock.release()

    def _embedded_broker(self) -> Valkey | None:
        """Return the embedded broker, unless the settings or the user's app name another; the app is checked here."""
        own = self._worker.app is not None and has_broker(self._worker.app)
        if own or self._settings.broker_url is not None:
            return None
        return Valkey(self._settings.data_dir)

    def _token(self) -> Token:
        if self._settings.bootstrap_token is not None:
            return Token(self._settings.bootstrap_token.get_secret_value(), given=True)
        return Token(local_token(self._settings.local_token_file), given=False)

    def _supervise(self, lock: FolderLock, valkey: Valkey | None, token: Token) -> None:
        supervisor = Supervisor(lock=lock.descriptor, output=self._output)
        supervisor.open()
        try:
            _Running(self._settings, self._worker, supervisor, self._output).run(valkey, token)
        finally:
            lock.mark_stopping()
            self._output.notice("stopping; once more Ctrl-C kills at once")
            supervisor.stop()
            if valkey is not None:
                valkey.remove_socket()
            self._output.notice("stopped")


class _Running:
    """The time between the start of the first child and the wish to stop."""

    def __init__(self, settings: Settings, worker: WorkerOptions, supervisor: Supervisor, output: Output) -> None:
        self._settings = settings
        self._worker = worker
        self._supervisor = supervisor
        self._output = output

    def run(self, valkey: Valkey | None, token: Token) -> None:
        """Start everything and return when a signal asks to stop; raises SetupError when a part does not start."""
        if valkey is not None and not self._start_broker(valkey):
            return
        environment = self._environment(valkey)
        server = self._supervisor.start(self._server(environment, token))
        self._supervisor.start(self._worker_spec(environment))
        readiness = Readiness(
            reachable(self._settings.host), self._settings.port, token.value, post=self._supervisor.events.put
        )
        readiness.start()
        try:
            self._follow(server, token)
        finally:
            readiness.stop()

    def _start_broker(self, valkey: Valkey) -> bool:
        """Start the broker and wait until it answers; return False when a signal came first."""
        child = self._supervisor.start(valkey.spec(self._output.notice))
        while not valkey.answers():
            try:
                event = self._supervisor.events.get(timeout=_PING_EVERY)
            except Empty:
                continue
            if isinstance(event, StopAsked):
                return False
            if child.ends >= _HOPELESS_AFTER:
                raise _hopeless(child)
        return True

    def _follow(self, server: Child, token: Token) -> None:
        """Tell what happens until a signal asks to stop."""
        available = False
        while True:
            match self._supervisor.events.get():
                case StopAsked():
                    return
                case Waiting(text):
                    self._output.notice(f"waiting for {text}")
                case Available() as found if not available:
                    available = True
                    self._output.block(banner(self._settings, token, found, app=self._worker.app, output=self._output))
                case Available():
                    self._output.notice("ready")
                case ChildEnded(child) if child is server and not available and child.ends >= _HOPELESS_AFTER:
                    raise _hopeless(child)
                case _:
                    pass

    def _environment(self, valkey: Valkey | None) -> dict[str, str]:
        """Return the environment that the server and the worker share; the administrator's token is not in it."""
        settings = self._settings
        environment = {name: value for name, value in os.environ.items() if name != "PUNCTUAL_BOOTSTRAP_TOKEN"}
        environment |= {
            "PYTHONUNBUFFERED": "1",
            "PUNCTUAL_DATA_DIR": str(settings.data_dir),
            "PUNCTUAL_HOST": settings.host,
            "PUNCTUAL_PORT": str(settings.port),
        }
        if valkey is not None:
            environment |= {"PUNCTUAL_BROKER_URL": valkey.url, "CELERY_BROKER_URL": valkey.url}
        return environment

    def _server(self, environment: dict[str, str], token: Token) -> ChildSpec:
        return ChildSpec(
            name="scheduler",
            command=[*_punctual("server", self._worker.app), "--with-scheduler"],
            environment=environment | {"PUNCTUAL_BOOTSTRAP_TOKEN": token.value},
        )

    def _worker_spec(self, environment: dict[str, str]) -> ChildSpec:
        options = ["--pool", self._worker.pool, "--concurrency", str(self._worker.concurrency)]
        alone = ["--without-mingle", "--without-gossip"]
        return ChildSpec(
            name="worker",
            command=[*_punctual("worker", self._worker.app), *options, *alone],
            environment=environment,
            quits=self._worker.pool == "prefork",  # the others fail the task or ignore the signal
        )


def _punctual(command: str, app: str | None) -> Sequence[str]:
    return [sys.executable, "-m", "punctual.cli.main", command, *([] if app is None else ["-A", app])]


def _hopeless(child: Child) -> SetupError:
    last = "".join(f"\n  {line}" for line in child.last_lines)
    return SetupError(
        f"{child.spec.name} does not start; its last lines:{last}", fix="Correct what they say and start again."
    )
