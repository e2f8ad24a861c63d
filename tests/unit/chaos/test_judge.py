"""The judge of the chaos test finds each thing that may have gone wrong, and nothing where all went well."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from chaos.diary import Execution
from chaos.evidence import Evidence, Record, Version
from chaos.judge import judge
from chaos.site import Death
from punctual.domain.run import Cause, RunState
from punctual.domain.schedule import ScheduleSpec

START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = UUID(int=1)
OTHER = UUID(int=2)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def spec(trigger: str = "* * * * * *", **fields: Any) -> ScheduleSpec:
    """Three fire times: 1, 2 and 3 seconds after the start."""
    return ScheduleSpec.model_validate(
        {"name": "a", "task": "t", "trigger": trigger, "kwargs": {"tag": 0}, "end_at": at(3).isoformat(), **fields}
    )


def record(second: float, state: RunState = RunState.SUCCEEDED, **facts: Any) -> Record:
    run_id = uuid5(facts.get("schedule_id", KEY), f"{second} {facts.get('cause')}")
    given = {"schedule_id": KEY, "version": 1, "cause": Cause.SCHEDULE, "worker": "threads@chaos", "attempt": 1}
    return Record(id=run_id, state=state, fire_time=at(second), **{**given, **facts})


def execution(of: Record, **facts: Any) -> Execution:
    """An execution of half a second at the fire time."""
    begun = of.fire_time.timestamp()
    given = {"attempt": 1, "pid": 7, "tag": 0, "started_at": begun, "ended_at": begun + 0.5}
    return Execution(of.id, **{**given, **facts})


RECORDS = [record(1), record(2), record(3)]
GOOD = Evidence(
    names={KEY: "a"},
    versions={KEY: [Version(1, spec(), START, None)]},
    pauses={},
    records=RECORDS,
    executions=[execution(each) for each in RECORDS],
    deaths=[],
)


def with_first(state: RunState, executions: Sequence[Execution], **facts: Any) -> Evidence:
    """The first run ended otherwise, and was executed otherwise."""
    first = record(1, state, **facts)
    return replace(GOOD, records=[first, *RECORDS[1:]], executions=[*executions, *GOOD.executions[1:]])


def under(evidence: Evidence, **fields: Any) -> Evidence:
    """The same, of a schedule with other policies."""
    return replace(evidence, versions={KEY: [Version(1, spec(**fields), START, None)]})


def killed(evidence: Evidence, second: float = 1.2, *, whole: bool = True) -> Evidence:
    return replace(evidence, deaths=[Death("threads", frozenset([7]), at(second).timestamp(), whole=whole)])


def test_where_all_went_well_nothing_is_found() -> None:
    assert judge(GOOD) == []


class TestFireTimes:
    def test_one_without_a_record_is_found(self) -> None:
        (found,) = judge(replace(GOOD, records=RECORDS[1:], executions=GOOD.executions[1:]))
        assert "00:00:01+00:00 has 0 records" in found

    def test_one_with_two_records_is_found(self) -> None:
        again = record(2, RunState.MISSED, cause=Cause.CATCHUP)
        (found,) = judge(replace(GOOD, records=[*RECORDS, again]))
        assert "00:00:02+00:00 has 2 records" in found

    def test_a_record_of_no_fire_time_is_found(self) -> None:
        (found,) = judge(replace(GOOD, records=[*RECORDS, record(2.5, RunState.SKIPPED)]))
        assert "is no fire time" in found

    def test_what_people_asked_for_is_none(self) -> None:
        manual = record(2.5, cause=Cause.MANUAL)
        records, executions = [*RECORDS, manual], [*GOOD.executions, execution(manual)]
        assert judge(replace(GOOD, records=records, executions=executions)) == []

    def test_a_range_covers_each_of_its_fire_times_once(self) -> None:
        covering = record(1, RunState.MISSED, covered_until=at(2), covered_count=2)
        missed = replace(GOOD, records=[covering, RECORDS[2]], executions=GOOD.executions[2:])
        assert judge(missed) == []
        (found,) = judge(replace(missed, records=[*missed.records, record(2, RunState.SKIPPED)]))
        assert "00:00:02+00:00 has 2 records" in found

    def test_a_range_that_counts_wrongly_is_found(self) -> None:
        covering = record(1, RunState.MISSED, covered_until=at(2), covered_count=3)
        (found,) = judge(replace(GOOD, records=[covering, RECORDS[2]], executions=GOOD.executions[2:]))
        assert "covers 3 fire times, not 2" in found

    def test_each_version_decides_up_to_the_next(self) -> None:
        versions = [Version(1, spec(), START, at(1.2)), Version(2, spec("*/3 * * * * *"), at(1.2), None)]
        edited = replace(GOOD, versions={KEY: versions})
        (found,) = judge(edited)
        assert "00:00:02+00:00 has a record" in found
        assert judge(replace(edited, records=[RECORDS[0], RECORDS[2]], executions=GOOD.executions)) == [
            f"run {RECORDS[1].id} was executed and is not in the ledger"
        ]

    def test_while_it_is_paused_there_are_none(self) -> None:
        paused = replace(GOOD, pauses={KEY: [(at(1), at(2))]})
        (found,) = judge(paused)
        assert "00:00:02+00:00 has a record" in found
        without = replace(paused, records=[RECORDS[0], RECORDS[2]], executions=GOOD.executions[::2])
        assert judge(without) == []
        for_ever = replace(without, pauses={KEY: [(at(1), None)]})
        assert "00:00:03+00:00 has a record" in judge(for_ever)[0]

    def test_a_node_whose_clock_is_a_moment_ahead_may_fire_just_before_an_edit(self) -> None:
        assert judge(replace(GOOD, pauses={KEY: [(at(1.9), at(2.5))]})) == []


class TestExecutions:
    def test_two_of_one_attempt_are_found(self) -> None:
        later = execution(RECORDS[0], started_at=at(9).timestamp(), ended_at=at(9).timestamp(), pid=8)
        found = judge(replace(GOOD, executions=[*GOOD.executions, later]))
        assert f"attempt 1 of run {RECORDS[0].id} was executed 2 times" in found[0]
        assert "in process 8" in found[0]

    def test_a_further_attempt_after_a_failure_is_right_as_far_as_the_schedule_retries(self) -> None:
        first = RECORDS[0]
        attempts = [execution(first, failed=True), execution(first, attempt=2)]
        retried = with_first(RunState.SUCCEEDED, attempts)
        assert judge(under(retried, retry={"attempts": 2})) == []
        (found,) = judge(retried)
        assert "made attempt 2 of at most 1" in found

    def test_a_further_attempt_after_one_that_was_done_is_found(self) -> None:
        twice = with_first(RunState.SUCCEEDED, [execution(RECORDS[0]), execution(RECORDS[0], attempt=2)])
        (found,) = judge(under(twice, retry={"attempts": 2}))
        assert "attempt 1 was done" in found

    @pytest.mark.parametrize(
        ("fields", "whole", "right"),
        [
            ({"on_lost": "rerun"}, True, True),
            ({"on_lost": "rerun"}, False, True),
            ({"retry": {"attempts": 2}}, True, False),
            ({"retry": {"attempts": 2}}, False, True),
        ],
        ids=["rerun, worker", "rerun, process of the pool", "retry, worker", "retry, process of the pool"],
    )
    def test_a_further_attempt_after_one_that_was_killed_needs_a_policy(
        self, fields: dict[str, Any], *, whole: bool, right: bool
    ) -> None:
        cut = execution(RECORDS[0], ended_at=None)
        again = killed(with_first(RunState.SUCCEEDED, [cut, execution(RECORDS[0], attempt=2)]), whole=whole)
        found = judge(under(again, **fields))
        assert (found == []) is right
        assert all("attempt 1 had not failed" in line for line in found)

    def test_one_with_the_arguments_of_another_version_is_found(self) -> None:
        (found,) = judge(replace(GOOD, executions=[execution(RECORDS[0], tag=5), *GOOD.executions[1:]]))
        assert "executed with tag 5, not 0" in found

    def test_one_of_an_unknown_run_is_found(self) -> None:
        (found,) = judge(replace(GOOD, executions=[*GOOD.executions, execution(record(9))]))
        assert "is not in the ledger" in found


class TestEnds:
    @pytest.mark.parametrize("state", ["pending", "buffered", "queued", "running", "retrying"])
    def test_a_run_without_one_is_found(self, state: str) -> None:
        (found,) = judge(with_first(RunState(state), []))
        assert f"is still {state}" in found

    @pytest.mark.parametrize("state", ["skipped", "missed", "expired"])
    def test_a_run_that_never_ran_and_was_executed_is_found(self, state: str) -> None:
        (found,) = judge(with_first(RunState(state), [execution(RECORDS[0])]))
        assert "but was executed" in found
        assert judge(with_first(RunState(state), [])) == []

    @pytest.mark.parametrize("facts", [None, {"ended_at": None}, {"failed": True}])
    def test_a_success_that_no_task_tells_of_is_found(self, facts: dict[str, Any] | None) -> None:
        executions = [] if facts is None else [execution(RECORDS[0], **facts)]
        (found,) = judge(with_first(RunState.SUCCEEDED, executions))
        assert "is succeeded, but no task has written so" in found

    def test_a_failure_is_one_that_a_task_tells_of_or_the_death_of_its_process(self) -> None:
        assert judge(with_first(RunState.FAILED, [execution(RECORDS[0], failed=True)])) == []
        cut = with_first(RunState.FAILED, [execution(RECORDS[0], ended_at=None)], error_type="WorkerLostError")
        assert judge(killed(cut, whole=False)) == []
        assert "is failed, but no task has written so" in judge(cut)[0]
        assert "is failed, but no task has written so" in judge(with_first(RunState.FAILED, []))[0]

    def test_a_run_is_lost_only_with_its_worker(self) -> None:
        lost = with_first(RunState.LOST, [execution(RECORDS[0], ended_at=None)], started_at=at(1))
        assert judge(killed(lost)) == []
        assert "is lost, but its worker lives" in judge(lost)[0]
        assert "is lost, but its worker lives" in judge(killed(lost, second=0.1))[0]
        prefork = with_first(RunState.LOST, [], started_at=at(1), worker="prefork@chaos")
        assert "is lost, but its worker lives" in judge(killed(prefork))[0]

    def test_a_run_that_nobody_cancelled_is_found(self) -> None:
        (found,) = judge(with_first(RunState.CANCELLED, []))
        assert "nobody asked for that" in found


class TestTogether:
    def test_two_at_once_of_a_schedule_that_lets_one_run_are_found(self) -> None:
        long = execution(RECORDS[0], ended_at=at(2.2).timestamp())
        both = replace(GOOD, executions=[long, *GOOD.executions[1:]])
        assert judge(both) == []
        (found,) = judge(under(both, overlap="skip"))
        assert f"runs {RECORDS[0].id} and {RECORDS[1].id} were executed at once" in found

    def test_more_at_once_than_a_key_allows_are_found(self) -> None:
        concurrency = {"key": "k", "limit": 2}
        long = [execution(each, ended_at=at(9).timestamp()) for each in RECORDS]
        (found,) = judge(under(replace(GOOD, executions=long), concurrency=concurrency))
        assert f"'k': more than 2 at once with run {RECORDS[2].id}" in found
        assert (
            judge(
                under(replace(GOOD, executions=[*long[:2], GOOD.executions[2]]), concurrency={"key": "k", "limit": 3})
            )
            == []
        )

    def test_processes_that_ended_by_themselves_and_strange_lines_are_found(self) -> None:
        bad = replace(GOOD, ended_by_themselves=["node1 ended by itself with code 1"], strange_lines=["node0: oh"])
        assert judge(bad) == ["node1 ended by itself with code 1", "a log says: node0: oh"]
