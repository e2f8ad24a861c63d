"""The page of workers and queues, and what is told of a schedule that nobody would run."""

import httpx
from playwright.sync_api import Page, expect

from e2e.local_server import LocalServer


def test_a_queue_that_nobody_consumes_is_told_on_the_schedule_in_the_list_and_among_the_queues(
    signed_in: Page, server: LocalServer
) -> None:
    page = signed_in
    schedule = {"name": "to-the-moon", "task": "punctual.heartbeat", "trigger": "every 1h", "queue": "moon"}
    headers = {"authorization": f"Bearer {server.token}"}
    httpx.post(f"{server.url}/api/v1/schedules", json=schedule, headers=headers).raise_for_status()

    page.goto(f"{server.url}/schedules?q=to-the-moon")
    expect(page.get_by_text("queue not consumed")).to_be_visible()
    page.get_by_role("link", name="to-the-moon").click()
    expect(page.get_by_role("status").filter(has_text="No living worker consumes the queue moon")).to_be_visible()
    page.get_by_role("button", name="Run now").click()

    page.get_by_role("link", name="Workers", exact=True).click()
    row = page.get_by_role("row").filter(has_text="moon")
    expect(row).to_contain_text("1", timeout=60_000)
    expect(page.get_by_role("status").filter(has_text="Start a worker with -Q moon.")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("listitem").filter(has_text="celery@")).to_contain_text("prefork")
