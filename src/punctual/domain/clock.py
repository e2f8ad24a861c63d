"""The only reader of time: everything else is given a Clock."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """Return the present instant as an aware UTC datetime."""
        ...


class SystemClock:
    """The wall clock of this machine."""

    def now(self) -> datetime:
        """Return the present instant as an aware UTC datetime."""
        return datetime.now(UTC)


# On Linux the steady clock of choice also counts the time that the machine was asleep.
_STEADY = getattr(time, "CLOCK_BOOTTIME", None)


def monotonic() -> float:
    """Return seconds on a clock that never steps, to measure durations with."""
    return time.monotonic() if _STEADY is None else time.clock_gettime(_STEADY)
