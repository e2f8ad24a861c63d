"""What all schedules will send, in the browser: the busiest minutes, and what would spread them out.

The window is three days long, so that a fire time of every day is in it more than once, whatever the time is now.
"""

import re
from typing import Any

import httpx
from playwright.sync_api import Page, expect

from e2e.local_server import LocalServer

expect.set_options(timeout=20_000)


def make_schedule(server: LocalServer, name: str, trigger: str) -> None:
    httpx.post(
        f"{server.url}/api/v1/schedules",
        headers={"authorization": f"Bearer {server.token}"},
        json={"name": name, "task": "punctual.heartbeat", "trigger": trigger},
    ).raise_for_status()


def make_crowd(server: LocalServer, word: str, count: int) -> list[str]:
    """Make schedules that all fire at three each night, and return their names."""
    names = [f"{word}-{number}" for number in range(count)]
    for name in names:
        make_schedule(server, name, "0 3 * * * Europe/Berlin")
    return names


def answer(*, schedules: int = 0, paused: int = 0, **outlook: Any) -> dict[str, Any]:
    """Return a forecast of two hours as the API would: nothing in it, but for what is given."""
    as_is = {
        "runs": 0,
        "peak": 0,
        "mean": 0,
        "schedules": schedules,
        "over_budget": 0,
        "complete": True,
        "complete_until": "2031-01-01T12:00:00Z",
        "counts": [0] * 120,
        "peaks": [0] * 120,
        "busiest": [],
    } | outlook
    changed = {"changed": 0, "outlook": as_is}
    return {
        "start": "2031-01-01T10:00:00Z",
        "end": "2031-01-01T12:00:00Z",
        "step": 60,
        "jitter": 300,
        "skipped": 0,
        "left_out": {"paused": paused, "error": 0},
        "as_is": as_is,
        "what_if": {"h": changed, "jitter": changed},
    }


def open_answered(page: Page, server: LocalServer, document: dict[str, Any]) -> None:
    page.route("**/api/v1/forecast?*", lambda route: route.fulfill(json=document))
    page.goto(f"{server.url}/forecast")


def test_schedules_of_the_same_minute_are_its_peak_and_are_named(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    names = make_crowd(server, "crowded", 4)
    page.get_by_role("link", name="Forecast").click()
    page.get_by_text("3 d", exact=True).click()
    page.get_by_label("Search schedules").fill("crowded")

    totals = page.get_by_role("region", name="Totals")
    expect(totals).to_contain_text("Busiest minute4 runs")
    expect(totals).to_contain_text("Runs12")
    expect(page.get_by_role("img", name=re.compile(r"the busiest minute is .*, 03:00 with 4 runs"))).to_be_visible()

    busiest = page.get_by_role("table", name="Busiest minutes").get_by_role("row").filter(has_text="03:00")
    expect(busiest).to_have_count(3)
    for name in names:
        expect(busiest.first.get_by_role("link", name=name)).to_be_visible()
    busiest.first.get_by_role("link", name=names[2]).click()
    expect(page.get_by_role("heading", name=names[2])).to_be_visible()


def test_h_lowers_the_peak_and_its_switch_draws_it_over_the_present(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    make_crowd(server, "gathered", 12)
    page.goto(f"{server.url}/forecast?hours=72&q=gathered")
    spread = page.get_by_role("region", name="Spread them out")
    told = spread.get_by_text(re.compile("^With H the busiest minute would have"))
    expect(told).to_have_text(re.compile(r"would have \d runs? instead of 12\.$"))
    expect(spread).to_contain_text("12 schedules would change")

    overlay = page.locator(".forecast-overlay")
    expect(overlay).to_have_count(0)
    spread.get_by_role("switch", name="With H").check(force=True)
    expect(overlay).to_have_count(1)
    page.reload()
    expect(overlay).to_have_count(1)

    with page.expect_response(re.compile("jitter=900")):
        spread.get_by_text("15m", exact=True).click()
    expect(spread.get_by_role("switch", name="With 15m of jitter")).not_to_be_checked()


def test_the_arrow_keys_and_the_pointer_tell_one_minute_after_another(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    counts = [0] * 60 + [7, 2] + [0] * 58
    open_answered(page, server, answer(schedules=7, runs=9, peak=7, counts=counts, peaks=counts))
    keys = page.get_by_role("slider", name="Minute of the forecast")
    keys.focus()
    tip = page.locator(".forecast-tip")
    expect(tip).to_contain_text("Wed 1 Jan, 12:00: 7 runs")  # 11:00 in UTC
    keys.press("ArrowRight")
    expect(tip).to_contain_text("Wed 1 Jan, 12:01: 2 runs")
    expect(keys).to_have_attribute("aria-valuetext", re.compile("12:01: 2 runs"))
    keys.press("ArrowRight")
    expect(tip).to_contain_text("Wed 1 Jan, 12:02: no runs")

    chart = page.get_by_role("img", name=re.compile("^Runs per minute")).bounding_box()
    assert chart is not None
    page.mouse.move(chart["x"] + chart["width"] - 3, chart["y"] + 100)
    expect(tip).to_contain_text("Wed 1 Jan, 12:59: no runs")


def test_counts_that_are_lower_bounds_are_told_as_such(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    counts = [3] * 120
    document = answer(schedules=3, runs=360, peak=3, counts=counts, peaks=counts)
    document["as_is"] |= {"complete": False, "complete_until": "2031-01-01T11:00:00Z"}
    open_answered(page, server, document)
    expect(page.get_by_text("From Wed 1 Jan, 12:00 on, counts are lower bounds")).to_be_visible()
    expect(page.get_by_role("region", name="Totals")).to_contain_text("≥ 360")
    expect(page.locator(".forecast-unsure")).to_have_count(1)


def test_an_empty_forecast_says_why_and_what_to_do(signed_in: Page, server: LocalServer) -> None:
    page = signed_in
    open_answered(page, server, answer())
    page.get_by_role("link", name="Make a schedule").click()
    page.wait_for_url("**/schedules/new")

    page.unroute_all()
    open_answered(page, server, answer(schedules=2, paused=1))
    expect(page.get_by_role("heading", name="Nothing is due in the next 24 h")).to_be_visible()
    expect(page.get_by_role("link", name="1 paused schedule")).to_have_attribute("href", "/schedules?state=paused")
    page.get_by_role("button", name="Look at 7 d").click()
    expect(page.get_by_role("heading", name="Nothing is due in the next 7 d")).to_be_visible()
