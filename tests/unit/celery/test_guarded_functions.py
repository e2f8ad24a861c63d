"""`exclusive` and `idempotent` on plain functions and on tasks that run in this process."""
# mypy: disallow-untyped-decorators=False

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import Ignore

from punctual import LockBusyError, Punctual, current_lock, exclusive, idempotent
from punctual.domain.errors import ResultNotKeptError, SetupError

Decorator = Callable[..., Any]


@pytest.fixture(autouse=True)
def _own_database(migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_DATABASE_URL", f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'p.db')}")


@pytest.fixture
def app() -> Celery:
    app = Celery("guarded", broker="memory://", set_as_current=False)
    app.conf.task_default_retry_delay = 0
    return app


@pytest.mark.parametrize("decorator", [exclusive, idempotent])
def test_above_the_task_a_decorator_is_refused(app: Celery, decorator: Decorator) -> None:
    @app.task(shared=False)
    def not_made_yet() -> None: ...

    app.finalize(auto=True)

    @app.task(shared=False)
    def made() -> None: ...

    for task in (made, not_made_yet):
        with pytest.raises(SetupError) as refused:
            decorator("k")(task)
        assert "below @app.task" in refused.value.fix


async def coroutine() -> None: ...


def generator() -> Any:
    yield 1


class Odd:
    def __call__(self) -> None: ...


@pytest.mark.parametrize("decorator", [exclusive, idempotent])
@pytest.mark.parametrize("thing", [coroutine, generator, Odd, Odd(), 7])
def test_what_cannot_be_guarded_is_refused(decorator: Decorator, thing: object) -> None:
    with pytest.raises(SetupError, match="cannot guard it"):
        decorator("k")(thing)


@pytest.mark.parametrize(
    ("declare", "fault"),
    [
        (lambda: exclusive(limit=0), "nothing could ever run"),
        (lambda: exclusive(on_busy="queue"), "on_busy"),  # type: ignore[arg-type]
        (lambda: exclusive(wait=3), "wait .* has no meaning"),
        (lambda: exclusive(wait=0, on_busy="wait"), "wait of @punctual.exclusive"),
        (lambda: exclusive(wait="soon", on_busy="wait"), "wait of @punctual.exclusive"),
        (lambda: idempotent(ttl=0), "ttl of @punctual.idempotent"),
        (lambda: idempotent(ttl="for ever"), "ttl of @punctual.idempotent"),
        (lambda: idempotent(wait=-1), "wait of @punctual.idempotent"),
    ],
)
def test_an_option_that_cannot_be_is_refused(declare: Callable[[], object], fault: str) -> None:
    with pytest.raises(SetupError, match=fault) as refused:
        declare()
    assert refused.value.fix


def test_the_first_success_is_given_to_every_later_call() -> None:
    calls = []

    @idempotent("order:{order}")
    def charge(order: int, amount: int) -> dict[str, Any]:
        calls.append(order)
        return {"charged": (amount, order)}

    results = [charge(1, 10), charge(1, 99), charge(2, 5), charge(order=1, amount=0)]
    assert results == [{"charged": [10, 1]}, {"charged": [10, 1]}, {"charged": [5, 2]}, {"charged": [10, 1]}]
    assert calls == [1, 2]


def test_nothing_is_a_result_too() -> None:
    calls = []

    @idempotent()
    def note(text: str) -> None:
        calls.append(text)

    note("a")
    note("a")
    note("b")
    assert calls == ["a", "b"]


def test_two_functions_with_the_same_key_do_not_share_results() -> None:
    @idempotent("{order}")
    def charge(order: int) -> str:
        return f"charged {order}"

    @idempotent("{order}")
    def ship(order: int) -> str:
        return f"shipped {order}"

    assert (charge(1), ship(1)) == ("charged 1", "shipped 1")


def test_a_failure_keeps_nothing_and_frees_the_key() -> None:
    answers = iter([OSError("no"), "yes"])

    @idempotent("k")
    def unsure() -> object:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.raises(OSError, match="no"):
        unsure()
    assert (unsure(), unsure()) == ("yes", "yes")


@pytest.mark.parametrize("result", [object(), "x" * 70_000, "a\x00b"])
def test_a_result_that_cannot_be_kept_is_an_error_that_says_so(result: object) -> None:
    @idempotent("k")
    def gives() -> object:
        return result

    with pytest.raises(ResultNotKeptError, match=r"cannot be kept.*The function has run") as refused:
        gives()
    assert refused.value.fix


