import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID, uuid4, uuid5

import pytest
from celery import Celery, signals
from celery.exceptions import Ignore, Reject, TimeLimitExceeded, WorkerLostError
from pydantic import JsonValue
from pydantic_core import to_json

from punctual.celery.recorder import Recorder
from punctual.celery.records import Ended, GivenBack, Lost, Record, Retrying
from punctual.celery.told import Kept, error_of, kept_result
from punctual.domain.run import RunState

RUN = uuid5(UUID(int=0), "a run")


@dataclass
class Listening:
    """An app with tasks, and the records of what happens to them."""

    app: Celery
    records: list[Record] = field(default_factory=list)

    def run(self, task: str, *args: object, run_id: UUID = RUN) -> list[Record]:
        self.app.tasks[task].apply(args, task_id=str(run_id))
        return self.records


@pytest.fixture
def listening() -> Iterator[Listening]:
    app = Celery("listening", set_as_current=False, broker="memory://")

    @app.task(name="add", shared=False)  # type: ignore[untyped-decorator] # celery has no types
    def add(x: int, y: int) -> int:
        return x + y

    @app.task(name="fail", shared=False)  # type: ignore[untyped-decorator] # celery has no types
    def fail() -> None:
        message = "no luck"
        raise OSError(message)

    @app.task(name="flaky", bind=True, shared=False)  # type: ignore[untyped-decorator] # celery has no types
    def flaky(self: object) -> int:
        if self.request.retries == 0:  # type: ignore[attr-defined] # a Celery task
            raise self.retry(exc=OSError("once"), countdown=0)  # type: ignore[attr-defined] # a Celery task
        return 7

    @app.task(name="ignore", shared=False)  # type: ignore[untyped-decorator] # celery has no types
    def ignore() -> None:
        raise Ignore

    found = Listening(app)
    recorder = Recorder(lambda candidate: candidate is app, found.records.append)
    recorder.connect()
    yield found
    del recorder


def kinds(records: list[Record]) -> list[object]:
    return [record.state if isinstance(record, Ended) else type(record) for record in records]


def test_a_success_is_an_end_with_the_result_and_the_number_of_the_attempt(listening: Listening) -> None:
    (ended,) = listening.run("add", 1, 2)
    assert isinstance(ended, Ended)
    assert (ended.run_id, ended.attempt, ended.state) == (RUN, 1, RunState.SUCCEEDED)
    assert (ended.result, ended.error) == (3, None)


def test_a_failure_ends_with_the_error_and_its_traceback(listening: Listening) -> None:
    (ended,) = listening.run("fail")
    assert isinstance(ended, Ended)
    assert ended.state is RunState.FAILED
    assert ended.error is not None
    assert (ended.error.type, ended.error.message) == ("OSError", "no luck")
    assert "in fail" in str(ended.error.traceback)


def test_each_attempt_is_recorded_with_its_number_and_the_error_between(listening: Listening) -> None:
    first, second = listening.run("flaky")
    assert isinstance(first, Retrying)
    assert (first.attempt, first.error.type, first.error.message) == (1, "OSError", "once")
    assert isinstance(second, Ended)
    assert (second.attempt, second.state) == (2, RunState.SUCCEEDED)


def test_a_task_that_raises_ignore_has_an_end(listening: Listening) -> None:
    assert kinds(listening.run("ignore")) == [RunState.CANCELLED]


def test_two_recorders_in_one_process_each_hear_their_own_app(listening: Listening) -> None:
    other = Celery("other", set_as_current=False, broker="memory://")
    other.task(name="looped", shared=False)(looped)
    heard: list[Record] = []
    second = Recorder(lambda candidate: candidate is other, heard.append)
    second.connect()
    other.tasks["looped"].apply(task_id=str(RUN))
    listening.run("add", 1, 2)
    assert len(heard) == len(listening.records) == 1


def test_messages_of_others_leave_no_record(listening: Listening) -> None:
    assert listening.run("add", 1, 2, run_id=uuid4()) == []


def test_tasks_of_another_app_leave_no_record(listening: Listening) -> None:
    other = Celery("other", set_as_current=False, broker="memory://")
    other.task(name="looped", shared=False)(looped)
    other.tasks["looped"].apply(task_id=str(RUN))
    assert listening.records == []


def request_of(app: Celery, **facts: object) -> SimpleNamespace:
    given = {"id": str(RUN), "hostname": "w@test", "retries": 0, **facts}
    return SimpleNamespace(**given, get=given.get, app=app)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"terminated": False, "signum": None, "expired": True}, RunState.EXPIRED),
        ({"terminated": False, "signum": None, "expired": False}, RunState.CANCELLED),
        ({"terminated": True, "signum": 15, "expired": False}, RunState.CANCELLED),
    ],
)
def test_a_revoked_message_ends_as_expired_or_cancelled(
    listening: Listening, told: dict[str, object], state: RunState
) -> None:
    task = listening.app.tasks["add"]
    signals.task_revoked.send(sender=task, request=request_of(listening.app), **told)
    (ended,) = listening.records
    assert isinstance(ended, Ended)
    assert ended.state is state
    assert ended.reason


def test_a_retry_that_expired_is_a_failure_because_it_had_begun(listening: Listening) -> None:
    task = listening.app.tasks["add"]
    request = request_of(listening.app, retries=1)
    signals.task_revoked.send(sender=task, request=request, terminated=False, signum=None, expired=True)
    assert kinds(listening.records) == [RunState.FAILED]


