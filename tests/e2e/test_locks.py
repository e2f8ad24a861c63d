"""The locks that tasks hold, in the browser: seen, and released."""

from datetime import timedelta

from playwright.sync_api import Page, expect

from e2e.local_server import LocalServer
from punctual.domain.clock import SystemClock
from punctual.domain.lock import Claim, Holder, Purpose
from punctual.store import locks
from punctual.store.database import Database


def test_a_lock_is_seen_and_released(signed_in: Page, server: LocalServer) -> None:
    page, now = signed_in, SystemClock().now()
    holder = Holder(function="proj.tasks.charge", host="one", pid=7, task_id="t-1", worker="celery@one")
    database = Database(server.database_url)
    with database.write() as tx:
        locks.acquire(tx, Claim(Purpose.EXCLUSIVE, "invoice:7"), holder, at=now, lease=timedelta(hours=1))
    database.close()
    page.goto(f"{server.url}/system")
    table = page.get_by_role("table", name="Locks")
    expect(table.get_by_role("row")).to_have_count(2)
    for text in ("invoice:7", "exclusive", "proj.tasks.charge", "celery@one", "process 7"):
        expect(table).to_contain_text(text)
    page.get_by_role("button", name="Release invoice:7").click()
    page.get_by_role("menuitem", name="Let others take it; its task goes on").click()
    expect(table).to_be_hidden()
