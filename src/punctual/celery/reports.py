"""What a task tells of its run while it runs, handed on a few times a second and never waited for."""

import logging
import math
import threading
from collections.abc import Callable
from uuid import UUID

from punctual.celery.records import Line, Mark, Told
from punctual.celery.told import storable
from punctual.domain.clock import SystemClock, monotonic
from punctual.domain.report import LONGEST_LINE, LONGEST_NOTE, MOST_CHARACTERS, MOST_LINES, Level

logger = logging.getLogger(__name__)

PAUSE = 0.5
"""Seconds between what is handed on of one attempt and the next."""


class Reports:
    """The latest progress and the new log lines of one attempt; may be used by several threads, and raises nothing.

    While an earlier report of the attempt still waits for the database, nothing is handed on: so an attempt never has
    more than a few records in the buffer, and pushes no others out of it.
    """

    def __init__(
        self, run_id: UUID, attempt: int, submit: Callable[[Told], None], *, mask: Callable[[str], str] = str
    ) -> None:
        """Hand on by `submit`, each text as `mask` gives it."""
        self._run_id = run_id
        self._attempt = attempt
        self._submit = submit
        self._mask = mask
        self._lock = threading.Lock()
        self._mark: Mark | None = None
        self._lines: list[Line] = []
        self._last: Told | None = None
        self._last_at = -math.inf
        self._timer: threading.Timer | None = None
        self._number = 0
        self._kept_lines = self._kept_characters = 0
        self._dropped_lines = self._dropped_characters = 0

    def progress(self, done: float, total: float | None, note: str | None) -> None:
        """Take how far the attempt is; the latest wins. What is no number is left out."""
        reached, whole = _number(done), _number(total)
        if reached is None:
            return
        text = None if note is None else self._mask(storable(str(note)))[:LONGEST_NOTE]
        with self._lock:
            self._mark = Mark(monotonic(), reached, whole, text)
            self._hand_on_soon()

    def log(self, text: str, level: str) -> None:
        """Take a line; beyond what is kept of an attempt it is only counted."""
        line = self._mask(storable(str(text)))
        if len(line) > LONGEST_LINE:
            line = f"{line[:LONGEST_LINE]}… [{len(line) - LONGEST_LINE} characters left out]"
        with self._lock:
            if self._kept_lines >= MOST_LINES or self._kept_characters + len(line) > MOST_CHARACTERS:
                self._dropped_lines += 1
                self._dropped_characters += len(line)
                return
            self._kept_lines += 1
            self._kept_characters += len(line)
            self._add(line, _level(level))
            self._hand_on_soon()

    def close(self) -> None:
        """Hand on what is left, once the attempt is over."""
        with self._lock:
            if self._dropped_lines:
                left_out = f"{self._dropped_lines:,} more lines ({self._dropped_characters:,} characters) were left out"
                why = f"of an attempt {MOST_LINES:,} lines and {MOST_CHARACTERS // 1024} KB are kept."
                self._add(f"{left_out}: {why}", Level.WARNING)
                self._dropped_lines = 0
            self._hand_on()

    def _add(self, text: str, level: Level) -> None:
        # By the time of this machine, so that the lines of two deliveries of one attempt follow each other.
        now = round(SystemClock().now().timestamp() * 1e6)
        self._number = max(self._number + 1, now)
        self._lines.append(Line(self._number, monotonic(), level, text))

    def _hand_on_soon(self) -> None:
        if self._timer is not None:
            return
        rest = self._last_at + PAUSE - monotonic()
        if rest <= 0 and not self._is_waiting():
            self._hand_on()
            return
        self._timer = threading.Timer(max(rest, PAUSE / 2), self._timed)
        self._timer.daemon = True
        self._timer.start()

    def _timed(self) -> None:
        with self._lock:
            self._timer = None
            if self._mark is not None or self._lines:
                self._hand_on_soon()

    def _is_waiting(self) -> bool:
        return self._last is not None and not self._last.tried

    def _hand_on(self) -> None:
        if self._mark is None and not self._lines:
            return
        told = Told(self._run_id, monotonic(), self._attempt, self._mark, tuple(self._lines))
        self._mark, self._lines, self._last, self._last_at = None, [], told, monotonic()
        try:
            self._submit(told)
        except Exception:
            run = str(self._run_id)
            logger.exception("What run %s tells of itself is lost", run, extra={"action": "report_lost", "run": run})


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type] # what is no number raises
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _level(word: str) -> Level:
    try:
        return Level(str(word).lower())
    except ValueError:
        return Level.INFO
