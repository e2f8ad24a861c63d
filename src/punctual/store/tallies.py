"""Tallies: what has ended, counted in the transaction in which it does, so that no count is lost and none is double."""

import os
from uuid import UUID

from sqlalchemy import Connection, select, tuple_

from punctual.domain.tally import NUMBERS, Counts, Tally
from punctual.store.dialect import Dialect
from punctual.store.tables import schedule_versions, tallies

ALL_SCHEDULES = UUID(int=0)
"""Stands where a row is of all schedules of a task."""

_MOST_KNOWN = 10_000
_SHARDS = 16
"""Rows of one task and state, so that processes seldom wait for each other: each takes one of them."""


def write(connection: Connection, dialect: Dialect, tally: Tally) -> None:
    """Add what ended in a transaction to the tallies: its last statement, so that their locks are held but briefly.

    All who write take the rows in one order, and so never wait for each other in a circle.
    """
    found = sorted(_by_row(connection, tally).items(), key=lambda item: _in_order(item[0]))
    # Most runs fall into few buckets: what none of them touches is left out.
    touched = [name for name in NUMBERS if any(counts.numbers[name] for _, counts in found)]
    rows = [
        {
            **dict(zip(_KEY, key, strict=True)),
            "ended_at": counts.last,
            **{name: counts.numbers[name] for name in touched},
        }
        for key, counts in found
    ]
    dialect.add_up(connection, tallies, rows, key=_KEY, replaced=("ended_at",))


_Key = tuple[str, UUID, str, int]
_KEY = ("task", "schedule_id", "state", "shard")


def _in_order(key: _Key) -> tuple[str, bytes, str, int]:
    task, schedule_id, state, shard = key
    return task, schedule_id.bytes, state, shard


def _by_row(connection: Connection, tally: Tally) -> dict[_Key, Counts]:
    shard = os.getpid() % _SHARDS
    task_of = _tasks.of(connection, {key[:2] for key in tally.counts})
    found: dict[_Key, Counts] = {}
    for (schedule_id, version, state), counts in tally.counts.items():
        task = task_of[schedule_id, version]
        for key in ((task, ALL_SCHEDULES, state, shard), (task, schedule_id, state, 0)):
            found.setdefault(key, Counts()).add_all(counts.numbers, counts.last)
    return found


class _Tasks:
    """The tasks of versions of schedules, which never change, so that each is asked for once."""

    def __init__(self) -> None:
        self._known: dict[tuple[UUID, int], str] = {}

    def of(self, connection: Connection, versions: set[tuple[UUID, int]]) -> dict[tuple[UUID, int], str]:
        known = self._known
        missing = versions - known.keys()
        if missing:
            if len(known) > _MOST_KNOWN:
                known = self._known = {version: known[version] for version in versions - missing}
            key = tuple_(schedule_versions.c.schedule_id, schedule_versions.c.version)
            query = select(schedule_versions.c.schedule_id, schedule_versions.c.version, schedule_versions.c.task)
            for schedule_id, version, task in connection.execute(query.where(key.in_(sorted(missing)))):
                known[schedule_id, version] = task
        return known


_tasks = _Tasks()
