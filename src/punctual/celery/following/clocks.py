"""The clocks of workers, which may be wrong: what their events' times are on this process's steady clock."""

from collections import OrderedDict

_WINDOW_SECONDS = 60.0
_MOST = 10_000


class WorkerClocks:
    """For each worker, how far its clock is from ours: the least that any of its events of late seemed to take.

    An event that waited somewhere seems to take longer; heartbeats come every two seconds and seldom wait.
    """

    def __init__(self) -> None:
        """Know no worker."""
        self._known: OrderedDict[str, tuple[float, float, float]] = OrderedDict()

    def moment(self, worker: str, timestamp: float, received: float) -> float:
        """Return when, on our clock, what has this timestamp of the worker's happened; never in the future."""
        offset = received - timestamp
        since, least, before = self._known.get(worker, (received, offset, offset))
        if received - since > _WINDOW_SECONDS:
            since, least, before = received, offset, least
        least = min(least, offset)
        self._known[worker] = (since, least, before)
        self._known.move_to_end(worker)
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return timestamp + min(least, before)
