"""Schedules declared in code follow the code, and keep what operators did."""

from datetime import timedelta
from typing import Any

import pytest

from punctual.control.declared import RETIRED_NOTE, DeclaredChanges, synchronise
from punctual.control.schedules import Schedules
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
    assert declare(database, clock, spec(queue="theirs"), app="other") == DeclaredChanges()
    assert declare(database, clock, app="other") == DeclaredChanges()
    assert schedules.get("nightly").spec.queue is None


def test_an_h_in_code_is_bound_to_the_id_of_the_stored_schedule(
    database: Database, schedules: Schedules, clock: ManualClock
) -> None:
    assert declare(database, clock, spec(trigger="H H * * *")).created == ["nightly"]
    found = schedules.get("nightly")
    assert found.spec.trigger == parse_trigger("H H * * *").identified(str(found.id))
    assert declare(database, clock, spec(trigger="H H * * *")) == DeclaredChanges()
