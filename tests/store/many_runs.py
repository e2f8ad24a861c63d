"""A ledger of 100,000 runs, made by the database itself."""

from datetime import timedelta

from sqlalchemy import text

from punctual.control.schedules import Schedules
from punctual.store.database import Database
from punctual.testing import ManualClock

COUNT = 100_000
SCHEDULES = 100
EVERY = timedelta(minutes=1)
START = ManualClock().now()
"""The run number n is of the schedule n % 100, n // 100 minutes after this."""

_SQLITE = """
INSERT INTO runs (id, schedule_id, schedule_version, cause, state, fire_time, due_time, queued_at, finished_at,
                  attempt, covered_until, covered_count, covered_count_exact)
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count - 1),
     numbered AS (SELECT id, row_number() OVER (ORDER BY name) - 1 AS place FROM schedules),
     times AS (SELECT n % :schedules AS place,
                      strftime('%Y-%m-%d %H:%M:%S.000000', :start, (n / :schedules * 60) || ' seconds') AS t,
                      CASE WHEN n % 1000 = 7 THEN 'failed' WHEN n % 1000 = 8 THEN 'missed'
                           WHEN n % 1000 = 9 THEN 'queued' ELSE 'succeeded' END AS state FROM numbers)
SELECT lower(hex(randomblob(16))), id, 1, 'schedule', state, t, t, t, CASE WHEN state <> 'queued' THEN t END,
       1, CASE WHEN state = 'missed' THEN t END, CASE WHEN state = 'missed' THEN 1 END, 1
FROM times JOIN numbered USING (place)
"""

_POSTGRES = """
INSERT INTO runs (id, schedule_id, schedule_version, cause, state, fire_time, due_time, queued_at, finished_at,
                  attempt, covered_until, covered_count, covered_count_exact)
WITH numbered AS (SELECT id, row_number() OVER (ORDER BY name) - 1 AS place FROM schedules),
     times AS (SELECT n % :schedules AS place,
                      CAST(:start AS timestamptz) + n / :schedules * interval '60 seconds' AS t,
                      CASE WHEN n % 1000 = 7 THEN 'failed' WHEN n % 1000 = 8 THEN 'missed'
                           WHEN n % 1000 = 9 THEN 'queued' ELSE 'succeeded' END AS state
               FROM generate_series(0, :count - 1) AS n)
SELECT gen_random_uuid(), id, 1, 'schedule', state, t, t, t, CASE WHEN state <> 'queued' THEN t END,
       1, CASE WHEN state = 'missed' THEN t END, CASE WHEN state = 'missed' THEN 1 END, true
FROM times JOIN numbered USING (place)
"""


def fill(database: Database) -> None:
    """Make 100 schedules with 1,000 runs each; three in a thousand have not succeeded."""
    control = Schedules(database, ManualClock())
    for number in range(SCHEDULES):
        document = {"name": f"s{number:03}", "task": f"t{number % 10}", "trigger": "@yearly"}
        control.create(document, actor="t", allow_unknown_task=True)
    with database.write() as tx:
        sqlite = tx.connection.engine.dialect.name == "sqlite"
        start = START.strftime("%Y-%m-%d %H:%M:%S") if sqlite else START
        values = {"count": COUNT, "schedules": SCHEDULES, "start": start}
        tx.connection.execute(text(_SQLITE if sqlite else _POSTGRES), values)
    if not sqlite:
        with database.write() as tx:
            tx.connection.execute(text("ANALYZE"))
