"""Which of Celery's tries of a task an event is about; only the event `task-received` says."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(slots=True)
class _Tries:
    """The tries of one task that one worker has received and that have not ended there, and the last one begun."""

    first: int
    last: int
    begun: int = -1


class Tries:
    """Counts the tries of tasks on workers, the least recently heard of forgotten when there are too many.

    A worker tells of a retry when the next try's message may have come back already. So `task-retried` is about the
    first try that is open, an end about the last one, and `task-started` about the first that has not begun.
    """

    def __init__(self, most: int = 20_000) -> None:
        """Begin with none; remember at `most` so many tasks."""
        self._most = most
        self._known: OrderedDict[Hashable, _Tries] = OrderedDict()

    def __len__(self) -> int:
        """Return how many tasks are remembered."""
        return len(self._known)

    def received(self, key: Hashable, retries: int) -> None:
        """Note that a message came, of the try with this number; the first is 0."""
        known = self._known.setdefault(key, _Tries(retries, retries))
        if retries < known.first or retries > known.last + 1:  # another message altogether
            self._known[key] = _Tries(retries, retries)
        known.last = max(known.last, retries)
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def started(self, key: Hashable) -> int | None:
        """Return which try begins; None when its message was not heard of."""
        known = self._known.get(key)
        if known is None:
            return None
        known.begun = min(max(known.first, known.begun + 1), known.last)
        return known.begun

    def retried(self, key: Hashable) -> int | None:
        """Return which try asked for another one."""
        known = self._known.get(key)
        if known is None:
            return None
        tried = known.first
        known.first += 1
        if known.first > known.last:
            del self._known[key]
        return tried

    def ended(self, key: Hashable) -> int | None:
        """Return which try ended the task, and forget the task."""
        known = self._known.pop(key, None)
        return None if known is None else known.last
