"""Running the past again, in the browser: what it would do, the progress, the runs, the cancel."""

from playwright.sync_api import Page, expect

from e2e.local_server import LocalServer

expect.set_options(timeout=30_000)


def make(page: Page, server: LocalServer, name: str, trigger: str) -> None:
    page.goto(f"{server.url}/schedules/new")
    page.get_by_label("Name").fill(name)
    page.get_by_role("combobox", name="Task").fill("punctual.heartbeat")
    page.get_by_label("Trigger").fill(trigger)
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_a_span_of_the_past_is_previewed_and_run(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    make(page, server, "past", "0 2 * * * UTC")
    backfills = page.get_by_role("region", name="Backfills")
    expect(backfills).to_contain_text("No backfills yet")
    page.get_by_role("button", name="More for past").click()
    page.get_by_role("menuitem", name="Backfill…").click()
    dialog = page.get_by_role("dialog", name="Backfill past")
    expect(dialog).to_contain_text("1 fire time. 1 would run.")
    dialog.get_by_label("From").fill("2026-07-01T00:00")
    dialog.get_by_label("Until").fill("2099-07-05T00:00")
    expect(dialog).to_contain_text("Is still to come. Leave it out to backfill up to now.")
    dialog.get_by_label("Until").fill("2026-07-05T00:00")
    expect(dialog).to_contain_text("4 fire times. 4 would run.")
    dialog.get_by_label("At once").fill("0")
    expect(dialog).to_contain_text("Enter a whole number from 1 to 1000.")
    dialog.get_by_label("At once").fill("2")
    dialog.get_by_role("button", name="Start the backfill").click()
    expect(dialog).to_be_hidden()
    expect(backfills).to_contain_text("4 of 4 fire times · 4 succeeded")
    expect(backfills).to_contain_text("done")
    expect(backfills.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    backfills.get_by_role("link", name="Its runs").click()
    runs = page.get_by_role("table", name="Runs")
    expect(runs.get_by_role("row")).to_have_count(5)
    expect(page.get_by_role("region", name="Backfill of past")).to_contain_text("4 succeeded")
    runs.get_by_role("link").first.click()
    page.get_by_role("link", name="All runs of its backfill").click()
    expect(page.get_by_role("region", name="Backfill of past")).to_be_visible()


def test_a_backfill_is_cancelled(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    make(page, server, "too-much", "* * * * *")
    backfills = page.get_by_role("region", name="Backfills")
    backfills.get_by_role("button", name="Backfill…").click()
    dialog = page.get_by_role("dialog", name="Backfill too-much")
    dialog.get_by_label("From").fill("2026-01-01T00:00")
    expect(dialog).to_contain_text("At least 20,000 fire times.")
    dialog.get_by_role("button", name="Start the backfill").click()
    backfills.get_by_role("button", name="Cancel").click()
    page.get_by_role("menuitem", name="Cancel; what runs may end").click()
    expect(backfills).to_contain_text("cancelled")
    expect(backfills.get_by_role("button", name="Cancel")).to_be_hidden()
