"""The file in which the tasks write what they do: a line at the start of each execution, a line at its end."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID


class Line(NamedTuple):
    """`what` is `start`, `done` or `failed`; `tag` is the argument of that name, `at` in seconds since 1970."""

    what: str
    run: str
    attempt: int
    pid: int
    tag: int
    at: float


@dataclass(slots=True)
class Execution:
    """One execution of a task; without `ended_at`, its process did not come to the end."""

    run: UUID
    attempt: int
    pid: int
    tag: int
    started_at: float
    ended_at: float | None = None
    failed: bool = False


def write(file: int, line: Line) -> None:
    """Append a line, at once and whole: what a killed process wrote stays."""
    os.write(file, f"{line.what} {line.run} {line.attempt} {line.pid} {line.tag} {line.at:.6f}\n".encode())


def read(path: Path) -> list[Execution]:
    """Return the executions in the order of their starts."""
    if not path.exists():
        return []
    return executions(_line(text) for text in path.read_text().splitlines())


def executions(lines: Iterable[Line]) -> list[Execution]:
    """Pair starts with ends; of two executions that cannot be told apart, the end is that of the first."""
    found: list[Execution] = []
    open_ones: dict[tuple[str, int, int], list[Execution]] = {}
    for line in lines:
        key = (line.run, line.attempt, line.pid)
        if line.what == "start":
            execution = Execution(UUID(line.run), line.attempt, line.pid, line.tag, line.at)
            found.append(execution)
            open_ones.setdefault(key, []).append(execution)
        else:
            ended = open_ones[key].pop(0)
            ended.ended_at, ended.failed = line.at, line.what == "failed"
    return found


def _line(text: str) -> Line:
    what, run, attempt, pid, tag, at = text.split()
    return Line(what, run, int(attempt), int(pid), int(tag), float(at))
