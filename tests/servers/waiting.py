"""The one way for a test to wait for a real process: look again and again, with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def eventually(
    condition: Callable[[], _T | None], within: float = 20.0, message: str | Callable[[], str] = "it did not happen"
) -> _T:
    """Return the first true value of the condition; fails with the message after `within` seconds without one.

    An AssertionError of the condition counts as false, and is shown when it is the last word.
    """
    deadline = time.monotonic() + within
    while True:
        last: AssertionError | None = None
        try:
            if value := condition():
                return value
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            text = message() if callable(message) else message
            raise AssertionError(f"{text} (waited {within} s)") from last
        time.sleep(0.02)
