"""A connection to the ledger on which nobody waits for longer than he wants to.

No driver promises to give up in time while it connects, and SQLite never does, so a thread asks. Over a connection that
is there, to a server, whoever wants to know asks himself: to hand a question to a thread and back takes longer than it
should where each task waits for it.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from queue import Empty, SimpleQueue
from typing import Literal

from celery.exceptions import SoftTimeLimitExceeded

from punctual.celery.session import Session
from punctual.domain.clock import monotonic
from punctual.domain.errors import DatabaseSilentError, DatabaseUnavailableError

Question = Callable[[Session], bool]
"""What is asked, and asked again where the database refuses to answer; it raises what the store raises."""

_STEPS = 12
_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.25


class _Sign(Enum):
    REFUSED = auto()
    """The database, or the machine that it was on, said that it does not answer at present."""


@dataclass(frozen=True, slots=True)
class _Asked:
    question: Question
    patience: float
    answers: SimpleQueue[bool | Exception | Literal[_Sign.REFUSED]]


class Usual:
    """How long answers take, judged as TCP judges it (RFC 6298): four mean deviations above the mean is unusual."""

    def __init__(self) -> None:
        """Know of none."""
        self._mean: float | None = None
        self._deviation = 0.0

    @property
    def longest(self) -> float | None:
        """Seconds that an answer usually takes at the most; None before the first."""
        return None if self._mean is None else self._mean + 4 * self._deviation

    def heard(self, seconds: float) -> None:
        """Learn how long an answer took."""
        if self._mean is None:
            self._mean, self._deviation = seconds, seconds / 2
            return
        self._deviation += (abs(seconds - self._mean) - self._deviation) / 4
        self._mean += (seconds - self._mean) / 8


class Line:
    """Asks one question at a time, for one thread at a time; `usual` is how long answers take."""

    def __init__(self, database_url: str) -> None:
        """Open no connection yet."""
        self.usual = Usual()
        self._session = Session(database_url)
        self._questions: SimpleQueue[_Asked | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(
        self, question: Question, *, silence: float, patience: float, is_start: bool = False
    ) -> bool | Exception | None:
        """Return the answer, or why there is none; None when nothing at all was heard for so long.

        That is `silence` seconds for what `is_start`, which asks about a start and nothing else, over a connection that
        is there; else the longer one of the two, for to connect takes its time. A database that refuses to answer is
        asked again for `patience` seconds. The time in which this process stood still does not count: the answer may
        lie there, unheard. Raises only what interrupts the task.
        """
        if not (is_start and self._session.is_ready):
            return self._ask_thread(question, max(silence, patience), patience)
        asked_at = monotonic()
        try:
            with self._session.in_haste(silence):
                answer = question(self._session)
        except DatabaseSilentError:
            return None
        except DatabaseUnavailableError:
            return self._ask_thread(question, max(silence, patience), patience)
        except SoftTimeLimitExceeded:  # it is for the task
            raise
        except Exception as error:  # noqa: BLE001 - what it is, whoever asked says
            if isinstance(interruption := getattr(error, "orig", None), SoftTimeLimitExceeded):  # SQLAlchemy has it
                raise interruption from None
            return error
        self.usual.heard(monotonic() - asked_at)
        return answer

    def _ask_thread(self, question: Question, silence: float, patience: float) -> bool | Exception | None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="punctual-gate", daemon=True)
            self._thread.start()
        asked, asked_at = _Asked(question, patience, SimpleQueue()), monotonic()
        self._questions.put(asked)
        quiet = 0
        while quiet < _STEPS:
            quiet += 1
            with suppress(Empty):
                answer = asked.answers.get(timeout=silence / _STEPS)
                if answer is not _Sign.REFUSED:
                    if isinstance(answer, bool):
                        self.usual.heard(monotonic() - asked_at)
                    return answer
                quiet = 0
        return None

    def close(self) -> None:
        """End the thread, once it has an answer to what it was asked."""
        if self._thread is None:
            self._session.close()
        else:
            self._questions.put(None)

    def _serve(self) -> None:
        while (asked := self._questions.get()) is not None:
            asked.answers.put(self._answer(asked))
        self._session.close()

    def _answer(self, asked: _Asked) -> bool | Exception:
        pause = waited = 0.0
        while True:
            try:
                return asked.question(self._session)
            except DatabaseUnavailableError as error:
                if waited + pause >= asked.patience:
                    return error
                asked.answers.put(_Sign.REFUSED)
                # At first without a pause: a connection that was cut says nothing about the database.
                threading.Event().wait(pause)
                waited += pause
                pause = min(max(pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            except Exception as error:  # noqa: BLE001 - what it is, whoever asked says
                return error
