"""What a task tells of its run while it runs: how far it is, and lines of a log."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

MOST_LINES = 1_000
MOST_CHARACTERS = 256 * 1024
"""What is kept of the log of one attempt, at most."""

LONGEST_LINE = 8 * 1024
LONGEST_NOTE = 200


class Level(StrEnum):
    """How much a line of a run's log matters."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class Progress(BaseModel):
    """How far a run is: `done` of `total`, where that is known, with a note on what it is at."""

    model_config = ConfigDict(frozen=True)

    done: float
    total: float | None = None
    note: str | None = None
    at: datetime


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a run's log; `number` orders the lines of one attempt."""

    number: int
    at: datetime
    attempt: int
    level: Level
    text: str
