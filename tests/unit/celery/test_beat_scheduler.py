"""What Celery asks of a scheduler class for beat, point by point as its own `t/unit/app/test_beat.py` has them.

Each test names the points that it shows. These of Celery's points do not apply, because Punctual is what they are
about: `apply_async`, `apply_entry`, `send_task` and the errors of sending (a node sends, and what fails is in the
ledger); `is_due`, `reserve`, `_when`, `populate_heap` and the heap of due entries (the database holds what is due);
`should_sync` and `sync_every` (nothing is kept in memory that could be lost); all of `PersistentScheduler` (there is no
schedule file; what was missed while nothing ran is the catch-up policy's). These methods are inherited, so that code
which calls them finds them.
"""

import pickle
import threading
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any
from unittest.mock import Mock, patch

import pytest
from celery import Celery, beat, uuid
from celery.schedules import crontab, schedule

from punctual.celery.beat import PunctualScheduler, bring_in_all
from punctual.celery.plugin import Punctual
from punctual.control.schedules import Schedules
from punctual.control.system import System
from punctual.domain.clock import SystemClock
from punctual.domain.errors import DatabaseUnavailableError, SetupError
from punctual.store.database import Database
from punctual.store.migrate import upgrade
from servers.waiting import eventually

ENTRIES = {"one": {"task": "t", "schedule": 3600}, "two": {"task": "t", "schedule": crontab(0, 4)}}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'punctual.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database(url)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def app(url: str) -> Celery:
    app = Celery("proj", broker="memory://", set_as_current=False)
    app.conf.update(beat_schedule=ENTRIES, punctual_database_url=url)
    return app


@pytest.fixture
def scheduler(app: Celery) -> Iterator[PunctualScheduler]:
    scheduler = PunctualScheduler(app)
    yield scheduler
    scheduler.close()


def tidy() -> None:
    """Stand for a task."""


def stored(database: Database) -> dict[str, bool]:
    """Return the schedules in the database, and whether each is paused."""
    page = Schedules(database, SystemClock()).list(query=None, state=None, limit=100, cursor=None)
    return {each.spec.name: each.status.paused for each in page.items}


def nodes(database: Database) -> int:
    return len(System(database, SystemClock()).nodes())


def test_lazy_is_to_be_looked_at_only(app: Celery, url: str) -> None:
    """`lazy`; `info` and `max_interval`, which the banner shows."""
    with patch.object(PunctualScheduler, "setup_schedule") as setup:
        scheduler = PunctualScheduler(app, lazy=True, schedule_filename="unused")
    assert not setup.called
    assert scheduler.schedule == {}
    assert scheduler.info == f"    . database -> {url}\n    . entries -> 2 in beat_schedule"
    assert scheduler.max_interval == 5
    scheduler.close()


def test_the_banner_shows_no_password_and_survives_a_bad_url(app: Celery) -> None:
    """`info`."""
    app.conf.punctual_database_url = "postgresql://me:secret@db/punctual?password=secret"
    assert "secret" not in PunctualScheduler(app, lazy=True).info
    assert "me:***@db" in PunctualScheduler(app, lazy=True).info
    app.conf.punctual_database_url = "nothing at all"
    assert "cannot be read" in PunctualScheduler(app, lazy=True).info


def test_the_schedule_is_what_the_app_declares_as_beats_own_entries(app: Celery) -> None:
    """`setup_schedule`, `get_schedule`, `set_schedule`, `schedule`, `Entry`; a `schedule` that is given."""
    scheduler = PunctualScheduler(app)
    assert set(scheduler.schedule) == set(ENTRIES)
    assert isinstance(scheduler.schedule["two"], beat.ScheduleEntry)
    assert scheduler.schedule["one"].schedule == schedule(3600)
    given: dict[str, Any] = {}
    assert PunctualScheduler(app, schedule=given).data is given
    scheduler.schedule = given
    assert scheduler.get_schedule() is given


def test_celerys_own_entry_is_there_where_results_are_kept_and_do_not_go_by_themselves(url: str) -> None:
    """`install_default_entries`, `celery.backend_cleanup`."""
    assert "celery.backend_cleanup" not in PunctualScheduler(Celery("none", set_as_current=False)).schedule
    app = Celery("proj", backend="cache+memory://", set_as_current=False)
    app.conf.update(result_expires=30, punctual_database_url=url)
    assert "celery.backend_cleanup" not in PunctualScheduler(app).schedule
    app.backend.supports_autoexpire = False
    assert "celery.backend_cleanup" in PunctualScheduler(app).schedule
    app.conf.beat_schedule = {"celery.backend_cleanup": {"task": "mine", "schedule": 5}}
    assert PunctualScheduler(app).schedule["celery.backend_cleanup"].task == "mine"
    app.conf.update(result_expires=None, beat_schedule={})
    assert "celery.backend_cleanup" not in PunctualScheduler(app).schedule


