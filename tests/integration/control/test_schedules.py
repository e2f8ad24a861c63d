"""What people do with schedules, and what it never does."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.domain.errors import ConflictError, Fault, InvalidInputError, NotFoundError, StaleVersionError
from punctual.domain.run import RunState
from punctual.domain.schedule import ScheduleState
from punctual.domain.triggers import AnyOf, parse_trigger
from punctual.engine.loop import Engine
from punctual.store import schedules as store
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive


def document(**fields: Any) -> dict[str, Any]:
    return {"name": "s", "task": "tick", "trigger": "every 10s", **fields}


def faults_of(schedules: Schedules, **fields: Any) -> dict[str, Fault]:
    with pytest.raises(InvalidInputError) as raised:
        schedules.create(document(**fields), actor="test")
    return {fault.path: fault for fault in raised.value.faults}


def test_a_fire_time_in_the_distant_future_is_as_good_as_any(schedules: Schedules) -> None:
    made = schedules.create({"name": "far", "task": "tick", "trigger": "9999-06-01T00:00"}, actor="test")
    assert made.status.next_fire_time == datetime(9999, 6, 1, tzinfo=UTC)


def test_a_new_schedule_waits_for_its_first_fire_time_after_now(schedules: Schedules, clock: ManualClock) -> None:
    made = schedules.create(document(), actor="test")
    assert (made.version, made.status.state) == (1, ScheduleState.ACTIVE)
    assert made.status.next_fire_time == clock.now() + timedelta(seconds=10)
    assert schedules.get("s") == schedules.get(str(made.id)) == made


def test_every_fault_of_a_document_is_named_by_its_path_and_nothing_is_stored(schedules: Schedules) -> None:
    faults = faults_of(
        schedules,
        name=" x",
        task="tidi",
        trigger={"kind": "cron", "expression": "0 25 * * *", "timezone": "Mars/Base"},
        que="q",
        catchup={"limit": 0},
    )
    assert {"name", "task", "que", "catchup.limit"} <= faults.keys()
    assert {"trigger.expression", "trigger.timezone"} & faults.keys()
    assert faults["task"].code == "unknown_task"
    assert "tidy" in faults["task"].fix
    assert faults["que"].fix == "Did you mean queue?"
    assert schedules.list(query=None, state=None, limit=10, cursor=None).items == []


@pytest.mark.parametrize(
    ("trigger", "path"),
    [
        ("0 25 * * *", "trigger"),
        ("every 2 parsecs", "trigger"),
        ({"kind": "cron", "expression": "* * * * *", "timezone": "Mars/Base"}, "trigger.timezone"),
        ({"kind": "interval"}, "trigger.every"),
        ({"kind": "lunar"}, "trigger.kind"),
        ("2020-01-01T00:00", "trigger"),
        (7, "trigger"),
    ],
)
def test_a_bad_trigger_is_named(schedules: Schedules, trigger: Any, path: str) -> None:
    (found,) = faults_of(schedules, trigger=trigger)
    assert found == path or found.startswith(f"{path}.")


def test_arguments_that_do_not_fit_the_task_are_named(schedules: Schedules) -> None:
    assert faults_of(schedules, task="tidy").keys() == {"kwargs.path"}
    assert faults_of(schedules, task="tidy", args=[1]).keys() == {"args[0]"}
    assert faults_of(schedules, task="tidy", args=["x"], kwargs={"kep": 1}).keys() == {"kwargs.kep"}
    assert faults_of(schedules, task="tidy", kwargs={"path": "x", "keep": 0}).keys() == {"kwargs.keep"}


@pytest.mark.parametrize("field", ["name", "task", "queue"])
def test_a_control_character_in_a_name_is_refused(schedules: Schedules, field: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{field}: must not contain"):
        schedules.create(document(**{field: "a\x00b"}), actor="test", allow_unknown_task=True)


def test_a_name_like_an_id_in_another_form_is_a_name(schedules: Schedules) -> None:
    made = schedules.create(document(name="0" * 32), actor="test")
    assert schedules.get("0" * 32) == made


def test_an_unknown_task_is_taken_when_it_is_allowed(schedules: Schedules) -> None:
    assert schedules.create(document(task="elsewhere"), actor="test", allow_unknown_task=True).spec.task == "elsewhere"
    assert schedules.change("s", {"description": "kept"}, actor="test").spec.description == "kept"
    with pytest.raises(InvalidInputError):
        schedules.change("s", {"task": "nowhere"}, actor="test")


def test_a_patch_merges_objects_and_null_removes(schedules: Schedules) -> None:
    schedules.create(document(kwargs={"kind": "full", "keep": 3, "deep": {"a": 1, "b": 2}}), actor="test")
    changed = schedules.change("s", {"kwargs": {"kind": "delta", "keep": None, "deep": {"b": 3}}}, actor="test")
    assert changed.spec.kwargs == {"kind": "delta", "deep": {"a": 1, "b": 3}}


def test_a_trigger_of_another_kind_replaces_the_old_one_as_a_whole(schedules: Schedules) -> None:
    schedules.create(document(trigger="0 2 * * *"), actor="test")
    zone = schedules.change("s", {"trigger": {"timezone": "Europe/Berlin"}}, actor="test").spec.trigger
    assert (zone.kind, zone.text) == ("cron", "0 2 * * * Europe/Berlin")
    assert (
        schedules.change("s", {"trigger": {"kind": "interval", "every": 5}}, actor="test").spec.trigger.kind
        == "interval"
    )


def test_a_name_is_taken_once_until_its_schedule_is_deleted(schedules: Schedules) -> None:
    schedules.create(document(), actor="test")
    with pytest.raises(ConflictError):
        schedules.create(document(), actor="test")
    schedules.delete("s", actor="test")
    schedules.create(document(), actor="test")


def test_a_change_is_a_new_version_and_leaves_the_rest_alone(schedules: Schedules, clock: ManualClock) -> None:
    made = schedules.create(document(args=[1]), actor="test")
    clock.advance(timedelta(seconds=3))
    changed = schedules.change("s", {"queue": "slow", "catchup": {"grace": 5}}, actor="test")
    assert changed.version == 2
    assert (changed.spec.queue, changed.spec.args) == ("slow", [1])
    assert changed.spec.catchup.grace == timedelta(seconds=5)
    assert changed.status.next_fire_time == made.status.next_fire_time


def test_a_change_that_changes_nothing_makes_no_version(schedules: Schedules, clock: ManualClock) -> None:
    made = schedules.create(document(), actor="test")
    clock.advance(timedelta(seconds=3))
    assert schedules.change("s", {"trigger": "every 10s"}, actor="test") == made


def test_a_change_of_an_older_version_is_refused(schedules: Schedules) -> None:
    schedules.create(document(), actor="test")
    schedules.change("s", {"queue": "a"}, actor="test", expected_version=1)
    with pytest.raises(StaleVersionError):
        schedules.change("s", {"queue": "b"}, actor="test", expected_version=1)
    assert schedules.get("s").spec.queue == "a"


def test_a_wrong_change_leaves_all_as_it_was(schedules: Schedules) -> None:
    made = schedules.create(document(), actor="test")
    with pytest.raises(InvalidInputError):
        schedules.change("s", {"queue": "a", "trigger": "nonsense"}, actor="test")
    assert schedules.get("s") == made


def test_fire_times_before_a_change_belong_to_the_old_spec(
    schedules: Schedules, engine: Engine, clock: ManualClock, database: Database, sender: RecordingSender
) -> None:
    start = clock.now()
    schedules.create(document(args=["old"]), actor="test")
    clock.advance(timedelta(seconds=25))  # no engine was running: two fire times are owed
    schedules.change("s", {"args": ["new"], "trigger": "every 20s"}, actor="test")
    drive(engine, clock, start + timedelta(seconds=46))
    assert [(message.fire_time, list(message.args)) for message in sender.messages] == [
        (start + timedelta(seconds=10), ["old"]),
        (start + timedelta(seconds=20), ["old"]),
        (start + timedelta(seconds=45), ["new"]),
    ]
    runs = Runs(database, clock).list(schedule="s", state=None, cause=None, limit=10, cursor=None).items
    assert [run.args for run in runs] == [["new"], ["old"], ["old"]]


@pytest.mark.parametrize("write", ["change", "pause", "delete"])
def test_a_write_counts_from_when_it_has_the_schedule(
    schedules: Schedules, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    created = schedules.create({"name": "a", "task": "t", "trigger": "every 1s"}, actor="test", allow_unknown_task=True)
    lock = store.lock

    def lock_after_a_while(*arguments: Any, **options: Any) -> Any:
        clock.advance(timedelta(seconds=3))
        return lock(*arguments, **options)

    monkeypatch.setattr(store, "lock", lock_after_a_while)
    if write == "change":
        schedules.change("a", {"description": "changed"}, actor="test")
    elif write == "pause":
        schedules.pause("a", note=None, actor="test")
    else:
        schedules.delete("a", actor="test")
        schedules.restore(str(created.id), actor="test")
    monkeypatch.undo()
    assert schedules.get("a").updated_at == clock.now()


def test_pause_and_resume_fire_nothing_by_themselves(
    schedules: Schedules, engine: Engine, clock: ManualClock, sender: RecordingSender
) -> None:
    start = clock.now()
    schedules.create(document(), actor="test")
    paused = schedules.pause("s", note="holiday", actor="test")
    assert (paused.status.state, paused.status.pause_note) == (ScheduleState.PAUSED, "holiday")
    drive(engine, clock, start + timedelta(seconds=35))
    resumed = schedules.resume("s", actor="test")
    engine.step()
    assert sender.messages == []
    assert resumed.status.next_fire_time == start + timedelta(seconds=40)
    assert resumed.status.pause_note is None


def test_a_deleted_schedule_keeps_its_runs_and_can_be_restored(
    schedules: Schedules, engine: Engine, clock: ManualClock, database: Database
) -> None:
    start = clock.now()
    made = schedules.create(document(), actor="test")
    drive(engine, clock, start + timedelta(seconds=10))
    schedules.delete("s", actor="test")
    with pytest.raises(NotFoundError):
        schedules.get("s")
    drive(engine, clock, start + timedelta(seconds=30))
    kept = Runs(database, clock).list(schedule=str(made.id), state=None, cause=None, limit=10, cursor=None)
    assert [run.state for run in kept.items] == [RunState.QUEUED]
    restored = schedules.restore(str(made.id), actor="test")
    assert restored.status.next_fire_time == start + timedelta(seconds=40)
    assert schedules.restore(str(made.id), actor="test") == restored


def test_schedules_are_listed_by_name_in_pages_without_gaps(schedules: Schedules) -> None:
    names = [f"job {letter}" for letter in "gfedcba"]
    for name in names:
        schedules.create(document(name=name), actor="test")
    found: list[str] = []
    cursor = None
    while True:
        page = schedules.list(query=None, state=None, limit=3, cursor=cursor)
        found += [schedule.spec.name for schedule in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == sorted(names)


def test_schedules_are_found_by_part_of_name_or_task_and_by_state(schedules: Schedules) -> None:
    schedules.create(document(name="100% backup"), actor="test")
    schedules.create(document(name="other", task="tidy", args=["x"]), actor="test")
    schedules.pause("other", note=None, actor="test")

    def names(**filters: Any) -> list[str]:
        page = schedules.list(**{"query": None, "state": None, "limit": 10, "cursor": None, **filters})
        return [schedule.spec.name for schedule in page.items]

    assert names(query="BACKUP") == names(query="0%") == names(state="active") == ["100% backup"]
    assert names(query="tid") == names(state="paused") == ["other"]
    assert names(query="_") == []
    with pytest.raises(InvalidInputError):
        names(state="asleep")
    with pytest.raises(InvalidInputError):
        names(cursor="nonsense")


def test_a_one_off_schedule_is_finished_after_its_run(
    schedules: Schedules, engine: Engine, clock: ManualClock, sender: RecordingSender
) -> None:
    start = clock.now()
    schedules.create(document(trigger="2026-01-01T00:00:30"), actor="test")
    drive(engine, clock, start + timedelta(minutes=5))
    assert len(sender.messages) == 1
    assert schedules.get("s").status.state is ScheduleState.FINISHED
    assert schedules.change("s", {"description": "done"}, actor="test").status.state is ScheduleState.FINISHED


def test_an_h_is_bound_to_the_id_so_that_a_rename_moves_no_fire_time(schedules: Schedules) -> None:
    made = schedules.create(document(trigger="H H * * *"), actor="test")
    assert made.spec.trigger == parse_trigger("H H * * *").identified(str(made.id))
    renamed = schedules.change("s", {"name": "t"}, actor="test")
    assert renamed.status.next_fire_time == made.status.next_fire_time
    again = schedules.change("t", {"trigger": "H H * * *"}, actor="test")
    assert (again.version, again.spec.trigger) == (2, made.spec.trigger)
    other = schedules.create(document(name="other", trigger="H H * * *"), actor="test")
    assert other.spec.trigger.next_after(made.created_at) != made.status.next_fire_time


def test_a_union_keeps_the_phase_of_its_parts_and_names_the_one_at_fault(
    schedules: Schedules, clock: ManualClock
) -> None:
    made = schedules.create(document(trigger="every 7s | FREQ=SECONDLY;INTERVAL=11 | H * * * *"), actor="test")
    clock.advance(timedelta(seconds=3))
    same = schedules.change("s", {"trigger": "every 7s | FREQ=SECONDLY;INTERVAL=11 | H * * * *"}, actor="test")
    assert (same.version, same.spec) == (1, made.spec)
    wider = schedules.change("s", {"trigger": "FREQ=SECONDLY;INTERVAL=11 | every 7s | @daily"}, actor="test")
    assert isinstance(wider.spec.trigger, AnyOf)
    assert isinstance(made.spec.trigger, AnyOf)
    assert wider.spec.trigger.triggers[:2] == made.spec.trigger.triggers[1::-1]
    (inner,) = faults_of(
        schedules, trigger={"kind": "any_of", "triggers": ["@daily", {"kind": "cron", "expression": "0 25 * * *"}]}
    )
    assert inner == "trigger.triggers[1].expression"
    (inner,) = faults_of(schedules, trigger="@daily | 0 25 * * *")
    assert inner == "trigger.triggers[1].expression"


def test_a_trigger_whose_library_is_missing_is_refused_with_what_to_install(
    schedules: Schedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "astral", None)
    faults = faults_of(schedules, trigger="sunset at 12.5,-71.25")
    assert "punctual[solar]" in faults["trigger"].fix
