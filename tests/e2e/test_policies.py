"""Policies in the browser: set in the form, told on the page; a run asked for with arguments, a run cancelled."""

import re

from playwright.sync_api import Page, expect

from e2e.local_server import LocalServer

expect.set_options(timeout=30_000)


def begin(page: Page, server: LocalServer, name: str, task: str = "punctual.heartbeat") -> None:
    page.goto(f"{server.url}/schedules/new")
    page.get_by_label("Name").fill(name)
    page.get_by_role("combobox", name="Task").fill(task)
    page.get_by_label("Trigger").fill("0 2 * * *")


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option).click()


def test_policies_are_set_in_the_form_told_on_the_page_and_taken_back(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    begin(page, server, "governed")
    policies = page.get_by_role("button", name="Policies")
    expect(policies).to_have_attribute("aria-expanded", "false")
    policies.click()
    choose(page, "While another run has not ended", "Skip the new run")
    page.get_by_label("Shared limit: key").fill("db")
    page.get_by_label("Shared limit: runs at once").fill("3")
    page.get_by_label("Attempts in all").fill("3")
    page.get_by_label("First pause").fill("1m")
    expect(page.get_by_text("sent 1 min after the first one failed, then after 2 min")).to_be_visible()
    page.get_by_label("Timeout").fill("soon")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_label("Timeout")).to_have_accessible_description(re.compile("Enter a duration"))
    page.get_by_label("Timeout").fill("400d")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_label("Timeout")).to_have_accessible_description(re.compile("366 days"))
    page.get_by_label("Timeout").fill("5m")
    page.get_by_role("button", name="Create schedule").click()

    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("While a run has not ended, further ones are skipped.")
    expect(details).to_contain_text("At most 3 at once with key 'db'.")
    expect(details).to_contain_text("Up to 3 attempts, with pauses of 1m and 2m.")
    expect(details).to_contain_text("An attempt is terminated after 5m.")
    expect(details).not_to_contain_text("Lost runs")
    stored = server.schedule("governed")
    assert (stored["overlap"], stored["concurrency"]) == ("skip", {"key": "db", "limit": 3})
    assert (stored["retry"]["attempts"], stored["retry"]["delay"], stored["timeout"]) == (3, 60, 300)

    page.get_by_role("link", name="Edit").click()
    expect(policies).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("combobox", name="While another run has not ended")).to_have_value("Skip the new run")
    page.get_by_label("Shared limit: key").fill("")
    page.get_by_label("Timeout").fill("")
    page.get_by_role("button", name="Save changes").click()
    expect(details).to_contain_text("version 2")
    expect(details).not_to_contain_text("Shared limit")
    stored = server.schedule("governed")
    assert (stored["concurrency"], stored["timeout"], stored["retry"]["attempts"]) == (None, None, 3)


def test_message_options_are_set_in_the_form_told_on_the_page_and_taken_back(
    signed_in: Page, server: LocalServer
) -> None:
    page = signed_in
    begin(page, server, "by exchange")
    page.get_by_role("button", name="Advanced").click()
    page.get_by_label("Exchange").fill("reports")
    page.get_by_label("Priority").fill("0")
    page.get_by_label("Headers").fill('{"tenant": "a"}')
    page.get_by_label("Time limit", exact=True).fill("1m")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_label("Routing key")).to_have_accessible_description(re.compile("needs a routing key"))
    page.get_by_label("Routing key").fill("daily")
    page.get_by_role("button", name="Create schedule").click()

    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("Sent to the exchange 'reports' with routing key 'daily'.")
    expect(details).to_contain_text("Sent with priority 0")
    expect(details).to_contain_text("Celery kills its process")
    expect(details).not_to_contain_text("routing decides")
    stored = server.schedule("by exchange")
    assert (stored["exchange"], stored["headers"], stored["time_limit"]) == ("reports", {"tenant": "a"}, 60)

    page.get_by_role("link", name="Edit").click()
    page.get_by_label("Exchange").fill("")
    page.get_by_label("Routing key").fill("")
    page.get_by_label("Headers").fill("")
    page.get_by_role("button", name="Save changes").click()
    expect(details).to_contain_text("version 2")
    stored = server.schedule("by exchange")
    assert (stored["exchange"], stored["routing_key"], stored["headers"], stored["priority"]) == (None, None, {}, 0)


def test_a_run_between_two_attempts_says_when_the_next_one_comes_and_is_cancelled(
    signed_in: Page, server: LocalServer
) -> None:
    page = signed_in
    begin(page, server, "tried again", "punctual.backup_sqlite")
    page.get_by_label("source", exact=True).fill("/nowhere/app.db")
    page.get_by_label("destination", exact=True).fill("/nowhere/backups")
    page.get_by_role("button", name="Policies").click()
    page.get_by_label("Attempts in all").fill("3")
    page.get_by_label("First pause").fill("50m")
    page.get_by_role("button", name="Create schedule").click()
    page.get_by_role("button", name="Run now").click()
    page.get_by_role("button", name="See the run").click()
    expect(page.get_by_role("region", name="Error of attempt 1")).to_contain_text("/nowhere/app.db")
    expect(page.get_by_role("region", name="Times")).to_contain_text("not yet, to be sent")

    page.get_by_role("button", name="Cancel").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("It is retrying.")
    dialog.get_by_label("Why? (optional)").fill("it will not work")
    dialog.get_by_role("button", name="Cancel the run").click()
    expect(page.get_by_role("alert").filter(has_text="no worker starts it any more")).to_be_visible()
    expect(page.get_by_role("note")).to_contain_text("while it was retrying: it will not work")
    expect(page.get_by_text("cancelled", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Run again")).to_be_visible()


def test_a_run_is_asked_for_with_arguments_of_its_own(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    begin(page, server, "asked for")
    page.get_by_label("note").fill("of the schedule")
    page.get_by_role("button", name="Create schedule").click()
    page.get_by_role("button", name="Run with other arguments").click()
    dialog = page.get_by_role("dialog")
    note = dialog.get_by_label("note", exact=True)
    expect(note).to_have_value("of the schedule")
    note.fill("")
    dialog.get_by_role("button", name="Run now").click()
    expect(note).to_have_accessible_description(re.compile("not left out"))
    note.fill("of this run")
    dialog.get_by_role("button", name="Run now").click()
    page.wait_for_url("**/runs/*")
    expect(page.get_by_role("region", name="Result").first).to_contain_text('"note": "of this run"')
    assert server.schedule("asked for")["kwargs"] == {"note": "of the schedule"}
