"""The page of a run: what its task tells is seen while it runs, and its arguments without their secrets."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from e2e.local_server import LocalServer
from punctual.domain.report import Level, LogLine, Progress
from punctual.domain.run import RunState
from punctual.store import run_logs
from punctual.store.clock import DatabaseClock
from punctual.store.database import Database
from worker_records import end, start


@pytest.fixture
def database(server: LocalServer) -> Iterator[Database]:
    database = Database(server.database_url)
    yield database
    database.close()


def test_progress_and_log_are_seen_while_a_task_runs(signed_in: Page, server: LocalServer, database: Database) -> None:
    page, clock = signed_in, DatabaseClock(database)
    labels = {"team": "payments", "tier": "1"}
    kwargs = {"source": "/srv", "password": "hunter2"}
    run_id = server.run_of_nobody(name="import orders", service="shop", labels=labels, kwargs=kwargs)

    def tell(done: float, number: int, level: Level, text: str) -> None:
        with database.write() as tx:
            now = clock.now()
            progress = Progress(done=done, total=6000, note="reading orders", at=now)
            assert run_logs.set_progress(tx, run_id, progress, attempt=1)
            assert run_logs.add(tx, run_id, [LogLine(number, now, 1, level, text)])

    with database.write() as tx:
        assert start(tx, run_id, at=clock.now(), worker="celery@shop-1")
    tell(1500, 1, Level.INFO, "the first of many")
    page.goto(f"{server.url}/runs/{run_id}")
    expect(page.get_by_role("region", name="What runs")).to_contain_text('password="********"')
    expect(page.get_by_role("region", name="Progress")).to_contain_text("1,500 of 6,000 (25 %)")
    log = page.get_by_role("region", name="Lines of the log")
    expect(log).to_contain_text("the first of many")
    tell(3000, 2, Level.WARNING, "order 7 is empty")
    expect(page.get_by_role("region", name="Progress")).to_contain_text("50 %")
    expect(log).to_contain_text("order 7 is empty")

    rows = [{"order": number, "note": "x" * 40} for number in range(10)]
    with database.write() as tx:
        assert end(
            tx, run_id, RunState.SUCCEEDED, at=clock.now(), worker="celery@shop-1", result=rows, result_size=3_355_443
        )
    expect(page.get_by_role("region", name="Result").first).to_contain_text("first part of 3.2 MB")
    expect(page.get_by_role("region", name="Times")).to_contain_text("celery@shop-1")

    page.get_by_role("link", name="import orders, version 1").click()
    page.get_by_role("link", name="team=payments").click()
    page.wait_for_url("**/schedules?label=team%3Dpayments")
    expect(page.get_by_role("link", name="import orders")).to_be_visible()
    page.get_by_role("link", name="import orders").click()
    page.get_by_role("link", name="shop", exact=True).click()
    page.wait_for_url("**/schedules?service=shop")
    expect(page.get_by_role("link", name="import orders")).to_be_visible()


def test_a_run_that_told_nothing_says_how_it_could(signed_in: Page, server: LocalServer, database: Database) -> None:
    run_id = server.run_of_nobody(name="silent")
    with database.write() as tx:
        assert start(tx, run_id, at=DatabaseClock(database).now())
    signed_in.goto(f"{server.url}/runs/{run_id}")
    expect(signed_in.get_by_role("region", name="Log")).to_contain_text("punctual.current_run().log(…)")
