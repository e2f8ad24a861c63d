"""What the API makes of the domain's objects."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from punctual.api.schemas import ScheduleOut, trigger_out
from punctual.api.schemas_runs import RunOut
from punctual.domain.policies import CatchUp
from punctual.domain.run import Cause, Run, RunError, RunState
from punctual.domain.schedule import Schedule, ScheduleSpec, ScheduleStatus
from punctual.domain.triggers import Trigger, every, once, parse_trigger

ID = UUID("6a3f0c0e-51c1-4a53-9bd0-4d7a3fe9c0aa")
NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


def test_a_run_tells_all_the_ledger_knows_of_it_with_times_in_utc() -> None:
    run = Run(
        id=ID,
        schedule_id=ID,
        schedule="nightly",
        schedule_version=3,
        cause=Cause.CATCHUP,
        state=RunState.FAILED,
        reason="late",
        fire_time=NOON.astimezone(timezone(timedelta(hours=2))),
        due_time=NOON,
        task="t",
        args=[1, {"a": None}],
        kwargs={"b": [2.5]},
        queue="q",
        queued_at=NOON,
        started_at=NOON,
        finished_at=NOON,
        worker="celery@one",
        attempt=2,
        result={"any": ["json", 1]},
        error=RunError(type="ValueError", message="no", traceback="..."),
        covered_until=NOON,
        covered_count=9,
        covered_count_exact=False,
    )
    answer = RunOut.of(run).model_dump(mode="json")
    own = {"not_promised", "notice", "result_is_preview", "result_size"}
    assert set(answer) == {*Run.model_fields, *own} - {"preview_of"}
    for name in ("fire_time", "due_time", "queued_at", "started_at", "finished_at", "covered_until"):
        assert answer[name] == "2026-03-01T12:00:00.250000Z", name
    assert answer["error"] == {"type": "ValueError", "message": "no", "traceback": "..."}
    assert answer["result"] == {"any": ["json", 1]}
    assert (answer["state"], answer["cause"], answer["covered_count_exact"]) == ("failed", "catchup", False)


@pytest.mark.parametrize(
    ("status", "state", "finished"),
    [
        (ScheduleStatus(next_fire_time=NOON), "active", False),
        (ScheduleStatus(), "finished", True),
        (ScheduleStatus(paused=True), "paused", False),
        (ScheduleStatus(error="no such zone"), "error", False),
    ],
)
def test_a_schedule_says_in_one_word_where_it_stands(status: ScheduleStatus, state: str, *, finished: bool) -> None:
    spec = ScheduleSpec(name="n", task="t", trigger=every(90), catchup=CatchUp(grace=timedelta(milliseconds=1500)))
    schedule = Schedule(id=ID, version=1, spec=spec, status=status, created_at=NOON, updated_at=NOON)
    answer = ScheduleOut.of(schedule, []).model_dump(mode="json")
    assert (answer["status"]["state"], answer["status"]["finished"]) == (state, finished)
    assert answer["status"]["error"] == status.error
    assert answer["catchup"] == {"policy": "latest", "grace": 1.5, "window": 86400.0, "limit": 100}


@pytest.mark.parametrize(
    "trigger",
    [
        parse_trigger("0 2 L * * Europe/Berlin on_gap=skip on_fold=both"),
        parse_trigger("@hourly"),
        parse_trigger("every 1h30m").anchored(NOON),
        every(2.5),
        once(NOON),
        once("2026-12-24T18:00", "Europe/Berlin"),
    ],
    ids=lambda trigger: trigger.text,
)
def test_the_answer_for_a_trigger_is_read_back_as_the_same_trigger(trigger: Trigger) -> None:
    answer = trigger_out(trigger).model_dump(mode="json")
    assert type(trigger).model_validate(answer) == trigger
    assert answer["text"] == trigger.text
