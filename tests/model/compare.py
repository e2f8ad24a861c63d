"""Whether site and model tell the same, and whether what they tell is what was promised."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from model.ledger import holds_back
from model.site import Site, as_message
from model.times import due_time, fire_times, wake_time
from model.world import ACTIVE, OF_FIRE_TIMES, Run, Schedule, World
from punctual.domain.policies import Overlap
from punctual.domain.run import RunState


def assert_same(site: Site, world: World) -> list[Row[Any]]:
    """Compare all that can be seen, and return the ledger."""
    rows = site.ledger()
    told = {row.id: _row(row) for row in rows}
    assert_equal(told, {key: _run(run) for key, run in world.runs.items()})
    stored = {row.id: _stored(row) for row in site.stored()}
    assert_equal(stored, {key: _schedule(schedule) for key, schedule in world.schedules.items()})
    sent = site.sender.messages
    assert Counter(map(as_message, sent)) == Counter(world.messages)
    assert Counter(site.sender.stopped) == Counter(world.stopped)
    return rows


def assert_equal(site: dict[UUID, dict[str, Any]], model: dict[UUID, dict[str, Any]]) -> None:
    """Say what the site has and what the model has in its place, where they differ."""
    found = [f"the site alone has {site[key]}" for key in site.keys() - model.keys()]
    found += [f"the model alone has {model[key]}" for key in model.keys() - site.keys()]
    for key in sorted(site.keys() & model.keys()):
        unequal = {
            name: (site[key][name], model[key][name]) for name in model[key] if site[key][name] != model[key][name]
        }
        if unequal:
            found.append(f"{unequal} in {model[key]}")
    assert not found, "\n".join(found)


def _row(row: Row[Any]) -> dict[str, Any]:
    return {
        "state": row.state,
        "cause": row.cause,
        "version": row.schedule_version,
        "fire": row.fire_time,
        "due": row.due_time,
        "attempt": row.attempt,
        "origin": row.origin_id,
        "send_at": row.send_at,
        "deadline": row.deadline,
        "stop": row.stop,
        "stop_attempt": row.stop_attempt,
        "cancelling": row.cancelling is not None,
        "queued_at": row.queued_at,
        "started_at": row.started_at,
        "finished_at": row.finished_at,
        "reason": row.reason is not None,
        "covered_until": row.covered_until,
        "covered_count": row.covered_count,
        "exact": row.covered_count_exact,
    }


def _run(run: Run) -> dict[str, Any]:
    return {
        "state": run.state,
        "cause": run.cause,
        "version": run.version,
        "fire": run.fire,
        "due": run.due,
        "attempt": run.attempt,
        "origin": run.origin,
        "send_at": run.send_at,
        "deadline": run.deadline,
        "stop": run.stop,
        "stop_attempt": run.stop_attempt,
        "cancelling": run.cancelling,
        "queued_at": run.queued_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "reason": run.reason,
        "covered_until": run.covered_until,
        "covered_count": run.covered_count,
        "exact": True,
    }


def _stored(row: Row[Any]) -> dict[str, Any]:
    return {
        "version": row.version,
        "paused": row.paused,
        "note": row.pause_note is not None,
        "deleted": row.deleted_at is not None,
        "next_fire": row.next_fire_time,
        "next_due": row.next_due_time,
        "last_fire": row.last_fire_time,
        "run_count": row.run_count,
        "streak": row.failure_streak,
        "skips": [datetime.fromisoformat(skip["fire_time"]) for skip in row.skips or ()],
        "error": row.error,
        "task": row.task,
    }


def _schedule(schedule: Schedule) -> dict[str, Any]:
    return {
        "version": schedule.version,
        "paused": schedule.paused,
        "note": schedule.note,
        "deleted": schedule.deleted,
        "next_fire": schedule.next_fire,
        "next_due": wake_time(schedule),
        "last_fire": schedule.last_fire,
        "run_count": schedule.run_count,
        "streak": schedule.streak,
        "skips": schedule.skips,
        "error": None,
        "task": schedule.spec.task,
    }


def assert_promises(site: Site, world: World, now: datetime) -> None:
    """Check what must hold of the ledger after a step at `now`, whatever the model says."""
    rows = site.ledger()
    for schedule in world.schedules.values():
        own = [row for row in rows if row.schedule_id == schedule.id and row.cause in OF_FIRE_TIMES]
        assert_every_fire_time_once(schedule, own, now)
    keys = Counter(row.concurrency_key for row in rows if row.concurrency_key and row.state in ACTIVE)
    assert keys["a"] <= 2
    for run in world.in_state(RunState.BUFFERED):
        assert holds_back(world, run), "a run waits for nothing"
    attempts = {(message.run_id, message.attempt) for message in site.sender.messages}
    for row in rows:
        if row.state == RunState.QUEUED:
            assert (row.id, row.attempt + 1) in attempts, "a run is queued that was not sent"
        if row.state in ACTIVE and row.state != RunState.RUNNING:
            assert row.send_at is not None, "a run that nobody will ever send"
    for schedule in world.schedules.values():
        assert_alone(schedule, [row for row in rows if row.schedule_id == schedule.id])


def assert_every_fire_time_once(schedule: Schedule, rows: list[Row[Any]], now: datetime) -> None:
    expected: dict[datetime, bool] = {}
    for period in schedule.periods:
        until = now if period.until is None else min(now, period.until)
        for fire in fire_times(period.spec, period.since, until):
            expected[fire] = period.until is not None or due_time(schedule, fire, period.spec) <= now
    recorded = Counter(
        fire
        for row in rows
        for fire in (
            [row.fire_time]
            if row.covered_until is None
            else [each for each in expected if row.fire_time <= each <= row.covered_until]
        )
    )
    for fire, must in expected.items():
        assert recorded[fire] == 1 or (recorded[fire] == 0 and not must), f"{fire} has {recorded[fire]} records"
    future = {row.fire_time for row in rows if row.fire_time > now}  # the clock was set back
    assert set(recorded) - future <= set(expected), "a record of what was no fire time"


def assert_alone(schedule: Schedule, rows: list[Row[Any]]) -> None:
    """Where every version keeps its runs apart, at most one of them is active."""
    apart = {Overlap.SKIP, Overlap.BUFFER_ONE, Overlap.BUFFER_ALL, Overlap.CANCEL_OTHER}
    if all(spec.overlap in apart for spec in schedule.specs.values()):
        assert sum(row.state in ACTIVE for row in rows) <= 1, "two runs at once"
