"""The run that a task belongs to, from inside the task."""

import logging
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any
from uuid import UUID

from celery import signals
from celery._state import _task_stack

from punctual.celery.headers import read_headers, timeout_of
from punctual.celery.kept import hidden_in
from punctual.celery.records import Told
from punctual.celery.reports import Reports
from punctual.domain.clock import SystemClock
from punctual.store import runs
from punctual.store.database import Database

logger = logging.getLogger(__name__)

_BEGAN = "_punctual_began"
_RUN = "_punctual_current_run"


@dataclass(frozen=True)
class CurrentRun:
    """What a task may know of its run, and tell of it.

    `fire_time` is the instant that the run is for, `previous_fire_time` that of the schedule's run before it (None for
    the first one). `cause` is `schedule`, `catchup`, `backfill`, `manual` or `rerun`. `attempt` counts from 1, retries
    by Celery included. At the `deadline` the attempt is timed out, by the clock of this machine.
    """

    id: UUID
    schedule: str
    schedule_id: UUID
    service: str
    fire_time: datetime
    previous_fire_time: datetime | None
    cause: str
    attempt: int
    labels: Mapping[str, str]
    deadline: datetime | None
    _reports: Reports | None = field(repr=False, compare=False)
    _database_url: Callable[[], str] = field(repr=False, compare=False)

    @cached_property
    def last_success(self) -> datetime | None:
        """The fire time of the last run of the schedule before this one that succeeded; None where there is none.

        Read from the ledger when first asked for: raises DatabaseUnavailableError while the database does not answer.
        """
        database = Database(self._database_url())
        try:
            with database.read() as tx:
                return runs.last_success(tx, self.schedule_id, self.fire_time)
        finally:
            database.close()

    def progress(self, done: float, total: float | None = None, note: str | None = None) -> None:
        """Tell how far the run is: `done` of `total`, in any unit, and what it is at.

        Returns at once and never raises: the latest is written about twice a second, by the worker plug-in.
        """
        if self._reports is not None:
            self._reports.progress(done, total, note)

    def log(self, text: str, level: str = "info") -> None:
        """Keep a line with the run; `level` is `debug`, `info`, `warning`, `error` or `critical`.

        Returns at once and never raises. Of one attempt 1,000 lines and 256 KB are kept.
        """
        if self._reports is not None:
            self._reports.log(text, level)


def current_run() -> CurrentRun | None:
    """Return the run that the code runs for; None outside the tasks of messages that Punctual sent.

    Tasks that such a task calls itself, directly or by `apply()`, are part of its run. A thread that a task starts is
    not: hand it the run.
    """
    found = worker_request()
    if found is None:
        return None
    task, request = found
    run: CurrentRun | None = request.__dict__.get(_RUN)
    if run is None and (run := _read(task, request)) is not None:
        setattr(request, _RUN, run)
    return run


class RunLogHandler(logging.Handler):
    """Keeps what a task logs with its run, where it is added to a logger; other log lines pass it by."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, as it is formatted."""
        try:
            run = current_run()
            if run is not None and not record.name.startswith("punctual."):
                run.log(self.format(record), record.levelname)
        except Exception:  # noqa: BLE001 - as the handlers of the standard library do
            self.handleError(record)


@dataclass(eq=False)
class Home:
    """A plug-in as seen from a task: which apps it serves, where records go, and the database."""

    serves: Callable[[Any], bool]
    submit: Callable[[Told], None]
    database_url: Callable[[], str]


def settle(home: Home) -> Home:
    """Let the tasks of the apps that the home serves find it, for as long as it lives."""
    _homes.add(home)
    return home


def home_of(app: Any) -> Home | None:  # noqa: ANN401 - Celery has no types
    """Return the home of an app's tasks; None where the app has no plug-in."""
    return next((home for home in list(_homes) if home.serves(app)), None)


_homes: weakref.WeakSet[Home] = weakref.WeakSet()


def worker_request() -> tuple[Any, Any] | None:
    """Return the request that the worker executes in this thread, and its task."""
    for task in reversed(_task_stack.stack):
        for request in reversed(task.request_stack.stack):
            if not request.called_directly and not request.is_eager:
                return task, request
    return None


def _read(task: Any, request: Any) -> CurrentRun | None:  # noqa: ANN401 - Celery has no types
    headers = read_headers(request)
    if headers is None:
        return None
    home = home_of(task.app)
    timeout = timeout_of(request)
    hidden = hidden_in(task, request)
    began: datetime = request.__dict__.get(_BEGAN) or SystemClock().now()
    return CurrentRun(
        id=headers.id,
        schedule=headers.schedule,
        schedule_id=headers.schedule_id,
        service=headers.service,
        fire_time=headers.fire_time,
        previous_fire_time=headers.previous_fire_time,
        cause=headers.cause.value,
        attempt=headers.attempt,
        labels=MappingProxyType(headers.labels),
        deadline=None if timeout is None else began + timedelta(seconds=timeout),
        _reports=None if home is None else Reports(headers.id, headers.attempt, home.submit, mask=hidden.text),
        _database_url=_configured if home is None else home.database_url,
    )


def _configured() -> str:
    from punctual.settings import Settings  # noqa: PLC0415 - only where there is no plug-in

    return Settings().effective_database_url


def _begins(sender: Any, **_: object) -> None:  # noqa: ANN401 - Celery has no types
    if timeout_of(sender.request) is not None:
        setattr(sender.request, _BEGAN, SystemClock().now())


def _ends(sender: Any, **_: object) -> None:  # noqa: ANN401 - Celery has no types
    run: CurrentRun | None = sender.request.__dict__.get(_RUN)
    if run is not None and run._reports is not None:  # noqa: SLF001 - same module
        run._reports.close()  # noqa: SLF001 - same


signals.task_prerun.connect(_begins, weak=False, dispatch_uid="punctual.current_run")
signals.task_postrun.connect(_ends, weak=False, dispatch_uid="punctual.current_run")
