"""Events are read in the order in which they come, whatever is in them, and whatever their worker's clock says."""

from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest

from punctual.celery.following.clocks import WorkerClocks
from punctual.celery.following.event_errors import error_in
from punctual.celery.following.heard import Heard, Hearing
from punctual.celery.following.tries import Tries

RUN = uuid5(UUID(int=0), "a run")
WORKER = "celery@one"


@pytest.fixture
def hearing() -> Hearing:
    return Hearing()


def event(kind: str, **fields: Any) -> dict[str, Any]:
    about = {"uuid": str(RUN)} if kind.startswith("task-") else {}
    return {"type": kind, "hostname": WORKER, "pid": 7, "clock": 1, "timestamp": 100.0, **about, **fields}


def read(hearing: Hearing, body: object, received: float = 5.0) -> Heard:
    heard = hearing.read(body, received)
    assert heard is not None
    return heard


def tried(hearing: Hearing, *kinds: str) -> list[int | None]:
    """Read events of one worker, and return which try each is about; `received` stands with its number of retries."""
    found = []
    for word in kinds:
        what, _, retries = word.partition(" ")
        body = event(f"task-{what}", **({"retries": int(retries)} if retries else {}))
        found.append(read(hearing, body).tried)
    return found


def test_events_that_are_about_none_of_our_runs_are_left_out(hearing: Hearing) -> None:
    for body in (
        event("task-started", uuid=str(uuid4())),
        event("task-started", uuid="no uuid"),
        event("task-started", uuid=None),
        event("task-sent"),
        event("punctual-nonsense"),
    ):
        assert hearing.read(body, 5.0) is None


@pytest.mark.parametrize(
    "body",
    [
        None,
        "text",
        {},
        event("task-started", hostname=3),
        event("task-started", hostname="w" * 300),
        event("task-started", hostname="a\x00b"),
        event("task-started", timestamp="noon"),
        event("task-started", pid=None),
    ],
)
def test_malformed_events_are_left_out(hearing: Hearing, body: object) -> None:
    assert hearing.read(body, 5.0) is None


def test_each_event_knows_its_try(hearing: Hearing) -> None:
    words = ("received 0", "started", "retried", "received 1", "started", "succeeded")
    assert tried(hearing, *words) == [0, 0, 0, 1, 1, 1]


def test_a_try_that_is_received_before_the_one_before_tells_of_its_retry(hearing: Hearing) -> None:
    assert tried(hearing, "received 0", "started", "received 1", "retried", "started", "failed") == [0, 0, 1, 0, 1, 1]
    words = ("received 0", "started", "received 1", "started", "retried", "succeeded")
    assert tried(hearing, *words) == [0, 0, 1, 1, 0, 1]


def test_a_message_that_is_delivered_again_is_the_same_try(hearing: Hearing) -> None:
    words = ("received 2", "started", "rejected", "received 2", "started", "succeeded")
    assert tried(hearing, *words) == [2, 2, None, 2, 2, 2]


def test_a_try_whose_message_was_not_heard_of_is_not_known(hearing: Hearing) -> None:
    assert tried(hearing, "started", "retried", "failed") == [None, None, None]
    assert tried(hearing, "received 3", "started") == [3, 3]


def test_the_tries_of_so_many_tasks_only_are_remembered() -> None:
    tries = Tries(most=3)
    for number in range(10):
        tries.received(number, 0)
    assert len(tries) == 3
    assert tries.started(6) is None
    assert tries.started(7) == 0


def test_a_worker_whose_clock_is_wrong_is_understood() -> None:
    clocks = WorkerClocks()
    assert clocks.moment("ahead", 1_000.0, received=10.0) == 10.0
    assert clocks.moment("ahead", 1_001.0, received=11.5) == 11.0  # this one took half a second
    assert clocks.moment("behind", -1_000.0, received=12.0) == 12.0
    assert clocks.moment("ahead", 1_002.0, received=12.0) == 12.0


def test_a_clock_that_is_set_is_followed_and_no_event_lies_in_the_future() -> None:
    clocks = WorkerClocks()
    assert clocks.moment("w", 100.0, received=10.0) == 10.0
    assert clocks.moment("w", 160.0, received=11.0) == 11.0  # set ahead: at once
    assert clocks.moment("w", 100.0, received=12.0) < 12.0  # set back: once its old events are out of sight
    for second in range(13, 200):
        last = clocks.moment("w", 100.0 + second, received=float(second))
    assert last == 199.0


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("ValueError('no luck')", "ValueError", "no luck"),
        ("ValueError()", "ValueError", ""),
        ("KeyError(3)", "KeyError", "3"),
        ("OSError(2, 'No such file')", "OSError", "2, 'No such file'"),
        ("proj.errors.Odd(<object>)", "proj.errors.Odd", "<object>"),
        ("no exception at all", "Error", "no exception at all"),
        (None, "Error", "The event does not say which."),
        ("ValueError('a\\x00b')", "ValueError", "a\\x00b"),
    ],
)
def test_the_repr_of_an_exception_is_read(text: str | None, kind: str, message: str) -> None:
    error = error_in(text, None)
    assert (error.type, error.message, error.traceback) == (kind, message, None)
