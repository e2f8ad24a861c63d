"""One trial from its beginning to its judgement."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import func, select

from chaos import diary, evidence
from chaos.editor import Editor
from chaos.evidence import Evidence
from chaos.judge import judge
from chaos.killer import Killer
from chaos.report import Numbers, numbers
from chaos.scenario import Scenario, documents, faults
from chaos.site import Site, running
from punctual.control.schedules import Schedules
from punctual.domain.errors import DatabaseUnavailableError
from punctual.domain.run import TERMINAL
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from punctual.store.process_tables import nodes, workers
from punctual.store.tables import runs, schedules
from servers.waiting import eventually

START_SECONDS = 120
_LEAD = timedelta(seconds=1)
_CREATED_PER_SECOND = 50
_TAIL_SECONDS = 2.0
STANDSTILL_SECONDS = 180.0
"""When for so long no further run has ended, those that are open are stuck: it outlasts every wait of the product."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found, and the figures."""

    findings: list[str]
    numbers: Numbers


def run(scenario: Scenario, folder: Path, say: Callable[[str], None]) -> Outcome:
    """Start everything, let the faults come, wait until all is quiet, and judge. The folder keeps all logs."""
    say(f"starting {scenario.nodes} nodes and 2 workers on PostgreSQL and {scenario.broker}; logs in {folder}")
    with running(scenario, folder) as site:
        database = Database(site.database_url)
        try:
            return _Trial(scenario, site, database, say).run()
        finally:
            database.close()


class _Trial:
    def __init__(self, scenario: Scenario, site: Site, database: Database, say: Callable[[str], None]) -> None:
        self._scenario = scenario
        self._site = site
        self._database = database
        self._schedules = Schedules(database, DatabaseClock(database))
        self._say = say

    def run(self) -> Outcome:
        scenario, site = self._scenario, self._site
        with psycopg.connect(site.database_url, autocommit=True, application_name="chaos") as observer:
            killer = Killer(site, observer, site.folder / "faults.log")
            eventually(lambda: self._all_there(killer), within=START_SECONDS, message="nodes or workers did not start")
            ids, end_at = self._create()
            plan = faults(scenario)
            self._say(f"{len(ids)} schedules; {len(plan)} faults in {scenario.seconds:g} s, by seed {scenario.seed}")
            editor = Editor(self._schedules, ids, end_at, scenario.seed, site.folder / "edits.log")
            editor.start()
            try:
                killer.run(plan, scenario.seconds)
            finally:
                edits = editor.stop()
            self._say("the faults are over; waiting until every run has ended")
            self._drain(killer)
        return self._judged(killer, edits.pauses, edits.count)

    def _all_there(self, killer: Killer) -> bool:
        killer.attend()
        assert not killer.died_by_themselves, killer.died_by_themselves
        with self._database.read() as tx:
            counts = [
                tx.connection.execute(select(func.count()).select_from(each)).scalar_one() for each in (nodes, workers)
            ]
        return counts == [len(self._site.nodes), len(self._site.workers)]

    def _create(self) -> tuple[list[UUID], datetime]:
        """Create the schedules, to begin all at once when they are there; return their ids, and when they end."""
        scenario = self._scenario
        lead = _LEAD + timedelta(seconds=scenario.schedules / _CREATED_PER_SECOND)
        start_at = datetime.now(UTC).replace(microsecond=0) + lead
        end_at = start_at + timedelta(seconds=round(scenario.seconds + _TAIL_SECONDS))
        ids = [self._schedules.create(document, actor="chaos").id for document in documents(scenario, start_at, end_at)]
        eventually(lambda: datetime.now(UTC) >= start_at, within=lead.total_seconds() + 1)
        return ids, end_at

    def _drain(self, killer: Killer) -> None:
        """Wait until no fire time is to come and no run is open, as long as there is progress."""
        best, best_at = None, time.monotonic()
        while time.monotonic() - best_at < STANDSTILL_SECONDS:
            killer.attend()
            with suppress(DatabaseUnavailableError):
                open_now = self._open()
                if open_now == 0:
                    return
                if best is None or open_now < best:
                    best, best_at = open_now, time.monotonic()
            time.sleep(0.2)

    def _open(self) -> int:
        """Return how much is to come: runs that have not ended, and schedules with fire times undecided."""
        ended = sorted(state.value for state in TERMINAL)
        with self._database.read() as tx:
            open_runs: int = tx.connection.execute(
                select(func.count()).select_from(runs).where(runs.c.state.not_in(ended))
            ).scalar_one()
            undecided: int = tx.connection.execute(
                select(func.count()).select_from(schedules).where(schedules.c.next_fire_time.is_not(None))
            ).scalar_one()
        return open_runs + undecided

    def _judged(self, killer: Killer, pauses: Any, edits: int) -> Outcome:
        names, versions, records = evidence.ledger(self._database)
        logs = evidence.read_logs(member.log for member in self._site.members)
        found = Evidence(
            names=names,
            versions=versions,
            pauses=pauses,
            records=records,
            executions=diary.read(self._site.diary),
            deaths=killer.deaths,
            ended_by_themselves=killer.died_by_themselves,
            strange_lines=logs.strange,
        )
        return Outcome(judge(found), numbers(found, logs, Counter(kind.value for kind in killer.done), edits))
