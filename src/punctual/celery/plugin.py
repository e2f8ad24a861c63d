"""The worker plug-in: one line in a Celery app, and its workers record what they run."""

import itertools
import logging
import os
import threading
import weakref
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, TypeVar, Unpack

from celery import Celery, bootsteps, current_app, signals
from pydantic import ValidationError

from punctual.celery.adhoc import AdhocRuns
from punctual.celery.current_run import Home, settle
from punctual.celery.declarations import Declarations, ScheduleOptions, TriggerLike
from punctual.celery.gate import Gate
from punctual.celery.headers import RUN, attempt_of, is_sent_by_us, run_of
from punctual.celery.hooks import Hook, Hooks, Moment
from punctual.celery.log_masking import mask_worker_log
from punctual.celery.lost_processes import LostProcesses
from punctual.celery.record_writer import RecordWriter
from punctual.celery.recorder import Recorder
from punctual.celery.records import Record
from punctual.celery.registry import Registry, presence_of
from punctual.celery.tally import Tally, TallyFolder, remove_left_over, tally_folder
from punctual.celery.tracers import guard
from punctual.celery.worker_id import begin_life, is_main_process, this_worker
from punctual.domain.clock import SystemClock
from punctual.domain.errors import SetupError
from punctual.domain.masking import Hidden
from punctual.domain.run import RunError
from punctual.domain.schedule import ScheduleSpec
from punctual.engine.dispatcher import RESEND_AFTER
from punctual.settings import Settings

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_Hook = TypeVar("_Hook", bound=Hook)
_ATTRIBUTE = "_punctual"
_FLUSH_SECONDS = 5.0

_numbers = itertools.count()


class Punctual:
    """Makes the workers of a Celery app record their runs, announce their tasks, and bring in declared schedules.

    `database_url` is the database of the Punctual server; without one, the app's own setting `punctual_database_url`
    counts, and else PUNCTUAL_DATABASE_URL.
    With `record="all"` the tasks that Punctual did not send are recorded too; without it, PUNCTUAL_RECORD counts.
    Nothing is opened before a worker runs, and then by each process for itself, after the fork. Installing it twice
    in one app gives two handles on the same plug-in; SetupError when they do not agree.
    """

    def __init__(
        self, app: Celery, *, database_url: str | None = None, record: Literal["scheduled", "all"] | None = None
    ) -> None:
        """Connect to the app's signals."""
        self.app = app
        installed = getattr(app, _ATTRIBUTE, None)
        if installed is None:
            installed = _Plugin(app, database_url, record)
            setattr(app, _ATTRIBUTE, installed)
        elif database_url is not None and database_url != installed.database_url:
            message = "Punctual is installed in this Celery app already, with another database."
            raise SetupError(message, fix="Write Punctual(app, database_url=...) once per app.")
        elif record is not None and record != installed.record:
            message = "Punctual is installed in this Celery app already, and does not record the same tasks."
            raise SetupError(message, fix="Write Punctual(app, record=...) once per app.")
        self._plugin: _Plugin = installed

    @staticmethod
    def installed_in(app: Celery) -> bool:
        """Tell whether an app has the plug-in."""
        return hasattr(app, _ATTRIBUTE)

    def scheduled(
        self,
        trigger: TriggerLike,
        *,
        name: str | None = None,
        **options: Unpack[ScheduleOptions],
    ) -> Callable[[_T], _T]:
        """Declare a schedule for the task below; its name is the task's unless one is given.

        The options are fields of the schedule's spec: `args`, `kwargs`, `queue`, `exchange`, `routing_key`, `priority`,
        `headers`, `soft_time_limit`, `time_limit`, `description`, `start_at`, `end_at`, `max_runs`, `jitter`,
        `calendars`, `catchup`, `overlap`, `concurrency`, `retry`, `timeout`, `expires`, `pause_after_failures`,
        `on_lost`, `service`, `labels`.

        The schedule enters the database when a worker of the app starts. Raises SetupError when what is decorated is
        not a task, or the schedule is not valid; TriggerError for a faulty trigger text.
        """

        def declare(task: _T) -> _T:
            self._plugin.declarations.add(task, trigger, name=name, **options)
            return task

        return declare

    def on(self, moment: Moment) -> Callable[[_Hook], _Hook]:
        """Call the function below in a worker whenever it learns this of a run; it gets a RunEvent.

        It is called in the process that learnt of it, once the record is handed over. What it raises is logged
        (`hook_failed`), and changes nothing. Raises SetupError for a moment that there is not.
        """

        def hook(function: _Hook) -> _Hook:
            self._plugin.hooks.add(moment, function)
            return function

        return hook

    def declared(self) -> list[ScheduleSpec]:
        """Return the declared schedules; the app must have all its tasks, for the names of these may be needed."""
        return self._plugin.declarations.specs()


