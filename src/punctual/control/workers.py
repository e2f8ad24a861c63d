"""The workers: what each does now, and what people should look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from punctual.domain.clock import Clock
from punctual.domain.errors import NotFoundError
from punctual.domain.processes import ALIVE_FOR, Worker
from punctual.store import workers
from punctual.store.database import Database, Transaction
from punctual.store.paging import Page
from punctual.store.workers import RunningAttempt


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker, whether it is alive, the runs that it runs, and what people should look at, as sentences."""

    worker: Worker
    live: bool
    runs: list[RunningAttempt]
    warnings: list[str]


class Workers:
    """Every worker that is known and lives, or fell silent within the last day."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Read this database, by this time."""
        self._database = database
        self._clock = clock

    def list(self, *, limit: int, cursor: str | None) -> Page[WorkerView]:
        """Return workers by name; raises InvalidInputError for a cursor that is none."""
        with self._database.read() as tx:
            page = workers.list_page(tx, limit=limit, cursor=cursor)
            return Page(views(tx, page.items, self._clock.now()), page.next_cursor)

    def get(self, name: str) -> WorkerView:
        """Return a worker; raises NotFoundError."""
        with self._database.read() as tx:
            worker = workers.get(tx, name)
            if worker is None:
                message = f"There is no worker {name!r}: it never announced itself, or it has stopped."
                raise NotFoundError(message, fix="List the workers; start this one with the plug-in in its app.")
            return views(tx, [worker], self._clock.now())[0]


def views(tx: Transaction, found: Sequence[Worker], now: datetime) -> list[WorkerView]:
    """Return the workers with what they do."""
    running = workers.running(tx, [worker.id for worker in found if worker.id is not None])
    shown = []
    for worker in found:
        live = worker.seen_at >= now - ALIVE_FOR
        runs = [] if worker.id is None else running.get(worker.id, [])
        shown.append(WorkerView(worker, live, runs, _warnings(worker) if live else []))
    return shown


def _warnings(worker: Worker) -> list[str]:
    found = []
    if worker.records_waiting:
        why = worker.recording_error or "The reason is in its log."
        found.append(
            f"{_records(worker.records_waiting)} in its memory to be written. {why} Its tasks run on, and what became "
            "of them is told once the records are written."
        )
    if worker.records_dropped:
        found.append(
            f"Had to drop {worker.records_dropped} records since it started, because too many waited. Runs that they "
            "were about end as lost, or are attempted again."
        )
    own = version("punctual")
    if not worker.plugin:
        return found
    if worker.version is None:
        found.append(f"Has a plug-in that is older than this server, {own}. Install the same release everywhere.")
    elif worker.version != own:
        found.append(f"Has Punctual {worker.version} and this server {own}. Install the same release everywhere.")
    return found


def _records(count: int) -> str:
    return "1 record waits" if count == 1 else f"{count} records wait"
