"""Schedules declared in code follow the code, and keep what operators did."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from punctual.control.declared import RETIRED_NOTE, DeclaredChanges, synchronise
from punctual.control.schedules import Schedules
from punctual.domain.clock import SystemClock
from punctual.domain.errors import ConflictError
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import parse_trigger
from punctual.store.database import Database
from punctual.testing import ManualClock


def spec(name: str = "nightly", trigger: str = "every 60s", **fields: Any) -> ScheduleSpec:
    return ScheduleSpec.model_validate({"name": name, "task": "tick", "trigger": trigger, **fields})


def declare(database: Database, clock: ManualClock, *specs: ScheduleSpec, app: str = "proj") -> DeclaredChanges:
    return synchronise(database, clock, app=app, specs=specs)


def test_declared_schedules_appear_once_however_many_workers_start(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    assert declare(database, clock, spec()).created == ["nightly"]
    clock.advance(timedelta(seconds=7))
    assert declare(database, clock, spec()) == DeclaredChanges()
    found = schedules.get("nightly")
    assert (found.declared_by, found.version) == ("proj", 1)
    assert found.status.next_fire_time == clock.now() + timedelta(seconds=53)


def test_a_change_in_code_is_a_new_version_and_a_pause_survives_it(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    declare(database, clock, spec())
    schedules.pause("nightly", note="incident", actor="test")
    assert declare(database, clock, spec(queue="slow")).changed == ["nightly"]
    found = schedules.get("nightly")
    assert (found.version, found.spec.queue, found.status.pause_note) == (2, "slow", "incident")


def test_what_code_declares_is_not_changed_or_deleted_from_outside(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    declare(database, clock, spec())
    with pytest.raises(ConflictError):
        schedules.change("nightly", {"queue": "x"}, actor="test")
    with pytest.raises(ConflictError):
        schedules.delete("nightly", actor="test")


def test_what_code_no_longer_declares_is_retired_and_comes_back_when_it_is_declared_again(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    declare(database, clock, spec(), spec("other"))
    assert declare(database, clock, spec("other")).retired == ["nightly"]
    retired = schedules.get("nightly")
    assert (retired.status.paused, retired.status.pause_note, retired.declared_by) == (True, RETIRED_NOTE, None)
    assert declare(database, clock, spec(), spec("other")).changed == ["nightly"]
    assert not schedules.get("nightly").status.paused


def test_two_apps_do_not_take_each_others_schedules(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    declare(database, clock, spec())
    refused = {"nightly": "proj declares it already"}
    assert declare(database, clock, spec(queue="theirs"), app="other") == DeclaredChanges(refused=refused)
    assert declare(database, clock, app="other") == DeclaredChanges()
    assert schedules.get("nightly").spec.queue is None


def test_an_h_in_code_is_bound_to_the_id_of_the_stored_schedule(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    assert declare(database, clock, spec(trigger="H H * * *")).created == ["nightly"]
    found = schedules.get("nightly")
    assert found.spec.trigger == parse_trigger("H H * * *").identified(str(found.id))
    assert declare(database, clock, spec(trigger="H H * * *")) == DeclaredChanges()


def declare_both(
    database: Database, clock: ManualClock, code: list[ScheduleSpec], beat: list[ScheduleSpec], **faulty: str
) -> DeclaredChanges:
    return synchronise(database, clock, app="proj", specs=code, beat=beat, faulty=faulty)


def test_a_process_that_does_not_bring_in_the_entries_of_beat_leaves_them_as_they_are(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    assert declare_both(database, clock, [spec("mine")], [spec("beats")]).created == ["beats", "mine"]
    assert declare(database, clock).retired == ["mine"]
    assert not schedules.get("beats").status.paused
    assert schedules.get("beats").declared_by == "proj:beat_schedule"
    assert declare_both(database, clock, [], []).retired == ["beats"]


def test_a_schedule_may_move_between_the_code_and_the_entries_of_beat(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    declare_both(database, clock, [spec()], [])
    schedules.pause("nightly", note="incident", actor="test")
    for code, beat, owner in (([], [spec()], "proj:beat_schedule"), ([spec()], [], "proj")):
        changes = declare_both(database, clock, code, beat)
        assert (changes.changed, changes.retired) == (["nightly"], [])
        found = schedules.get("nightly")
        assert (found.declared_by, found.version, found.status.pause_note) == (owner, 1, "incident")


def test_a_process_that_knows_only_the_code_takes_no_entry_of_beat(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    declare_both(database, clock, [], [spec()])
    assert "beat_schedule declares it already" in declare(database, clock, spec(queue="x")).refused["nightly"]
    assert schedules.get("nightly").spec.queue is None


def test_what_cannot_be_a_schedule_any_more_is_retired_with_the_reason_and_comes_back(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    declare_both(database, clock, [], [spec()])
    assert declare_both(database, clock, [], [], nightly="its schedule is odd").retired == ["nightly"]
    assert schedules.get("nightly").status.pause_note == f"{RETIRED_NOTE} as a schedule can be: its schedule is odd"
    declare_both(database, clock, [], [spec()])
    assert not schedules.get("nightly").status.paused


def test_a_trigger_whose_library_is_missing_is_left_out_and_the_others_come_in(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "astral", None)
    changes = declare(database, clock, spec("dawn", "sunrise at 12.345,67.891"), spec("other"))
    assert changes.created == ["other"]
    assert "astral" in changes.refused["dawn"]


def test_processes_that_declare_at_once_make_each_schedule_once(database: Database, schedules: Schedules) -> None:
    specs = [spec(f"s{number}") for number in range(30)]
    barrier = threading.Barrier(4)

    def start(_: int) -> DeclaredChanges:
        barrier.wait(30)
        return synchronise(database, SystemClock(), app="proj", specs=specs)

    with ThreadPoolExecutor(4) as pool:
        all_changes = list(pool.map(start, range(4)))
    assert sorted(name for changes in all_changes for name in changes.created) == sorted(each.name for each in specs)
    assert [changes.refused for changes in all_changes] == [{}] * 4
    assert len(schedules.list(query=None, state=None, limit=100, cursor=None).items) == 30


def test_what_operators_did_survives_code_that_has_changed(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    declare(database, clock, spec())
    schedules.skip_next("nightly", note="maintenance", actor="test")
    clock.advance(timedelta(seconds=7))
    assert declare(database, clock, spec(queue="slow")).changed == ["nightly"]
    found = schedules.get("nightly")
    assert [skip.note for skip in found.status.skips] == ["maintenance"]
    assert found.status.next_fire_time == clock.now() + timedelta(seconds=53)
