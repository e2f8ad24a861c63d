"""A trial can be repeated by its seed, and holds every kind of fault."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from chaos.scenario import Kind, Scenario, documents, faults
from punctual.domain.policies import OnLost, Overlap
from punctual.domain.schedule import ScheduleSpec

SCENARIO = Scenario("redis", seed=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
END = START + timedelta(seconds=60)


def test_the_same_seed_brings_the_same_faults_and_another_seed_others() -> None:
    assert faults(SCENARIO) == faults(SCENARIO)
    assert faults(SCENARIO) != faults(replace(SCENARIO, seed=2))


def test_a_short_trial_has_every_kind_of_fault() -> None:
    assert {fault.kind for fault in faults(replace(SCENARIO, seconds=20))} == set(Kind)


def test_a_broker_has_time_to_come_back_before_it_is_killed_again() -> None:
    killed = [each for each in faults(Scenario("rabbitmq", seed=1, seconds=600)) if each.kind is Kind.KILL_BROKER]
    assert len(killed) > 5
    for one, next_one in pairwise(killed):
        assert next_one.at - one.at >= one.pause + 20


def test_schedules_fire_every_second_or_two_under_every_policy() -> None:
    specs = [ScheduleSpec.model_validate(each) for each in documents(SCENARIO, START, END)]
    assert len(specs) == SCENARIO.schedules
    for spec in specs:
        timetable = spec.timetable("key", {})
        first = timetable.next_after(START)
        assert first is not None
        second = timetable.next_after(first)
        assert second is not None
        assert second - first in {timedelta(seconds=1), timedelta(seconds=2)}
    assert {spec.overlap for spec in specs} >= {Overlap.ALLOW, Overlap.SKIP, Overlap.BUFFER_ONE, Overlap.BUFFER_ALL}
    assert {spec.on_lost for spec in specs} == set(OnLost)
    assert any(spec.concurrency for spec in specs)
    assert any(spec.retry.attempts > 1 for spec in specs)
