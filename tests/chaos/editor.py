"""Edits schedules while everything fails around it, as people do: pause, resume, change trigger and arguments."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from chaos.scenario import TRIGGERS
from punctual.control.schedules import Schedules
from punctual.domain.errors import DatabaseUnavailableError, InvalidInputError
from punctual.domain.schedule import Schedule

_GAP = (0.05, 0.5)
_AGAIN_SECONDS = 0.2
_LAST_CHANGE = timedelta(seconds=3)


@dataclass(slots=True)
class Edits:
    """What was done: for each schedule the spans in which it was paused (from, to; None is still), and all in words."""

    pauses: dict[UUID, list[tuple[datetime, datetime | None]]] = field(default_factory=dict)
    count: int = 0


class Editor:
    """A thread of its own, because each edit may have to wait for the database."""

    def __init__(self, schedules: Schedules, ids: list[UUID], until: datetime, seed: int, log: Path) -> None:
        """Do nothing yet; the schedules end at `until`."""
        self.edits = Edits()
        self._schedules = schedules
        self._ids = ids
        self._dice = random.Random(f"edits {seed}")
        self._until = until
        self._log = log
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="editor")
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> Edits:
        """Resume what is paused, and return what was done; raises what went wrong."""
        self._stopping.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self.edits

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._dice.uniform(*_GAP)):
                self._edit(self._ids[self._dice.randrange(len(self._ids))])
            for key, spans in self.edits.pauses.items():
                if spans[-1][1] is None:
                    self._resume(key)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that asks
            self._failure = error

    def _edit(self, key: UUID) -> None:
        spans = self.edits.pauses.get(key)
        if spans and spans[-1][1] is None:
            self._resume(key)
            return
        match self._dice.choice(("pause", "trigger", "arguments")):
            case "pause":
                paused = self._surely(
                    lambda: self._schedules.pause(str(key), note=None, actor="chaos"),
                    lambda: self._found(key, paused=True),
                )
                self.edits.pauses.setdefault(key, []).append((paused.updated_at, None))
                self._note("pause", paused)
            case "trigger":
                self._change(key, {"trigger": self._dice.choice(TRIGGERS)})
            case "arguments":
                self._change(key, {"kwargs": {"tag": self._dice.randrange(1000)}})

    def _change(self, key: UUID, patch: dict[str, object]) -> None:
        try:
            changed = self._surely(lambda: self._schedules.change(str(key), patch, actor="chaos"), lambda: None)
        except InvalidInputError:
            if datetime.now(UTC) < self._until - _LAST_CHANGE:
                raise
            return  # it was held up for so long that no fire time is left to change
        self._note(f"change {patch}", changed)

    def _resume(self, key: UUID) -> None:
        resumed = self._surely(
            lambda: self._schedules.resume(str(key), actor="chaos"), lambda: self._found(key, paused=False)
        )
        spans = self.edits.pauses[key]
        spans[-1] = (spans[-1][0], resumed.updated_at)
        self._note("resume", resumed)

    def _found(self, key: UUID, *, paused: bool) -> Schedule | None:
        """Return a schedule that has become what was wished; what failed may have been done all the same."""
        found = self._schedules.get(str(key))
        return found if found.status.paused is paused else None

    def _surely(self, act: Callable[[], Schedule], done_already: Callable[[], Schedule | None]) -> Schedule:
        """Do it, as often as it takes: connections are cut meanwhile."""
        try:
            return act()
        except DatabaseUnavailableError:
            while True:
                time.sleep(_AGAIN_SECONDS)
                with suppress(DatabaseUnavailableError):
                    return done_already() or act()

    def _note(self, what: str, schedule: Schedule) -> None:
        self.edits.count += 1
        with self._log.open("a") as log:
            log.write(f"{schedule.updated_at.isoformat()} {schedule.spec.name}: {what}\n")
