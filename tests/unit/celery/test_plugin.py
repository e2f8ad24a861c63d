import gc
import logging
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from celery import Celery, shared_task

import punctual
from punctual import Punctual, cron, every
from punctual.domain.errors import SetupError, TriggerError
from punctual.domain.policies import Concurrency, Retry
from punctual.domain.triggers import Cron, Interval

NOWHERE = "sqlite:////nonexistent/folder/punctual.db"


@pytest.fixture
def app() -> Celery:
    return Celery("mine", set_as_current=False, broker="memory://")


def nothing() -> None: ...


def nothing_else() -> None: ...


def task_of(app: Celery, name: str, function: Callable[..., object] = nothing) -> Any:
    # Not shared, so that the apps of other tests do not get it.
    return app.task(name=name, shared=False)(function)


def specs(plugin: Punctual) -> list[dict[str, object]]:
    return [spec.model_dump(exclude_defaults=True, exclude={"trigger"}) for spec in plugin.declared()]


def test_importing_punctual_does_not_import_celery() -> None:
    code = "import punctual, sys; assert not any(m.split('.')[0] in ('celery', 'sqlalchemy') for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_public_names_are_there() -> None:
    assert all(getattr(punctual, name) for name in punctual.__all__)
    with pytest.raises(AttributeError, match="nothing_like_it"):
        punctual.nothing_like_it  # noqa: B018 - raises


def test_installing_opens_nothing(app: Celery) -> None:
    before = threading.active_count()
    Punctual(app, database_url=NOWHERE)
    assert threading.active_count() == before


def test_installing_twice_is_installing_once(app: Celery) -> None:
    assert not Punctual.installed_in(app)
    first = Punctual(app, database_url=NOWHERE)
    second = Punctual(app)
    assert Punctual.installed_in(app)
    second.scheduled("@daily")(task_of(app, "t"))
    assert specs(first) == [{"name": "t", "task": "t"}]


def test_two_databases_for_one_app_are_refused(app: Celery) -> None:
    Punctual(app, database_url=NOWHERE)
    with pytest.raises(SetupError, match="another database"):
        Punctual(app, database_url="sqlite:////elsewhere.db")


def test_an_app_that_is_dropped_takes_the_plugin_with_it() -> None:
    app = Celery("short-lived", set_as_current=False, broker="memory://")
    Punctual(app)
    gone = weakref.ref(app)
    del app
    gc.collect()
    assert gone() is None


def test_a_schedule_is_declared_above_a_task_and_named_after_it(app: Celery) -> None:
    plugin = Punctual(app)

    @plugin.scheduled("0 2 * * * Europe/Berlin", args=[1], kwargs={"keep": 2}, queue="slow", description="Nightly.")
    @app.task(name="tidy", shared=False)  # type: ignore[untyped-decorator] # celery has no types
    def tidy(*_: object, **__: object) -> None: ...

    assert specs(plugin) == [
        {
            "name": "tidy",
            "task": "tidy",
            "args": [1],
            "kwargs": {"keep": 2},
            "queue": "slow",
            "description": "Nightly.",
        }
    ]


def test_bounds_jitter_calendars_and_catch_up_are_declared_too(app: Celery) -> None:
    plugin = Punctual(app)
    plugin.scheduled(
        "@daily",
        max_runs=3,
        start_at="2027-01-01T00:00:00Z",
        jitter="5m",
        calendars={"blackout": ["holidays"]},
        catchup={"policy": "none"},
    )(task_of(app, "t"))
    (spec,) = plugin.declared()
    assert (spec.max_runs, spec.jitter) == (3, timedelta(minutes=5))
    assert spec.start_at == datetime(2027, 1, 1, tzinfo=UTC)
    assert (spec.calendars.names, spec.catchup.policy) == (("holidays",), "none")
    with pytest.raises(SetupError, match="jitter"):
        plugin.scheduled("@daily", name="wrong", jitter="5 mintues")(task_of(app, "t"))


def test_policies_are_declared_as_models_or_as_plain_data(app: Celery) -> None:
    plugin = Punctual(app)
    plugin.scheduled(
        "@daily",
        overlap="skip",
        concurrency={"key": "db", "limit": 3},
        retry=Retry(attempts=3),
        timeout=timedelta(hours=1),
        expires="30m",
        pause_after_failures=5,
        on_lost="rerun",
    )(task_of(app, "t"))
    (spec,) = plugin.declared()
    assert (spec.overlap, spec.concurrency, spec.retry) == ("skip", Concurrency(key="db", limit=3), Retry(attempts=3))
    assert (spec.timeout, spec.expires) == (timedelta(hours=1), timedelta(minutes=30))
    assert (spec.pause_after_failures, spec.on_lost) == (5, "rerun")
    with pytest.raises(SetupError, match=r"retry\.attempts"):
        plugin.scheduled("@daily", name="wrong", retry={"attempts": 0})(task_of(app, "t"))


