"""Calendars in the browser: made from drafts, shown as a year, used by schedules, changed and deleted."""

import re
from urllib.parse import quote

from playwright.sync_api import Page, expect

from e2e.local_server import LocalServer

expect.set_options(timeout=20_000)


def make_calendar(page: Page, server: LocalServer, name: str, dates: str, label: str) -> None:
    """Make a calendar of whole days in the time zone of the browser."""
    page.goto(f"{server.url}/calendars/new")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_role("menuitem", name=re.compile("^Dates")).click()
    page.get_by_role("textbox", name="Dates").fill(dates)
    page.get_by_label("Label", exact=True).fill(label)
    page.get_by_role("button", name="Create calendar").click()
    page.wait_for_url(f"**/calendars/{quote(name)}")


def test_an_empty_list_leads_to_public_holidays_and_the_year_shows_their_names(page: Page, server: LocalServer) -> None:
    # Other tests may have made calendars before: the list, and only the list, is answered as on the first day.
    page.route("**/api/v1/calendars?*", lambda route: route.fulfill(json={"items": [], "next_cursor": None}))
    page.goto(server.sign_in_link())
    page.get_by_role("link", name="Calendars").first.click()
    page.get_by_role("link", name="Public holidays").click()
    page.get_by_label("Name").fill("bavarian holidays")
    page.get_by_role("combobox", name="Country").fill("german")
    page.get_by_role("option", name="Germany").click()
    page.get_by_label("Region").fill("BY")
    page.get_by_role("button", name="Create calendar").click()

    page.wait_for_url("**/calendars/bavarian%20holidays")
    expect(page.get_by_role("region", name="Rules")).to_contain_text("public holidays of Germany, BY")
    new_year = page.get_by_role("region", name="January").get_by_role("button").first
    expect(new_year).to_have_accessible_name(re.compile(r"1 January \d+: New Year's Day \(whole day\)"))
    new_year.focus()
    expect(page.get_by_role("status").first).to_contain_text("New Year's Day (whole day)")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("status").first).to_contain_text("2 January")


def test_the_year_of_a_calendar_is_shown_while_its_rules_are_typed(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    page.goto(f"{server.url}/calendars/new?start=hours")
    monday = page.get_by_role("button", name=re.compile("^Monday 5 January 2026:|^Monday, 5 January 2026:"))
    page.get_by_role("button", name="Add a rule").click()
    page.get_by_role("menuitem", name=re.compile("^Range")).click()
    page.get_by_label("From").last.fill("2026-01-05")
    page.get_by_label("Until, included").fill("2026-01-05")
    for _ in range(40):  # from the present year back to 2026
        if page.get_by_role("heading", name="Year 2026").is_visible():
            break
        page.get_by_role("button", name=re.compile(r"^Year \d+$")).first.click()
    expect(monday).to_have_accessible_name(re.compile(r"\(whole day\)"))
    page.get_by_role("button", name="Remove the rule Range").click()
    expect(monday).to_have_accessible_name(re.compile(r"\(part of the day\)"))


def test_a_fault_of_a_rule_is_told_at_its_field_and_nothing_is_made(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    page.goto(f"{server.url}/calendars/new?start=hours")
    page.get_by_label("Name").fill("never made")
    page.get_by_label("From").fill("9 am")
    page.get_by_role("button", name="Create calendar").click()
    hours = page.get_by_label("From")
    expect(hours).to_have_attribute("aria-invalid", "true")
    expect(hours).to_have_accessible_description(re.compile("is no time of day"))
    expect(hours).to_be_focused()
    page.get_by_role("button", name="Remove the rule Weekly hours").click()
    page.get_by_role("button", name="Create calendar").click()
    expect(page.get_by_text("Add at least one rule.")).to_be_visible()
    assert "never made" not in server.calendar_names()


def test_a_schedule_skips_what_its_calendar_closes_and_the_calendar_cannot_be_deleted_then(
    signed_in: Page, server: LocalServer
) -> None:
    page = signed_in
    make_calendar(page, server, "new year", "2031-01-01", "New Year")
    page.goto(f"{server.url}/schedules/new")
    page.get_by_label("Name").fill("not on new year")
    page.get_by_role("combobox", name="Task").fill("punctual.heartbeat")
    page.get_by_label("Trigger").fill("0 2 * * * Europe/Berlin")
    page.get_by_role("button", name="When it may run").click()
    page.get_by_label("Start", exact=True).fill("2031-01-01T00:00")
    page.get_by_role("combobox", name="Blackout calendars").click()
    page.get_by_role("option", name="new year", exact=True).click()
    listed = page.get_by_role("region", name="Preview").get_by_role("listitem")
    expect(listed.nth(0)).to_contain_text('calendar "new year" (New Year)')
    expect(listed.nth(0).locator("time")).to_have_css("text-decoration-line", "line-through")
    expect(listed.nth(1).locator("time")).not_to_have_css("text-decoration-line", "line-through")
    page.get_by_role("button", name="Create schedule").click()

    page.get_by_role("region", name="Details").get_by_role("link", name="new year").click()
    used_by = page.get_by_role("region", name="Used by")
    expect(used_by.get_by_role("link", name="not on new year")).to_be_visible()
    page.get_by_role("button", name="More for new year").click()
    expect(page.get_by_text("1 schedule uses it; take it out first.")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Delete")).to_be_disabled()


def test_a_calendar_is_changed_deleted_and_brought_back(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    make_calendar(page, server, "inventory", "2031-06-30", "Inventory")
    page.get_by_role("link", name="Edit").click()
    page.get_by_role("textbox", name="Dates").fill("2031-06-30, 2031-12-31")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("region", name="Rules")).to_contain_text("2031-06-30, 2031-12-31")
    expect(page.get_by_role("region", name="Details")).to_contain_text("version 2")

    page.get_by_role("button", name="More for inventory").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.wait_for_url("**/calendars")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="inventory")).to_be_visible()
    assert "inventory" in server.calendar_names()


def test_a_file_of_another_program_becomes_a_calendar_and_a_wrong_one_is_refused(
    signed_in: Page, server: LocalServer
) -> None:
    page = signed_in
    page.goto(f"{server.url}/calendars/new?start=import")
    file = page.locator("input[type=file]")
    file.set_input_files({"name": "office closed.ics", "mimeType": "text/calendar", "buffer": b"no calendar"})
    page.get_by_role("button", name="Import calendar").click()
    expect(page.get_by_text("This is no iCalendar file")).to_be_visible()
    assert "office closed" not in server.calendar_names()

    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Example//EN",
        "BEGIN:VEVENT",
        "UID:1@example.com",
        "DTSTAMP:20260101T000000Z",
        "DTSTART;VALUE=DATE:20261224",
        "SUMMARY:Christmas Eve",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    good = "\r\n".join(lines).encode()
    file.set_input_files({"name": "office closed.ics", "mimeType": "text/calendar", "buffer": good})
    expect(page.get_by_label("Name")).to_have_value("office closed")
    page.get_by_role("button", name="Import calendar").click()
    expect(page.get_by_role("status")).to_contain_text("names no time zone")
    page.get_by_role("button", name="Open the calendar").click()
    page.wait_for_url("**/calendars/office%20closed")
    expect(page.get_by_role("region", name="Rules")).to_contain_text("Christmas Eve")
