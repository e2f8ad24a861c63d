"""What a node cannot do while the database has a fault, and telling of it."""

import logging
import threading

from punctual.domain.errors import DatabaseUnavailableError

_log = logging.getLogger(__name__)


class Outages:
    """The faults of the database that the works of a node meet, by the name of the work.

    The log is told when one begins, becomes another, or is over, and not at each try in between.
    """

    def __init__(self) -> None:
        """Begin with a database believed to be well."""
        self._lock = threading.Lock()
        self._met: dict[str, DatabaseUnavailableError] = {}

    def met(self, work: str, error: Exception, pause: float) -> None:
        """Note what kept a work from being done, and that it is tried again in `pause` seconds."""
        if not isinstance(error, DatabaseUnavailableError):
            _log.error(
                "%s met an error it does not know; going on in %g s",
                work,
                pause,
                exc_info=error,
                extra={"action": "engine_error"},
            )
            return
        with self._lock:
            before = self._met.get(work)
            self._met[work] = error
        is_new = before is None or before.code != error.code
        _log.log(
            logging.WARNING if is_new else logging.DEBUG,
            "%s waits. %s Trying again in %g s.",
            work,
            error.message,
            pause,
            extra={"action": "database_unavailable", "code": error.code},
        )

    def over(self, work: str) -> None:
        """Note that a work was done."""
        with self._lock:
            met = self._met.pop(work, None)
        if met is not None:
            _log.info("%s goes on", work, extra={"action": "database_available", "code": met.code})

    def sentence(self, work: str) -> str | None:
        """Return what keeps a work from being done, in words for anybody; None when nothing does."""
        with self._lock:
            met = self._met.get(work)
        return None if met is None else met.sentence
