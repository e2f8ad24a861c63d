"""What a node runs beside its engine to learn what becomes of runs on workers without the plug-in."""

import threading
from typing import Protocol


class Follower(Protocol):
    """Runs in a thread of the node; whatever it meets, it neither raises nor ends before it is asked to."""

    name: str

    @property
    def fault(self) -> str | None:
        """Why it cannot follow now, in words; None while it can."""
        ...

    def run(self, stopping: threading.Event) -> None:
        """Follow until `stopping` is set, and return soon after."""
        ...
