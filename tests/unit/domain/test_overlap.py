"""What becomes of a new run beside those that are there, by each policy."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from punctual.domain.overlap import MOST_BUFFERED, OpenRun, admit
from punctual.domain.policies import Overlap
from punctual.domain.run import RunState

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def runs(*states: str) -> list[OpenRun]:
    return [OpenRun(UUID(int=number), NOON, RunState(state)) for number, state in enumerate(states)]


@pytest.mark.parametrize("policy", Overlap)
def test_a_run_that_is_alone_starts(policy: Overlap) -> None:
    verdict = admit(policy, [])
    assert (verdict.state, verdict.reason, verdict.ended, verdict.stopped) == (RunState.PENDING, None, (), ())


@pytest.mark.parametrize(
    ("policy", "others", "state"),
    [
        ("allow", ["running"], "pending"),
        ("skip", ["pending"], "skipped"),
        ("skip", ["retrying"], "skipped"),
        ("skip", ["buffered"], "skipped"),
        ("buffer_one", ["queued"], "buffered"),
        ("buffer_one", ["running", "buffered"], "skipped"),
        ("buffer_all", ["running", *["buffered"] * (MOST_BUFFERED - 1)], "buffered"),
        ("buffer_all", ["running", *["buffered"] * MOST_BUFFERED], "skipped"),
        ("cancel_other", ["running"], "buffered"),
        ("cancel_other", ["queued", "retrying", "buffered"], "pending"),
        ("terminate_other", ["running", "queued"], "pending"),
    ],
)
def test_each_policy_has_its_state_for_the_new_run(policy: str, others: list[str], state: str) -> None:
    verdict = admit(Overlap(policy), runs(*others))
    assert verdict.state == state
    assert (verdict.reason is None) == (state == "pending")


def test_cancelling_ends_what_has_not_begun_and_asks_the_running_one() -> None:
    others = runs("running", "pending", "queued", "retrying", "buffered")
    verdict = admit(Overlap.CANCEL_OTHER, others)
    assert [run.state for run in verdict.ended] == ["pending", "queued", "retrying", "buffered"]
    assert [run.state for run in verdict.stopped] == ["running", "queued", "retrying"]


def test_terminating_ends_all_and_tells_the_workers_of_those_they_may_have() -> None:
    others = runs("running", "pending", "queued", "buffered")
    verdict = admit(Overlap.TERMINATE_OTHER, others)
    assert list(verdict.ended) == others
    assert [run.state for run in verdict.stopped] == ["running", "queued"]