def test_a_result_backend_that_is_not_installed_keeps_nothing_back() -> None:
    app = Celery("proj", backend="no.such.module:Backend", set_as_current=False)
    app.conf.beat_schedule = ENTRIES
    assert set(PunctualScheduler(app).schedule) == set(ENTRIES)


def test_entries_are_merged_added_and_compared_as_beats_own(scheduler: PunctualScheduler) -> None:
    """`merge_inplace`, `update_from_dict`, `add`, `_maybe_entry`, `schedules_equal`."""
    scheduler.merge_inplace({"two": {"task": "t2", "schedule": 5}, "three": {"task": "t", "schedule": 7}})
    assert set(scheduler.schedule) == {"two", "three"}
    assert scheduler.schedule["two"].task == "t2"
    before = dict(scheduler.schedule)
    assert scheduler.schedules_equal(before, scheduler.schedule)
    scheduler.update_from_dict({"three": {"task": "t", "schedule": 8}})
    assert not scheduler.schedules_equal(before, scheduler.schedule)
    scheduler.add(name="four", task="t", schedule=9)
    assert scheduler.schedule["four"].schedule == schedule(9)


def test_a_tick_starts_a_node_brings_in_the_schedule_and_says_when_to_come_again(
    scheduler: PunctualScheduler, database: Database
) -> None:
    """`tick`, `max_interval` is honoured."""
    assert nodes(database) == 0
    assert scheduler.tick() == 5
    assert stored(database) == {"one": False, "two": False}
    eventually(lambda: nodes(database) == 1)
    scheduler.max_interval = 2
    assert scheduler.tick() == 2


def test_a_tick_after_the_schedule_has_changed_brings_it_in_and_no_other_does(
    scheduler: PunctualScheduler, database: Database
) -> None:
    """`test_ticks_schedule_change`."""
    scheduler.tick()
    scheduler.add(name="three", task="t", schedule=9)
    del scheduler.schedule["one"]
    scheduler.tick()
    assert stored(database) == {"one": True, "two": False, "three": False}
    with patch("punctual.celery.beat.bring_in") as bring_in:
        scheduler.tick()
    assert not bring_in.called


