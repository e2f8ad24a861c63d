"""What a node asks all the time goes by an index: asked of the database, with 100,000 schedules and 1,000,000 runs.

On SQLite there are fewer, because its plans do not depend on how much there is.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from punctual.domain.identity import new_id
from punctual.store import admission, agenda, attempts, failures, outbox, runs, schedules, waiting
from punctual.store.attempts import Runner
from punctual.store.database import Database, Transaction
from punctual.store.ledger import Lease
from punctual.store.tables import runs as run_table
from punctual.store.tables import schedules as schedule_table
from store.many_more import fill_to_the_brim
from store.many_runs import START, fill
from store.query_plans import plans

NOW = START + timedelta(days=1)


def some_run(tx: Transaction) -> UUID:
    key: UUID = tx.connection.execute(select(run_table.c.id).limit(1)).scalar_one()
    return key


def test_no_question_of_a_node_reads_a_whole_table(database: Database, database_url: str) -> None:
    sqlite = database_url.startswith("sqlite")
    size = (100, 100_000) if sqlite else (100_000, 1_000_000)
    (fill if sqlite else fill_to_the_brim)(database)
    with database.read() as tx:
        assert (
            tuple(
                tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (schedule_table, run_table)
            )
            == size
        )
        run = some_run(tx)
        schedule = schedules.find_id(tx, "s050")
    assert schedule is not None
    key = schedule
    lease = Lease(new_id(), NOW)
    questions: dict[str, tuple[tuple[str, ...], Callable[[Transaction], object]]] = {
        "what is due": (("ix_schedules_due",), lambda tx: schedules.claim_due(tx, NOW, limit=1000)),
        "what comes next": (
            ("ix_schedules_due", "ix_runs_unsent", "ix_runs_deadline", "ix_runs_buffered", "ix_runs_stop"),
            agenda.read,
        ),
        "what is unsent": (("ix_runs_unsent",), lambda tx: outbox.claim_unsent(tx, NOW, lease=lease, limit=1000)),
        "who is there already": (("ix_runs_open",), lambda tx: admission.Admission(tx, [key])),
        "who waits": (("ix_runs_buffered",), waiting.is_any),
        "who is free": (
            ("ix_runs_buffered", "ix_runs_open", "ix_runs_concurrency"),
            lambda tx: waiting.free(tx, limit=500),
        ),
        "what is overdue": (("ix_runs_deadline",), lambda tx: attempts.overdue(tx, NOW, limit=500)),
        "who lost its worker": (("ix_runs_running",), lambda tx: attempts.orphans(tx, seen_since=NOW, limit=500)),
        "whom to stop": (("ix_runs_stop",), lambda tx: attempts.to_stop(tx, limit=500)),
        "an attempt starts": (
            (),
            lambda tx: attempts.start(tx, run, Runner("w"), attempt=9, deadline=None, at=NOW),
        ),
        "a run succeeds": ((), lambda tx: failures.forget(tx, run)),
        "what is skipped ahead": ((), lambda tx: runs.skip_pending(tx, key, reason="r", at=NOW)),
    }
    for question, (indexes, ask) in questions.items():
        told = "\n".join(plans(database, ask))
        assert all(index in told for index in indexes), f"{question}:\n{told}"
        whole = ("Seq Scan on runs", "Seq Scan on schedules", "SCAN runs\n", "SCAN schedules\n")
        assert not any(word in f"{told}\n" for word in whole), f"{question}:\n{told}"
