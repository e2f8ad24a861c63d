"""What the processes of a pool end is counted, each run once, though the processes come and go."""

from collections import Counter

from integration.celery.site import Site
from punctual.domain.run import TERMINAL
from punctual.store import totals


def test_every_end_in_a_child_that_is_soon_replaced_is_counted(postgres_site: Site) -> None:
    site = postgres_site
    runs = [site.record("served_app.add", number, 1) for number in range(24)]
    runs += [site.record("served_app.fail", "no") for _ in range(8)]
    with site.worker("--pool", "prefork", "--concurrency", "2", "--max-tasks-per-child", "3"):
        for run in runs:
            site.send(run)
        states = Counter((run.task, site.ended(run.id).state) for run in runs)
    with site.database.read() as tx:
        counted = {
            (total.task, state): counts.numbers["ended"]
            for total in totals.of_tasks(tx)
            for state, counts in total.by_state.items()
        }
        measured = {total.task: total.by_state for total in totals.of_tasks(tx)}
    assert counted == states
    assert {state for _, state in states} <= TERMINAL
    ran = measured["served_app.add"]["succeeded"].numbers
    assert sum(count for name, count in ran.items() if name.startswith("run_time_") and name != "run_time_sum") == 24