def database_url_of(app: Celery) -> str | None:
    """Return the database that an app's code names; None leaves it to the environment."""
    installed = getattr(app, _ATTRIBUTE, None)
    named = None if installed is None else installed.database_url
    found: str | None = named or app.conf.get("punctual_database_url")
    return found


class _Plugin:
    """The one plug-in of an app."""

    def __init__(self, app: Celery, database_url: str | None, record: str | None) -> None:
        # The app owns the plug-in, so that both go together.
        self._app = weakref.ref(app)
        self._main = app.main
        self.database_url = database_url
        self.record = record
        self.declarations = Declarations()
        self._lock = threading.Lock()
        self._begin()
        self._adhoc = AdhocRuns(self._records_all, self._submit)
        self.hooks = Hooks()
        self._recorder = Recorder(self.serves, self._submit, self._adhoc, self.hooks, self._resend_after)
        self._recorder.connect()
        self._home = settle(Home(self.serves, self._submit, self._url))
        mask_worker_log()
        # Celery before 5.7 takes the methods of two objects for one receiver, unless each has an id.
        unique = f"punctual.plugin.{next(_numbers)}"
        signals.worker_init.connect(self._worker_init, dispatch_uid=unique)
        signals.worker_ready.connect(self._worker_ready, dispatch_uid=unique)
        signals.worker_shutdown.connect(self._worker_shutdown, dispatch_uid=unique)
        signals.worker_process_init.connect(self._process_init, dispatch_uid=unique)
        signals.worker_process_shutdown.connect(self._process_shutdown, dispatch_uid=unique)
        app.steps["consumer"].add(_GateStep)
        _plugins.add(self)

    def forget_parent(self) -> None:
        """In a forked child: leave the parent's threads and connections alone, and begin anew."""
        self._lock = threading.Lock()
        _inherited.append((self._writer, self._registry, self._gate))
        self._begin()

    def _begin(self) -> None:
        """Begin in this process."""
        worker_id = this_worker()
        self._writer: RecordWriter | None = None
        self._registry: Registry | None = None
        self._tally = Tally(None if worker_id is None else tally_folder(worker_id))
        self._gate = Gate(self._url, self._submit, tally=self._tally, resend_after=self._resend_after)

    def guard(self, app: Celery) -> None:
        """Let this process ask before it runs a task of the app, or of its copy."""
        guard(app, self)

    def admits(self, task_id: str, request: Mapping[str, Any], args: Any, kwargs: Any) -> bool:  # noqa: ANN401 - as Celery has them
        """Ask this process's gate; what Punctual did not send may run, and is recorded if people want that."""
        if not is_sent_by_us(request):
            self._adhoc.begin(task_id, request, args, kwargs)
        if not self._gate.admits(task_id, request):
            return False
        task = str(request.get("task"))
        if run_id := run_of(request.get(RUN), task_id) or self._adhoc.run_of(task, task_id):
            self.hooks.tell("running", run_id, task, request, attempt=attempt_of(request))
        return True

    def gave_back(self, task_id: str, request: Mapping[str, Any], error: RunError) -> None:
        """Tell this process's gate."""
        self._gate.gave_back(task_id, request, error)
        if run_id := run_of(request.get(RUN), task_id):
            self.hooks.tell(
                "retrying", run_id, str(request.get("task")), request, attempt=attempt_of(request), error=error
            )

    def broke_off(self, task_id: str, request: Mapping[str, Any], reason: BaseException, hidden: Hidden) -> None:
        """Record the end of a task that Celery tells nothing of; it does where a process of the pool ends with it."""
        if is_main_process():
            self._recorder.broke_off(task_id, request, reason, hidden)

    def serves(self, app: Celery) -> bool:
        """Tell whether it is the plug-in of an app."""
        # A child that was spawned, not forked, runs the tasks of a copy of the app; only the name is the same.
        spawned = "FORKED_BY_MULTIPROCESSING" in os.environ
        return app is self._app() or (spawned and app.main == self._main)

    @cached_property
    def _settings(self) -> Settings:
        return settings_of_process()

    def _url(self) -> str:
        app = self._app()
        named = self.database_url if app is None else database_url_of(app)
        return named or self._settings.effective_database_url

    def _resend_after(self) -> timedelta:
        try:
            return self._settings.resend_after
        except SetupError:  # whoever needs a setting that has no default says so
            return RESEND_AFTER

    def _records_all(self) -> bool:
        if self.record is not None:
            return self.record == "all"
        try:
            return self._settings.record == "all"
        except SetupError:
            return False

    def _submit(self, record: Record) -> None:
        with self._lock:
            if self._writer is None:
                self._writer = RecordWriter(self._url(), tally=self._tally)
            self._writer.submit(record)

    def _worker_init(self, sender: Any, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        if self.serves(sender.app):
            import punctual.celery.stopping  # noqa: F401, PLC0415 - brings its command; only workers can import it fast

            begin_life()
            remove_left_over(SystemClock().now())
            self._begin()

    def _worker_ready(self, sender: Any, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        app = sender.app
        if not self.serves(app):
            return
        presence = presence_of(app, sender.controller, self.declarations.specs())
        worker_id = this_worker()
        lost = None if worker_id is None else LostProcesses(worker_id, self._submit)
        tallies = None if worker_id is None else TallyFolder(worker_id)
        self._registry = Registry(self._url(), presence, lost, tallies)
        self._registry.start()

    def _worker_shutdown(self, sender: Any, **_: object) -> None:  # noqa: ANN401 - Celery has no types
        if self.serves(sender.app):
            self._close()
            if (worker_id := this_worker()) is not None:
                TallyFolder(worker_id).remove()

    def _process_init(self, **_: object) -> None:
        app = current_app._get_current_object()  # noqa: SLF001 - a spawned child runs a copy of the app, found only here
        if self.serves(app):
            self.guard(app)

    def _process_shutdown(self, **_: object) -> None:
        self._close()

    def _close(self) -> None:
        with self._lock:
            writer, self._writer = self._writer, None
            registry, self._registry = self._registry, None
        if writer is not None:
            writer.close(_FLUSH_SECONDS)
        if registry is not None:
            registry.stop(_FLUSH_SECONDS)
        self._gate.close()


class _GateStep(bootsteps.Step):  # type: ignore[misc] # Celery has no types
    """Guards the tasks of a worker whenever it has made their tracers anew."""

    def create(self, parent: Any) -> None:  # noqa: ANN401 - Celery has no types
        """Do so; `parent` is the worker's consumer, which has taken no message yet."""
        plugin: _Plugin = getattr(parent.app, _ATTRIBUTE)
        update_strategies = parent.update_strategies

        def update_and_guard() -> None:
            update_strategies()
            plugin.guard(parent.app)

        parent.update_strategies = update_and_guard


def named_database(app: Any) -> str | None:  # noqa: ANN401 - Celery has no types
    """Return the database that an app, or its copy in a spawned child, names; None where the settings count."""
    return database_url_of(app) or next((plugin.database_url for plugin in list(_plugins) if plugin.serves(app)), None)


def settings_of_process() -> Settings:
    """Return the settings; raises SetupError when they are not valid."""
    try:
        return Settings()
    except (ValidationError, OSError) as error:
        message = f"The settings of Punctual are not valid: {error}"
        raise SetupError(message, fix="Correct the environment variables PUNCTUAL_*.") from error


_plugins: weakref.WeakSet[_Plugin] = weakref.WeakSet()

_inherited: list[object] = []
"""What a forked child got from its parent; kept, because to drop it would close the parent's connections."""


def _after_fork() -> None:
    for plugin in list(_plugins):
        plugin.forget_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
