"""The steps of backfills: whole or not at all, by many nodes at once, bounded; and what becomes of old backfills."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from integration.engine.past import HOUR, Past, fire_times
from punctual.domain.backfill import BackfillState, Reprocess, Request
from punctual.domain.errors import NotFoundError
from punctual.domain.policies import KeepRuns
from punctual.domain.run import RunState
from punctual.engine import backfill as backfill_step
from punctual.engine.loop import Engine
from punctual.engine.retention import Retention
from punctual.store import backfills as stored_backfills
from punctual.store import ledger
from punctual.testing import RecordingSender

CRASH = RuntimeError("the process dies here")


@pytest.mark.parametrize("place", ["insert_backfilled", "advance"])
def test_a_crash_in_a_step_leaves_nothing_of_it(
    place: str, past: Past, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    past.make()
    view = past.start(4, parallelism=4)
    home = {"insert_backfilled": ledger, "advance": stored_backfills}[place]
    whole = getattr(home, place)

    def dies(*args: Any, **named: Any) -> None:
        whole(*args, **named)
        raise CRASH

    with monkeypatch.context() as patch:
        patch.setattr(home, place, dies)
        with pytest.raises(RuntimeError, match="dies"):
            engine.step()
    assert past.of(view) == []
    engine.step()
    assert fire_times(past.of(view, RunState.QUEUED)) == past.ago(4, 3, 2, 1)


def test_runs_of_a_node_that_died_before_sending_are_sent_by_another(
    past: Past, new_engine: Callable[[], Engine], sender: RecordingSender
) -> None:
    past.make()
    past.start(2, parallelism=2)
    backfill_step.step(past.database, past.clock.now())
    assert sender.messages == []
    new_engine().step()
    new_engine().step()
    assert [message.fire_time for message in sender.messages] == past.ago(2, 1)


def test_nodes_share_a_backfill_and_make_each_fire_time_once(
    past: Past, new_engine: Callable[[], Engine], sender: RecordingSender
) -> None:
    past.make(trigger="* * * * *")
    view = past.start(10, parallelism=1000)
    faults: list[Exception] = []

    def live(engine: Engine) -> None:
        try:
            while past.view(view).backfill.next_fire_time is not None:
                engine.step()
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            faults.append(error)

    threads = [threading.Thread(target=live, args=(new_engine(),)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    new_engine().step()
    assert faults == []
    expected = [past.now - minute * timedelta(minutes=1) for minute in range(600, 0, -1)]
    assert sorted(message.fire_time for message in sender.messages) == expected
    assert past.view(view).backfill.tally.made == 600


def test_nodes_that_step_at_once_keep_to_the_parallelism(past: Past, new_engine: Callable[[], Engine]) -> None:
    past.make()
    views = [past.start(9, parallelism=2, reprocess=Reprocess.ALL) for _ in range(3)]
    start = threading.Barrier(4)

    def live(engine: Engine) -> None:
        start.wait(10)
        engine.step()

    threads = [threading.Thread(target=live, args=(new_engine(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    new_engine().step()
    assert [len(past.of(view)) for view in views] == [2, 2, 2]


def test_a_step_is_bounded_however_long_the_span(past: Past) -> None:
    past.make(trigger={"kind": "interval", "every": "1s", "anchor": "2025-01-01T00:00:00Z"})
    view = past.start(24 * 300, parallelism=1000)
    assert (view.backfill.fire_times, view.backfill.fire_times_exact) == (24 * 300 * 3600, True)
    assert backfill_step.step(past.database, past.clock.now())
    assert past.view(view).backfill.tally.made == backfill_step.MOST_RUNS


def test_looking_over_what_has_run_goes_on_from_step_to_step(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_step, "MOST_RUNS", 4)
    monkeypatch.setattr(backfill_step, "MOST_LOOKS", 10)
    past.make()
    first = past.start(24, parallelism=1000)
    made = []
    while past.view(first).backfill.next_fire_time is not None:
        backfill_step.step(past.database, past.now)
        made.append(past.view(first).backfill.tally.made)
    assert made == [4, 8, 12, 16, 20, 24]
    second = past.start(24)
    looked_at = []
    for _ in range(3):
        assert backfill_step.step(past.database, past.now)
        looked_at.append(past.view(second).backfill.tally.has_run)
    assert looked_at == [10, 20, 24]
    backfill_step.step(past.database, past.now)
    assert past.state(second) is BackfillState.DONE


def test_one_that_cannot_go_on_says_so_and_does_not_stop_the_others(
    past: Past, engine: Engine, break_spec: Callable[[str], None], mend_spec: Callable[[str], None]
) -> None:
    past.make()
    view = past.start(2, parallelism=2)
    past.schedules.create({"name": "other", "task": "tick", "trigger": "0 * * * *"}, actor="test")
    other = past.backfills.start("other", Request(past.now - 2 * HOUR, parallelism=2), actor="t")
    break_spec("s")
    engine.step()
    assert "cannot be read" in (past.view(view).backfill.error or "")
    assert len(past.of(other)) == 2
    mend_spec("s")
    engine.step()
    assert len(past.of(view)) == 0
    past.clock.advance(timedelta(seconds=11))
    engine.step()
    assert past.view(view).backfill.error is None
    assert len(past.of(view)) == 2


def test_the_end_of_a_run_wakes_a_node_while_a_backfill_runs(past: Past, engine: Engine) -> None:
    past.make()
    view = past.start(3)
    engine.step()
    past.database.wait_for_change(0)
    past.end(past.of(view)[0])
    assert past.database.wait_for_change(0)


def test_old_backfills_go_after_their_runs_and_keep_their_version_till_then(past: Past, engine: Engine) -> None:
    past.make()
    view = past.start(1)
    engine.step()
    past.end(past.of(view)[0])
    engine.step()
    past.schedules.change("s", {"args": [2]}, actor="test")
    retention = Retention(past.database, past.clock, KeepRuns(age=timedelta(days=30)))
    past.clock.advance(timedelta(days=29))
    retention.step()
    assert past.view(view).states == {RunState.SUCCEEDED: 1}
    past.clock.advance(timedelta(days=2))
    retention.step()
    retention.step()
    with pytest.raises(NotFoundError):
        past.view(view)
