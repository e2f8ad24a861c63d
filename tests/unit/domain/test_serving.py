"""What would keep a task from being run is told, and nothing that is not certain."""

import pytest

from punctual.domain.serving import Serving

LIVING = Serving(
    any_worker=True,
    queues_of={"tidy": {"celery", "slow"}, "sync": {"slow"}},
    consumed={"celery", "slow"},
    elsewhere={"legacy"},
    goes_to={"tidy": "celery", "sync": "celery", "old": "celery", "far": "moon"},
)


@pytest.mark.parametrize(
    ("task", "queue", "codes"),
    [
        ("tidy", None, []),
        ("tidy", "slow", []),
        ("tidy", "moon", ["queue_not_consumed"]),
        ("sync", None, ["task_not_on_queue"]),
        ("sync", "slow", []),
        ("old", None, ["task_not_served"]),
        ("far", None, ["task_not_served", "queue_not_consumed"]),
        ("old", "legacy", []),
        ("unrouted", None, ["task_not_served"]),
    ],
)
def test_a_task_that_nobody_would_run_is_told_of(task: str, queue: str | None, codes: list[str]) -> None:
    assert [reason.code for reason in LIVING.unserved(task, queue)] == codes


def test_a_task_whose_route_is_not_known_is_judged_by_its_workers_alone() -> None:
    assert Serving(any_worker=True, queues_of={"tidy": {"slow"}}, consumed={"slow"}).unserved("tidy", None) == []


def test_without_any_worker_it_says_so_and_blames_no_task() -> None:
    (reason,) = Serving(any_worker=False, goes_to={"tidy": "celery"}).unserved("tidy", None)
    assert reason.code == "no_worker"
    assert "tidy" not in reason.message


def test_each_reason_names_the_thing_and_what_to_do() -> None:
    not_served, not_consumed = LIVING.unserved("far", None)
    assert not_served.message == "No living worker serves the task far."
    assert not_consumed.message == "No living worker consumes the queue moon, where the app's routing sends it."
    assert "-Q moon" in not_consumed.fix
    (other,) = LIVING.unserved("sync", "celery")
    assert other.fix == "Choose a queue of the workers that serve it: slow."
