"""Running again what has run, and skipping what is next, in the browser."""

from playwright.sync_api import Page, expect

from e2e.local_server import LocalServer

expect.set_options(timeout=30_000)


def make(page: Page, server: LocalServer, name: str) -> None:
    page.goto(f"{server.url}/schedules/new")
    page.get_by_label("Name").fill(name)
    page.get_by_role("combobox", name="Task").fill("punctual.heartbeat")
    page.get_by_label("Trigger").fill("0 2 * * *")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_a_run_that_has_ended_is_done_again(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    make(page, server, "again")
    page.get_by_role("button", name="Run now").click()
    page.get_by_role("button", name="See the run").click()
    expect(page.get_by_text("succeeded").first).to_be_visible()
    first = page.url
    page.get_by_role("button", name="Run again").click()
    page.wait_for_url(lambda url: "/runs/" in url and url != first)
    expect(page.get_by_text("succeeded").first).to_be_visible()


def test_the_next_run_is_skipped_and_that_is_taken_back(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    make(page, server, "not-now")
    page.get_by_role("button", name="More for not-now").click()
    page.get_by_role("menuitem", name="Skip the next run").click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("To be skipped")
    assert len(server.schedule("not-now")["status"]["skips"]) == 1
    upcoming = page.get_by_role("region", name="Next fire times")
    expect(upcoming.get_by_role("listitem").first).to_contain_text("skipped")
    page.get_by_role("button", name="Undo").click()
    expect(details).not_to_contain_text("To be skipped")
    expect(upcoming.get_by_role("listitem").first).not_to_contain_text("skipped")
    assert server.schedule("not-now")["status"]["skips"] == []
