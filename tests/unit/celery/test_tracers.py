from collections.abc import Mapping
from typing import Any

import pytest
from celery import Celery
from celery.app.trace import build_tracer
from celery.exceptions import Reject

from punctual.celery.tracers import guard
from punctual.domain.masking import MASK, Hidden
from punctual.domain.run import RunError


class Keeper:
    """Lets every task in, and notes what is given back."""

    def __init__(self) -> None:
        self.given_back: list[RunError] = []
        self.broken_off: list[str] = []

    def admits(self, task_id: str, request: Mapping[str, Any], args: Any, kwargs: Any) -> bool:
        return (task_id, args, kwargs) is not None and request is not None

    def gave_back(self, task_id: str, request: Mapping[str, Any], error: RunError) -> None:
        assert request["id"] == task_id
        self.given_back.append(error)

    def broke_off(self, task_id: str, request: Mapping[str, Any], reason: BaseException, hidden: Hidden) -> None:
        assert request["id"] == task_id
        self.broken_off.append(hidden.text(str(reason)))


def run(keeper: Keeper, raised: type[BaseException], **options: Any) -> None:
    app = Celery("test", broker="memory://", set_as_current=False)

    @app.task(name="refuse", shared=False)  # type: ignore[untyped-decorator] # Celery has no types
    def refuse(password: str) -> None:
        raise raised(f"{password} was refused", **options)

    refuse.__trace__ = build_tracer("refuse", refuse, app=app)
    guard(app, keeper)
    refuse.__trace__("1", ("hunter2",), {}, {"id": "1", "args": ("hunter2",), "kwargs": {}})


def test_what_a_task_says_when_it_gives_its_message_back_holds_no_secret() -> None:
    keeper = Keeper()
    run(keeper, Reject, requeue=True)
    (error,) = keeper.given_back
    assert "hunter2" not in str(error)
    assert MASK in error.message


def test_nor_does_what_it_says_when_it_ends_its_process() -> None:
    keeper = Keeper()
    with pytest.raises(SystemExit):
        run(keeper, SystemExit)
    assert keeper.broken_off == [f"{MASK} was refused"]