@pytest.mark.parametrize("error", [TimeLimitExceeded(3), Reject("no", requeue=False)])
def test_the_main_process_tells_of_failures_outside_any_request(listening: Listening, error: Exception) -> None:
    task = listening.app.tasks["add"]
    signals.task_failure.send(sender=task, task_id=str(RUN), exception=error, traceback=None, einfo=None)
    (ended,) = listening.records
    assert isinstance(ended, Ended)
    assert (ended.run_id, ended.state) == (RUN, RunState.FAILED)


def test_a_process_that_died_is_told_as_that(listening: Listening) -> None:
    task, error = listening.app.tasks["add"], WorkerLostError("signal 9")
    signals.task_failure.send(sender=task, task_id=str(RUN), exception=error, traceback=None, einfo=None)
    (lost,) = listening.records
    assert isinstance(lost, Lost)
    assert (lost.run_id, lost.why) == (RUN, "The process that ran the task died: signal 9")


def test_a_cancelled_attempt_whose_message_comes_again_is_given_back(listening: Listening) -> None:
    signals.task_retry.send(sender=listening.app.tasks["add"], request=request_of(listening.app), einfo=None)
    assert kinds(listening.records) == [GivenBack]


@dataclass(eq=False)
class Consumer:
    app: Celery
    hostname: str = "w@test"


def test_a_message_that_was_never_a_request_ends_the_run_of_its_header(listening: Listening) -> None:
    run_id = uuid4()
    consumer = Consumer(listening.app)
    message = SimpleNamespace(headers={"punctual_run": str(run_id)})
    signals.task_unknown.send(sender=consumer, message=message, exc=None, name="gone", id=str(run_id))
    signals.task_rejected.send(sender=consumer, message=message, exc=ValueError("bad"))
    assert [record.run_id for record in listening.records] == [run_id, run_id]
    assert kinds(listening.records) == [RunState.FAILED, RunState.FAILED]


def test_a_task_that_was_sent_with_the_headers_of_a_run_is_none(listening: Listening) -> None:
    message = SimpleNamespace(headers={"punctual_run": str(RUN)})
    signals.task_unknown.send(sender=Consumer(listening.app), message=message, exc=None, name="gone", id=str(uuid4()))
    assert listening.records == []


def test_results_become_json_of_their_own() -> None:
    result = {"when": datetime(2026, 1, 1, tzinfo=UTC), "parts": (1, 2), 3: math.inf}
    assert kept_result(result).value == {"when": "2026-01-01T00:00:00Z", "parts": [1, 2], "3": "Infinity"}
    inner = [1]
    recorded = kept_result(inner).value
    inner.append(2)
    assert recorded == [1]


class Sullen:
    def __repr__(self) -> str:
        message = "I do not show myself"
        raise RuntimeError(message)


def looped() -> object:
    ring: list[object] = []
    ring.append(ring)
    return ring


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (object(), "not JSON"),
        (looped(), "not JSON"),
        (Sullen(), "cannot be shown"),
        ("a\x00b", "NUL"),
        ("\ud800", "not JSON"),
    ],
)
def test_results_that_cannot_be_stored_become_a_text_that_says_so(result: object, words: str) -> None:
    recorded = kept_result(result).value
    assert isinstance(recorded, str)
    assert words in recorded
    assert len(recorded) < 5_000
    assert "\x00" not in recorded
    recorded.encode()


def test_errors_keep_the_end_of_a_long_traceback() -> None:
    error = error_of(ValueError("x" * 10_000 + "\x00"), "first" + "y" * 100_000 + "last")
    assert len(error.message) == 4096
    assert error.traceback is not None
    assert error.traceback.endswith("last")
    assert "first" not in error.traceback
    assert len(error.traceback) < 70_000


def test_an_error_that_cannot_be_shown_is_recorded_all_the_same() -> None:
    class SullenError(Exception):
        def __str__(self) -> str:
            message = "no"
            raise RuntimeError(message)

    assert "cannot be shown" in error_of(SullenError(), None).message


def test_of_a_big_result_the_first_part_is_kept_and_the_size_of_the_whole() -> None:
    rows: list[JsonValue] = [{"number": number, "text": "é" * 20} for number in range(1000)]
    kept = kept_result(rows, limit=2_000)
    assert isinstance(kept.value, list)
    assert kept.value[0] == rows[0]
    assert kept.size == len(to_json(rows))
    assert len(to_json(kept.value)) <= 2_000
    assert kept_result(rows[:1], limit=2_000) == Kept([rows[0]])


def test_secrets_of_the_arguments_are_in_no_record(listening: Listening) -> None:
    @listening.app.task(name="log_in", shared=False)  # type: ignore[untyped-decorator] # celery has no types
    def log_in(user: str, password: str) -> dict[str, str]:
        if user == "nobody":
            message = f"wrong: {password}"
            raise ValueError(message)
        return {"url": f"https://x/{password}", "token": "t0ps3cret"}

    (ended,) = listening.run("log_in", "anna", "hunter2")
    assert isinstance(ended, Ended)
    assert ended.result == {"url": "https://x/********", "token": "********"}
    _, failed = listening.run("log_in", "nobody", "hunter2")
    assert isinstance(failed, Ended)
    assert failed.error is not None
    assert failed.error.message == "wrong: ********"
    assert "hunter2" not in str(failed.error)
