"""What bounds a schedule, in the browser: its form, its preview, its page."""

import re

from playwright.sync_api import Page, expect

from e2e.local_server import LocalServer

expect.set_options(timeout=20_000)


def begin_schedule(page: Page, server: LocalServer, name: str, trigger: str) -> None:
    """Fill in what every schedule needs, and unfold what bounds it."""
    page.goto(f"{server.url}/schedules/new")
    page.get_by_label("Name").fill(name)
    page.get_by_role("combobox", name="Task").fill("punctual.heartbeat")
    page.get_by_label("Trigger").fill(trigger)
    page.get_by_role("button", name="When it may run").click()


def test_a_schedule_with_jitter_and_a_number_of_runs_is_made_and_changed(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    begin_schedule(page, server, "bounded", "0 2 * * *")
    page.get_by_label("Jitter").fill("5m")
    page.get_by_label("Number of runs").fill("3")
    preview = page.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("at most 3 runs")
    expect(preview).to_contain_text("sent up to 5m later")
    expect(preview.get_by_role("listitem")).to_have_count(3)

    page.get_by_role("button", name="Create schedule").click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("up to 5 min")
    expect(details).to_contain_text("0 of 3")
    stored = server.schedule("bounded")
    assert (stored["jitter"], stored["max_runs"]) == (300, 3)

    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Jitter")).to_have_value("5m")
    page.get_by_label("Jitter").fill("")
    page.get_by_role("button", name="Save changes").click()
    expect(details).to_contain_text("version 2")
    expect(details).not_to_contain_text("up to 5 min")
    stored = server.schedule("bounded")
    assert (stored["jitter"], stored["max_runs"]) == (0, 3)


def test_a_start_is_read_on_the_clocks_of_the_time_zone_of_the_trigger(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    begin_schedule(page, server, "from-new-year", "0 2 * * * America/New_York")
    start = page.get_by_label("Start", exact=True)
    expect(start).to_have_accessible_description(re.compile("on the clocks of America/New_York"))
    start.fill("2031-01-01T00:00")
    expect(page.get_by_role("region", name="Preview").get_by_role("listitem").first).to_contain_text("1 Jan")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_role("heading", name="from-new-year")).to_be_visible()
    assert server.schedule("from-new-year")["start_at"] == "2031-01-01T05:00:00Z"


def test_a_fault_of_the_bounds_is_told_at_its_field_and_nothing_is_made(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    begin_schedule(page, server, "never-made", "@daily")
    page.get_by_label("Start", exact=True).fill("2031-06-01T00:00")
    page.get_by_label("End", exact=True).fill("2031-01-01T00:00")
    expect(page.get_by_label("End", exact=True)).to_have_attribute("aria-invalid", "true")

    page.get_by_label("Jitter").fill("a bit")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_label("Jitter")).to_have_accessible_description(re.compile("such as 30s or 5m"))
    assert "never-made" not in server.schedule_names()


def test_a_skipped_fire_time_is_struck_through_in_the_preview_and_says_why(
    signed_in: Page, server: LocalServer
) -> None:
    page = signed_in
    note = 'skipped: Closed by the calendar "holidays" (New Year)'
    fire_times = [
        {"utc": f"2031-01-0{day}T02:00:00Z", "local": f"2031-01-0{day}T02:00:00+00:00", "timezone": "UTC"}
        for day in (1, 2)
    ]
    answer = {
        "trigger_text": "0 2 * * *",
        "words": "every day at 02:00 in UTC; not within 'holidays'",
        "fire_times": [
            fire_times[0] | {"due_time": None, "notes": [note]},
            fire_times[1] | {"due_time": "2031-01-02T09:30:00Z", "notes": []},
        ],
        "previous": [],
    }
    page.route("**/api/v1/preview", lambda route: route.fulfill(json=answer))
    begin_schedule(page, server, "never-made", "0 2 * * *")
    listed = page.get_by_role("region", name="Preview").get_by_role("listitem")
    skipped, moved = listed.nth(0), listed.nth(1)
    expect(skipped).to_contain_text(note)
    expect(skipped.locator("time")).to_have_css("text-decoration-line", "line-through")
    expect(moved.locator("time").first).not_to_have_css("text-decoration-line", "line-through")
    expect(moved.locator("time").last).to_have_text("09:30:00")


def test_an_instant_is_explained_and_so_is_a_coming_fire_time(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    begin_schedule(page, server, "explained", "0 2 * * *")
    page.get_by_role("button", name="Create schedule").click()
    explain = page.get_by_role("region", name="Explain")
    explain.get_by_label("Does it fire at this time?").fill("2031-01-01T03:30")
    explain.get_by_role("button", name="Explain").click()
    expect(explain.get_by_role("status")).to_contain_text("It does not fire on")
    expect(explain).to_contain_text("Wed 1 Jan, 02:00:00, 2031")
    expect(explain).to_contain_text("Thu 2 Jan, 02:00:00, 2031")

    page.get_by_role("region", name="Next fire times").get_by_role("button").first.click()
    expect(explain.get_by_role("status")).to_contain_text("It fires on")