def test_nothing_fires_before_the_code_is_heeded(
    scheduler: PunctualScheduler, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So an entry that is gone from the code does not run once more after a redeploy."""
    start = Mock()
    with monkeypatch.context() as patched:
        patched.setattr("punctual.celery.beat.bring_in", Mock(side_effect=DatabaseUnavailableError))
        patched.setattr("punctual.celery.beat._Node.start", start)
        assert scheduler.tick() == 5
    assert not start.called
    scheduler.tick()
    eventually(lambda: nodes(database) == 1)


def test_close_ends_the_node_however_often_and_a_tick_begins_anew(
    scheduler: PunctualScheduler, database: Database
) -> None:
    """`sync`, `close`, `test_interface`."""
    scheduler.sync()
    scheduler.close()
    scheduler.tick()
    eventually(lambda: nodes(database) == 1)
    scheduler.close()
    scheduler.close()
    assert nodes(database) == 0
    scheduler.tick()
    eventually(lambda: nodes(database) == 1)


def test_one_broken_entry_stops_no_other(app: Celery, database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Beat keeps running when one entry fails."""
    app.conf.beat_schedule = {**ENTRIES, "bad": {"task": "t", "schedule": "nonsense"}, "typo": {"tusk": "t"}}
    scheduler = PunctualScheduler(app)
    scheduler.tick()
    scheduler.close()
    assert set(stored(database)) == set(ENTRIES)
    refused = [record.__dict__["schedule"] for record in caplog.records if record.levelname == "ERROR"]
    assert refused == ["bad", "typo"]


def test_people_see_what_a_node_leaves_out(app: Celery, database: Database) -> None:
    app.conf.beat_schedule = {**ENTRIES, "bad": {"task": "t", "schedule": "nonsense"}}
    scheduler = PunctualScheduler(app)
    scheduler.tick()
    assert scheduler._node is not None  # noqa: SLF001 - its heartbeat comes every five seconds by itself
    scheduler._node.fires.engine.heartbeat()  # noqa: SLF001 - same
    ((warning,),) = (view.warnings for view in System(database, SystemClock()).nodes())
    assert warning.startswith("Left out of what its app declares: bad: its schedule is a builtins.str")
    scheduler.close()


def test_a_node_that_is_none_of_beats_brings_in_the_same(app: Celery, database: Database) -> None:
    """As `punctual scheduler -A proj` and `punctual server -A proj --with-scheduler` do."""
    punctual = Punctual(app)
    punctual.scheduled("every 5m", name="two")(app.task(shared=False)(tidy))
    left_out = bring_in_all(app, database, SystemClock())
    assert left_out == {"two": "a schedule of this name is declared with @punctual.scheduled"}
    assert stored(database) == {"one": False, "two": False}


def test_an_app_that_cannot_be_loaded_whole_leaves_all_as_it_is(app: Celery, database: Database) -> None:
    bring_in_all(app, database, SystemClock())
    broken = Celery("proj", include=["no_such_module"], set_as_current=False)
    assert "no_such_module" in bring_in_all(broken, database, SystemClock())["all schedules"]
    assert stored(database) == {"one": False, "two": False}


def test_a_database_that_is_away_is_tried_again_and_a_wrong_one_ends_beat(app: Celery, url: str) -> None:
    app.conf.punctual_database_url = "postgresql://nobody@127.0.0.1:1/nothing"
    scheduler = PunctualScheduler(app)
    scheduler.max_interval = 300
    assert scheduler.tick() == 5
    app.conf.punctual_database_url = "mysql://nothing"
    with pytest.raises(SetupError):
        scheduler.tick()
    app.conf.punctual_database_url = url
    assert scheduler.tick() == 300
    scheduler.close()


def service(app: Celery) -> Any:
    return beat.Service(app, scheduler_cls=PunctualScheduler, max_interval=1)


def test_beats_service_runs_it_until_it_is_stopped(app: Celery, database: Database) -> None:
    """`Service`: pickled, started, at least one tick before it is shut down, stopped and waited for."""
    assert pickle.loads(pickle.dumps(service(app)))  # noqa: S301 - as in Celery's own test
    running = service(app)
    thread = threading.Thread(target=running.start)
    thread.start()
    eventually(lambda: nodes(database) == 1)
    running.stop(wait=True)
    thread.join(30)
    assert nodes(database) == 0


def test_a_tick_that_wants_to_exit_ends_the_service_in_order(app: Celery) -> None:
    """`test_start_tick_raises_exit_error`."""
    running = service(app)
    running.scheduler.tick = lambda: (_ for _ in ()).throw(SystemExit)
    with patch.object(running.scheduler, "close") as close:
        running.start()
    assert running._is_shutdown.is_set()  # noqa: SLF001 - as in Celery's own test
    assert close.called


def test_it_runs_embedded_in_a_thread(app: Celery, database: Database) -> None:
    """`EmbeddedService` in a thread; in a process, real workers show it (tests/integration/celery/test_beat.py)."""
    embedded = beat.EmbeddedService(app, thread=True, scheduler_cls=PunctualScheduler)
    embedded.start()
    eventually(lambda: nodes(database) == 1)
    embedded.stop()
    assert nodes(database) == 0


def test_celery_finds_it_by_the_name_punctual() -> None:
    """The entry point in `celery.beat_schedulers`."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    ((name, value),) = project["entry-points"]["celery.beat_schedulers"].items()
    assert (name, EntryPoint(name, value, "celery.beat_schedulers").load()) == ("punctual", PunctualScheduler)


def test_settings_of_a_namespace_name_the_database(url: str) -> None:
    app = Celery("proj", set_as_current=False)
    app.config_from_object(type("Settings", (), {"CELERY_PUNCTUAL_DATABASE_URL": url}), namespace="CELERY")
    assert url in PunctualScheduler(app, lazy=True).info


def test_a_call_of_beats_own_still_sends(app: Celery, scheduler: PunctualScheduler) -> None:
    """`apply_async`, `send_task`: for code that calls them by itself."""
    entry = scheduler.add(name=uuid(), task="t", schedule=9)
    with patch.object(app, "send_task") as send_task:
        scheduler.apply_async(entry)
    assert send_task.called
