"""A thousand times the schedules, and ten times the runs, of `many_runs`: made by PostgreSQL itself."""

from sqlalchemy import text

from punctual.store.database import Database
from store.many_runs import fill

_RUNS = """
INSERT INTO runs (id, state, fire_time, due_time, queued_at, finished_at, covered_until, schedule_id, schedule_version,
                  cause, attempt, covered_count, covered_count_exact)
SELECT gen_random_uuid(), state, fire_time + later, due_time + later, queued_at + later, finished_at + later,
       covered_until + later, schedule_id, schedule_version, cause, attempt, covered_count, covered_count_exact
FROM runs, (SELECT n * interval '1 year' AS later FROM generate_series(1, 9) AS n) AS years
"""

_SCHEDULES = """
INSERT INTO schedules (id, name, next_fire_time, next_due_time, task, version, paused, run_count, failure_streak,
                       error_count, created_at, updated_at)
SELECT gen_random_uuid(), name || '-' || n, next_fire_time, next_due_time, task, version, paused, run_count,
       failure_streak, error_count, created_at, updated_at
FROM schedules, generate_series(1, 999) AS n
"""


def fill_to_the_brim(database: Database) -> None:
    """Make 100,000 schedules, of which 100 have runs, and 1,000,000 runs over ten years; three in a thousand failed."""
    fill(database)
    with database.write() as tx:
        tx.dialect.lift_limits(tx.connection)
        # Otherwise each row would look for its schedule.
        tx.connection.execute(text("ALTER TABLE runs DISABLE TRIGGER ALL"))
        tx.connection.execute(text(_RUNS))
        tx.connection.execute(text(_SCHEDULES))
        tx.connection.execute(text("ALTER TABLE runs ENABLE TRIGGER ALL"))
        tx.connection.execute(text("ANALYZE"))
