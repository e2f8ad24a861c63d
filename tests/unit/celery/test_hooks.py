from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

from punctual import Punctual, RunEvent
from punctual.celery.hooks import Hooks
from punctual.celery.records import Appeared, Ended, Lost, Retrying, Started
from punctual.domain.errors import SetupError
from punctual.domain.run import RunError, RunState
from punctual.store.attempts import Runner

RUN = uuid5(UUID(int=0), "run")
REQUEST = {"hostname": "w@test", "punctual_schedule": "nightly", "punctual_fire_time": "2026-01-02T03:04:05Z"}
ERROR = RunError(type="ValueError", message="no")


@pytest.fixture
def heard() -> list[RunEvent]:
    return []


@pytest.fixture
def hooks(heard: list[RunEvent]) -> Hooks:
    hooks = Hooks()
    for moment in ("received", "running", "retrying", "succeeded", "failed", "cancelled", "expired", "lost"):
        hooks.add(moment, heard.append)
    return hooks


def test_a_hook_gets_what_the_worker_knows_of_the_run(hooks: Hooks, heard: list[RunEvent]) -> None:
    hooks.tell("running", RUN, "t", REQUEST, attempt=2)
    hooks.tell_record(Ended(RUN, 0.0, 2, RunState.FAILED, "w@test", error=ERROR), "t", REQUEST)
    began, ended = heard
    fire_time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert began == RunEvent(RUN, "nightly", "t", "running", 2, "w@test", fire_time)
    assert (ended.state, ended.error, ended.fire_time) == ("failed", ERROR, fire_time)
    assert ended.seconds is not None
    assert ended.seconds >= 0


def test_each_record_is_a_moment_of_its_own(hooks: Hooks, heard: list[RunEvent]) -> None:
    for record in (
        Appeared(RUN, 0.0, "t", [], {}),
        Started(RUN, 0.0, Runner("w"), 1, None),
        Retrying(RUN, 0.0, 1, ERROR, 0.0),
        Lost(RUN, 0.0, 1, None, "It died."),
        Ended(RUN, 0.0, 1, RunState.EXPIRED),
    ):
        hooks.tell_record(record, "t", {})
    assert [event.state for event in heard] == ["running", "retrying", "lost", "expired"]
    assert heard[2].error == RunError(type="WorkerLost", message="It died.")
    assert (heard[0].schedule, heard[0].fire_time, heard[0].worker) == (None, None, None)


def test_a_hook_that_fails_is_told_of_and_harms_no_other(
    hooks: Hooks, heard: list[RunEvent], caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: RunEvent) -> None:
        raise ValueError("no")

    hooks = Hooks()
    hooks.add("lost", broken)
    hooks.add("lost", heard.append)
    hooks.tell("lost", RUN, "t", REQUEST, attempt=1)
    assert len(heard) == 1
    assert [getattr(record, "action", "") for record in caplog.records] == ["hook_failed"]


def test_a_soft_time_limit_that_meets_a_hook_is_for_the_task() -> None:
    def slow(_: RunEvent) -> None:
        raise SoftTimeLimitExceeded

    hooks = Hooks()
    hooks.add("running", slow)
    with pytest.raises(SoftTimeLimitExceeded):
        hooks.tell("running", RUN, "t", REQUEST, attempt=1)


def test_a_moment_that_there_is_not_is_refused_where_it_is_written() -> None:
    plugin = Punctual(Celery("mine", set_as_current=False, broker="memory://"))
    with pytest.raises(SetupError, match="'done'") as refused:
        plugin.on("done")(print)  # type: ignore[arg-type] # the fault
    assert "succeeded" in refused.value.fix
    assert plugin.on("succeeded")(print) is print
