"""What is left of a trial when all is quiet: the ledger, the versions, what the tasks wrote, who was killed when."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import select

from chaos.diary import Execution
from chaos.site import Death
from punctual.domain.run import Cause, RunState
from punctual.domain.schedule import ScheduleSpec
from punctual.store.database import Database
from punctual.store.tables import runs, schedule_versions, schedules

Span = tuple[datetime, datetime | None]


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a schedule: it decides on the fire times after `since`, up to `until` (None: to the end)."""

    number: int
    spec: ScheduleSpec
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """A run as the ledger has it."""

    id: UUID
    schedule_id: UUID
    version: int
    cause: Cause
    state: RunState
    fire_time: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempt: int = 0
    worker: str | None = None
    error_type: str | None = None
    reason: str | None = None
    covered_until: datetime | None = None
    covered_count: int | None = None
    covered_count_exact: bool = True


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a judgement needs."""

    names: Mapping[UUID, str]
    versions: Mapping[UUID, Sequence[Version]]
    pauses: Mapping[UUID, Sequence[Span]]
    records: Sequence[Record]
    executions: Sequence[Execution]
    deaths: Sequence[Death]
    ended_by_themselves: Sequence[str] = ()
    strange_lines: Sequence[str] = field(default=())


def ledger(database: Database) -> tuple[dict[UUID, str], dict[UUID, list[Version]], list[Record]]:
    """Read the schedules' names, their versions, and all runs, from the tables themselves."""
    with database.read() as tx:
        names = {row.id: row.name for row in tx.connection.execute(select(schedules.c.id, schedules.c.name))}
        versions: dict[UUID, list[Version]] = {key: [] for key in names}
        for row in tx.connection.execute(select(schedule_versions).order_by(schedule_versions.c.version)):
            spec = ScheduleSpec.model_validate(row.spec)
            versions[row.schedule_id].append(Version(row.version, spec, row.created_at, row.superseded_at))
        records = [
            Record(
                id=row.id,
                schedule_id=row.schedule_id,
                version=row.schedule_version,
                cause=Cause(row.cause),
                state=RunState(row.state),
                fire_time=row.fire_time,
                started_at=row.started_at,
                finished_at=row.finished_at,
                attempt=row.attempt,
                worker=row.worker,
                error_type=None if row.error is None else row.error["type"],
                reason=row.reason,
                covered_until=row.covered_until,
                covered_count=row.covered_count,
                covered_count_exact=row.covered_count_exact,
            )
            for row in tx.connection.execute(select(runs))
        ]
    return names, versions, records


_STRANGE = ("action=engine_error", "action=record_dropped", "action=schedule_set_aside", "Receiver ", "UNEXPECTED")
"""What no fault of the surroundings excuses."""

_COUNT = re.compile(r"count=(\d+)")


@dataclass(slots=True)
class Logs:
    """What the processes' logs tell: strange lines, messages sent again, starts refused, put off, and unasked."""

    strange: list[str] = field(default_factory=list)
    sent_again: int = 0
    refused: int = 0
    put_off: int = 0
    unasked: int = 0


def read_logs(paths: Iterable[Path]) -> Logs:
    """Look through the logs of nodes and workers."""
    found = Logs()
    for path in paths:
        for line in path.read_text(errors="replace").splitlines():
            if any(mark in line for mark in _STRANGE):
                found.strange.append(f"{path.stem}: {line}")
            elif "action=messages_sent_again" in line and (count := _COUNT.search(line)):
                found.sent_again += int(count[1])
            elif "action=start_refused" in line:
                found.refused += 1
            elif "action=start_put_off" in line:
                found.put_off += 1
            elif "action=gate_open" in line:
                found.unasked += 1
    return found
