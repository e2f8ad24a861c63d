import re
from uuid import UUID

from playwright.sync_api import Locator, Page, expect

from e2e.local_server import LocalServer

expect.set_options(timeout=20_000)


def new_schedule(page: Page, server: LocalServer, name: str, trigger: str) -> None:
    page.goto(f"{server.url}/schedules/new")
    page.get_by_label("Name").fill(name)
    page.get_by_role("combobox", name="Task").fill("punctual.heartbeat")
    page.get_by_label("Trigger").fill(trigger)
    page.get_by_role("button", name="Create schedule").click()


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def test_a_sign_in_link_opens_the_ui_once_and_leaves_no_code_in_the_address(page: Page, server: LocalServer) -> None:
    link = server.sign_in_link()
    page.goto(link)
    page.wait_for_url("**/schedules")
    assert "code=" not in page.url

    page.context.clear_cookies()
    page.goto("about:blank")
    page.goto(link)
    expect(page.get_by_text("This link was used already or has expired.")).to_be_visible()
    expect(page.get_by_text("punctual sign-in").first).to_be_visible()
    assert page.url == f"{server.url}/sign-in"


def test_a_stranger_is_led_to_sign_in_and_then_where_they_wanted_to_go(page: Page, server: LocalServer) -> None:
    page.goto(f"{server.url}/tasks")
    page.wait_for_url("**/sign-in?next=*")
    page.get_by_label("Sign-in link or code").fill(server.sign_in_link())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/tasks")
    expect(page.get_by_role("heading", name=re.compile("punctual.heartbeat"))).to_be_visible()


def test_the_sample_leads_from_an_empty_list_to_a_run_that_succeeded(page: Page, server: LocalServer) -> None:
    # Other tests may have made schedules before: the list, and only the list, is answered as on the first day.
    page.route("**/api/v1/schedules?*", lambda route: route.fulfill(json={"items": [], "next_cursor": None}))
    page.goto(server.sign_in_link())
    page.get_by_role("link", name="Try a sample").click()
    expect(page.get_by_role("region", name="Preview").get_by_role("listitem")).to_have_count(5)
    page.get_by_role("button", name="Create schedule").click()

    expect(page.get_by_role("heading", name="heartbeat", exact=True)).to_be_visible()
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("table", name="Runs").get_by_text("succeeded").first).to_be_visible()


def test_a_schedule_is_made_runs_is_paused_edited_deleted_and_brought_back(
    signed_in: Page, server: LocalServer
) -> None:
    page = signed_in
    new_schedule(page, server, "every-two-seconds", "every 2s")
    expect(page.get_by_role("heading", name="every-two-seconds")).to_be_visible()

    runs = page.get_by_role("table", name="Runs")
    expect(runs.get_by_text("succeeded").first).to_be_visible()
    runs.get_by_role("row").filter(has_text="succeeded").first.get_by_role("link").click()
    page.wait_for_url("**/runs/*")
    UUID(page.url.rsplit("/", 1)[1])
    expect(page.get_by_role("region", name="Result").first).to_contain_text('"host"')
    expect(page.get_by_role("region", name="Times")).to_contain_text("Finished")
    page.get_by_role("link", name="every-two-seconds, version 1").click()

    page.get_by_role("button", name="Pause", exact=True).click()
    page.get_by_label("Why? (optional)").fill("The source is down")
    page.get_by_role("button", name="Pause the schedule").click()
    expect(page.get_by_role("alert").filter(has_text="The source is down")).to_be_visible()

    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Trigger")).to_have_value("every 2s")
    page.get_by_label("Trigger").fill("every 3s")
    page.get_by_label("note").fill("from the browser")
    page.get_by_role("button", name="Save changes").click()
    details = page.get_by_role("region", name="Details")
    expect(details).to_contain_text("every 3s")
    expect(details).to_contain_text('note="from the browser"')
    expect(details).to_contain_text("version 2")

    page.get_by_role("button", name="More for every-two-seconds").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.wait_for_url("**/schedules")
    expect(row(page, "every-two-seconds")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="every-two-seconds")).to_be_visible()
    assert "every-two-seconds" in server.schedule_names()


def test_a_bad_trigger_is_told_at_its_field_and_nothing_is_made(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    new_schedule(page, server, "never-made", "0 2 * * funday")
    trigger = page.get_by_label("Trigger")
    expect(trigger).to_have_attribute("aria-invalid", "true")
    expect(trigger).to_have_accessible_description(re.compile("funday.*is no day of week.*sunday"))
    assert "never-made" not in server.schedule_names()


def test_a_fault_of_the_arguments_is_told_at_its_field(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    page.goto(f"{server.url}/schedules/new?task=punctual.backup_sqlite")
    page.get_by_label("Name").fill("never-made")
    page.get_by_label("Trigger").fill("@daily")
    page.get_by_label("source", exact=True).fill("/tmp/app.db")  # noqa: S108 - no file is made
    page.get_by_label("keep", exact=True).fill("0")
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_label("destination", exact=True)).to_have_accessible_description(
        re.compile("This argument is required.")
    )

    page.get_by_label("destination", exact=True).fill("/tmp/backups")  # noqa: S108 - no file is made
    page.get_by_role("button", name="Create schedule").click()
    expect(page.get_by_label("keep", exact=True)).to_have_attribute("aria-invalid", "true")
    assert "never-made" not in server.schedule_names()


def test_the_list_pauses_at_a_switch_finds_by_state_and_deletes(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    new_schedule(page, server, "switched", "@daily")
    page.goto(f"{server.url}/schedules?q=switched")
    page.get_by_role("switch", name="Pause switched").press("Space")
    expect(page.get_by_role("switch", name="Resume switched")).not_to_be_checked()

    page.get_by_role("radiogroup", name="State").get_by_text("Active").click()
    expect(row(page, "switched")).to_have_count(0)
    page.get_by_role("radiogroup", name="State").get_by_text("Paused").click()
    expect(row(page, "switched")).to_be_visible()

    page.get_by_role("button", name="More for switched").click()
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("alert").filter(has_text="switched was deleted")).to_be_visible()
    expect(row(page, "switched")).to_have_count(0)


def test_the_header_says_that_all_is_ready_and_the_system_page_shows_why(signed_in: Page) -> None:
    page = signed_in
    page.get_by_role("link", name="System: All ready").click()
    for check in ("database", "scheduler", "broker", "worker"):
        expect(page.get_by_role("region", name="All is ready").get_by_text(f"{check} · ready")).to_be_visible()
    expect(page.get_by_role("table", name="Nodes").get_by_text("live")).to_be_visible()
    expect(page.get_by_role("table", name="Nodes")).to_contain_text("busy")
    page.get_by_role("link", name="Workers and queues").click()
    page.wait_for_url("**/workers")
    expect(page.get_by_role("listitem", name="celery@")).to_contain_text("live")
