"""A time in which the database is known not to answer, or has just begun to, and has more to do than to answer."""

import logging
import threading
from collections.abc import Callable

from punctual.celery.line import Line
from punctual.celery.session import Session
from punctual.domain.clock import monotonic
from punctual.domain.errors import PunctualError

logger = logging.getLogger(__name__)

_PAUSE = 0.5
_CATCH_UP = 5.0
"""Seconds for which, at the most, what waited for the database goes ahead of new questions."""

_LOOK = 0.05
_SILENCE = 5.0
"""Seconds after which a connection that says nothing is given up, and another one tried."""


class Outage:
    """Is over once the database answers again and `caught_up`; a thread finds that out, so that no task has to wait.

    It `is_certain` where somebody has waited for the answer for as long as one may.
    """

    def __init__(self, database_url: Callable[[], str], why: str, caught_up: Callable[[], bool]) -> None:
        """Begin to look."""
        self.why = why
        self.over = False
        self.is_certain = False
        self._database_url = database_url
        self._caught_up = caught_up
        self._closing = threading.Event()
        threading.Thread(target=self._watch, name="punctual-gate-outage", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closing.set()

    def _watch(self) -> None:
        line: Line | None = None
        while not self._closing.wait(_PAUSE):
            try:
                line = line or Line(self._database_url())
                answer = line.ask(Session.answers, silence=_SILENCE, patience=0)
            except PunctualError:
                continue
            if answer is True:
                self._wait_for_records()
                self.over = True
                logger.info("The gate is asked again", extra={"action": "gate_resumed"})
                break
            line.close()
            line = None
        if line is not None:
            line.close()

    def _wait_for_records(self) -> None:
        give_up_at = monotonic() + _CATCH_UP
        while not self._caught_up() and monotonic() < give_up_at and not self._closing.wait(_LOOK):
            pass