def test_declaring_leaves_the_task_unmade_until_the_app_is_complete(app: Celery) -> None:
    plugin = Punctual(app)
    task = plugin.scheduled("@daily")(task_of(app, "late"))
    assert not task.__evaluated__()
    assert specs(plugin) == [{"name": "late", "task": "late"}]


def test_every_form_of_trigger_is_taken(app: Celery) -> None:
    plugin = Punctual(app)
    task = task_of(app, "t")
    for number, trigger in enumerate(
        ["every 90s", timedelta(seconds=90), every(90), {"kind": "interval", "every": 90}]
    ):
        plugin.scheduled(trigger, name=f"interval {number}")(task)  # type: ignore[arg-type] # one of each kind
    plugin.scheduled(cron("0 2 * * *"), name="cron")(task)
    *intervals, last = [spec.trigger for spec in plugin.declared()]
    assert all(isinstance(trigger, Interval) and trigger.every == timedelta(seconds=90) for trigger in intervals)
    assert isinstance(last, Cron)


def test_a_plain_function_is_refused_with_the_right_order(app: Celery) -> None:
    plugin = Punctual(app)

    def tidy() -> None: ...

    with pytest.raises(SetupError) as refused:
        plugin.scheduled("@daily")(tidy)
    assert "tidy is not a Celery task" in refused.value.message
    assert "above @app.task" in refused.value.fix


def test_a_shared_task_may_be_scheduled(app: Celery) -> None:
    plugin = Punctual(app)
    task = shared_task(name="test_plugin.shared")(nothing)
    plugin.scheduled("@daily", name="shared")(task)
    app.set_current()
    assert specs(plugin) == [{"name": "shared", "task": "test_plugin.shared"}]


def test_two_schedules_of_one_name_are_refused(app: Celery) -> None:
    plugin = Punctual(app)
    task = task_of(app, "t")
    plugin.scheduled("@daily")(task)
    with pytest.raises(SetupError, match="same name"):
        plugin.scheduled("@hourly")(task)
    plugin.scheduled("@hourly", name="hourly")(task)
    with pytest.raises(SetupError, match="same name"):
        plugin.scheduled("@hourly", name="hourly")(task)


def test_a_name_that_only_the_complete_app_shows_to_be_taken_is_left_out(
    app: Celery, caplog: pytest.LogCaptureFixture
) -> None:
    plugin = Punctual(app)
    plugin.scheduled("@daily", name="t")(task_of(app, "other"))
    plugin.scheduled("@daily")(task_of(app, "t", nothing_else))
    with caplog.at_level(logging.ERROR):
        assert specs(plugin) == [{"name": "t", "task": "other"}]
    assert [getattr(record, "action", "") for record in caplog.records] == ["declared_schedule_refused"]


def test_a_faulty_trigger_is_refused_where_it_is_written(app: Celery) -> None:
    plugin = Punctual(app)
    with pytest.raises(TriggerError):
        plugin.scheduled("0 99 * * *")(task_of(app, "t"))


def test_arguments_that_are_not_json_are_refused_where_they_are_written(app: Celery) -> None:
    plugin = Punctual(app)
    with pytest.raises(SetupError, match="args"):
        plugin.scheduled("@daily", args=[object()])(task_of(app, "t"))  # type: ignore[list-item] # the fault


def test_workers_use_the_database_that_the_code_names_and_else_that_of_the_environment(
    app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUNCTUAL_DATABASE_URL", "sqlite:////environment.db")
    plugin = Punctual(app)._plugin  # noqa: SLF001 - else a worker would have to be started
    assert plugin._url() == "sqlite:////environment.db"  # noqa: SLF001 - same
    app.conf.punctual_database_url = "sqlite:////setting.db"
    assert plugin._url() == "sqlite:////setting.db"  # noqa: SLF001 - same
    other = Celery("other", set_as_current=False)
    other.conf.punctual_database_url = "sqlite:////setting.db"
    assert Punctual(other, database_url=NOWHERE)._plugin._url() == NOWHERE  # noqa: SLF001 - same