def test_a_lock_excludes_and_is_free_again_afterwards() -> None:
    @exclusive("one")
    def outer() -> str:
        with pytest.raises(LockBusyError, match="'one' is held by 1 already"):
            inner()
        with pytest.raises(LockBusyError):
            impatient()
        return other()

    @exclusive("one")
    def inner() -> None: ...

    @exclusive("one", on_busy="wait", wait=0.05)
    def impatient() -> None: ...

    @exclusive("two")
    def other() -> str:
        return "another key is free"

    assert outer() == "another key is free"
    inner()
    with pytest.raises(ZeroDivisionError):
        exclusive("one")(divide)(1, 0)
    inner()


def divide(number: int, by: int) -> float:
    return number / by


def test_as_many_run_at_once_as_the_limit_says() -> None:
    @exclusive("n", limit=3)
    def deeper(depth: int) -> int:
        return depth if depth == 3 else deeper(depth + 1)

    assert deeper(1) == 3
    with pytest.raises(LockBusyError):
        deeper(0)


def test_whoever_holds_a_lock_knows_it_and_its_fence_grows() -> None:
    @exclusive("outer")
    def outer() -> int:
        lock = current_lock()
        assert lock is not None
        assert (lock.key, lock.held) == ("outer", True)
        assert exclusive("inner")(inner)() > lock.fence
        assert current_lock() is lock
        return lock.fence

    def inner() -> int:
        lock = current_lock()
        assert lock is not None
        assert lock.key == "inner"
        return lock.fence

    assert outer() < outer()
    assert current_lock() is None


def test_celery_still_checks_the_arguments_of_a_guarded_task(app: Celery) -> None:
    @app.task(shared=False)
    @exclusive("{x}")
    @idempotent("{x}")
    def task(x: int, y: int = 1) -> int:
        return x + y

    with pytest.raises(TypeError):
        task.delay(1, 2, 3)
    assert task.apply(args=[1]).get() == 2
    assert task(5) == 6


def test_a_task_whose_lock_is_held_ends_skipped_without_running(app: Celery) -> None:
    @app.task(shared=False)
    @exclusive("k")
    def inner() -> str:
        return "ran"

    @exclusive("k")
    def meanwhile() -> Any:
        return inner.apply()

    result = meanwhile()
    assert (result.state, type(result.result).__base__, str(result.result)) == (
        "IGNORED",
        Ignore,
        "The lock 'k' is held by 1 already.",
    )
    assert inner.apply().get() == "ran"


def test_a_task_whose_lock_is_held_is_tried_again_as_often_as_it_may(app: Celery) -> None:
    tries: list[str] = []

    def key() -> str:
        tries.append("k")
        return "k"

    @app.task(bind=True, shared=False, max_retries=2)
    @exclusive(key, on_busy="retry", wait=timedelta(seconds=1))
    def inner(self: Any) -> None:
        del self

    @exclusive("k")
    def meanwhile() -> Any:
        return inner.apply()

    result = meanwhile()
    assert (result.state, type(result.result), len(tries)) == ("FAILURE", LockBusyError, 3)


def test_the_method_of_a_class_based_task_can_be_guarded(app: Celery) -> None:
    class Adding(app.Task):  # type: ignore[misc] # Celery has no types
        name = "adding"
        calls = 0

        @idempotent()
        def run(self, x: int) -> int:
            type(self).calls += 1
            return x + 1

    task = app.register_task(Adding())
    assert (task.apply(args=[1]).get(), task.apply(args=[1]).get(), Adding.calls) == (2, 2, 1)


def test_the_database_of_the_apps_plug_in_counts_for_its_tasks(
    app: Celery, migrated_sqlite: Path, tmp_path: Path
) -> None:
    other = shutil.copy(migrated_sqlite, tmp_path / "other.db")
    Punctual(app, database_url=f"sqlite:///{other}")
    calls = []

    @app.task(shared=False)
    @idempotent("k")
    def task() -> None:
        calls.append(1)

    task.apply()
    task.apply()
    assert len(calls) == 1
    task()  # not as a task: the database of the settings
    assert len(calls) == 2
