"""`punctual forecast`: what it asks for and says."""

import json
from typing import Any

import httpx
import typer
from typer.testing import CliRunner, Result

from punctual.cli.client import Connection
from punctual.cli.forecast import forecast

app = typer.Typer()
app.command()(forecast)


def outlook(peak: int, **fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "runs": peak,
        "peak": peak,
        "mean": peak / 180,
        "schedules": 340,
        "over_budget": 0,
        "complete": True,
        "complete_until": "2026-07-01T15:00:00Z",
        "counts": [peak, 0, 1],
        "peaks": [peak, 0, 1],
        "busiest": [],
    }
    return told | fields


BUSIEST = [
    {"minute": "2026-07-01T12:30:00Z", "runs": 340, "schedules": ["a", "b", "c", "d", "e"], "more": 1335},
    {"minute": "2026-07-01T14:00:00Z", "runs": 1, "schedules": ["z"], "more": 0},
]
FOUND: dict[str, Any] = {
    "start": "2026-07-01T12:00:00Z",
    "end": "2026-07-01T15:00:00Z",
    "step": 3600.0,
    "jitter": 300.0,
    "skipped": 0,
    "left_out": {"paused": 0, "error": 0},
    "as_is": outlook(340, counts=[1340, 0, 1], busiest=BUSIEST),
    "what_if": {
        "h": {"changed": 340, "outlook": outlook(12)},
        "jitter": {"changed": 340, "outlook": outlook(31)},
    },
}
QUIET = FOUND | {"as_is": outlook(0, schedules=0, counts=[0, 0, 0])}


def call(answer: dict[str, Any], *arguments: str) -> tuple[Result, list[httpx.URL]]:
    asked: list[httpx.URL] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        return httpx.Response(200, json=answer)

    return CliRunner().invoke(app, arguments, obj=Connection(transport=httpx.MockTransport(serve))), asked


def said(answer: dict[str, Any], *arguments: str) -> list[str]:
    result, _ = call(answer, *arguments)
    assert result.exit_code == 0, result.output
    return [line.rstrip() for line in result.stdout.splitlines()]


def test_it_draws_the_hours_names_the_busiest_minutes_and_says_what_would_spread_them() -> None:
    assert said(FOUND) == [
        "FROM                      RUNS   PEAK",
        "Wed 2026-07-01 12:00 UTC  1,340  340   ██████████████████████████████",
        "Wed 2026-07-01 13:00 UTC  0      0",
        "Wed 2026-07-01 14:00 UTC  1      1     █",
        "",
        "BUSIEST MINUTE            RUNS  SCHEDULES",
        "Wed 2026-07-01 12:30 UTC  340   a, b, c, d, e and 1,335 more",
        "Wed 2026-07-01 14:00 UTC  1     z",
        "",
        "With H the busiest minute would have 12 runs instead of 340; with 5m of jitter 31.",
    ]


def test_it_asks_for_the_window_the_jitter_and_the_schedules() -> None:
    arguments = ("--hours", "48", "--jitter", "1m30s", "--start", "2026-07-01T14:00+02:00", "--search", "report")
    _, (asked,) = call(FOUND, *arguments)
    assert asked.path == "/api/v1/forecast"
    expected = {"hours": "48", "jitter": "90.0", "step": "3600", "start": "2026-07-01T12:00:00Z", "q": "report"}
    assert dict(asked.params) == expected
    _, (asked,) = call(FOUND)
    assert dict(asked.params) == {"hours": "24", "jitter": "300.0", "step": "3600"}


def test_a_long_window_is_drawn_by_the_day() -> None:
    counts = [number % 24 for number in range(7 * 24)]
    lines = said(FOUND | {"as_is": outlook(23, counts=counts, peaks=counts)}, "--hours", "168")
    assert [line.split()[:6] for line in lines[1:8]] == [
        [day, f"2026-07-{number:02}", "12:00", "UTC", "276", "23"]
        for number, day in enumerate(["Wed", "Thu", "Fri", "Sat", "Sun", "Mon", "Tue"], 1)
    ]


def test_without_a_plain_minute_it_speaks_of_jitter_alone() -> None:
    what_if = FOUND["what_if"] | {"h": {"changed": 0, "outlook": outlook(340)}}
    last = said(FOUND | {"what_if": what_if}, "--jitter", "10m")[-1]
    assert last == "With 10m of jitter the busiest minute would have 31 runs instead of 340."


def test_what_is_not_counted_is_told() -> None:
    partly = {"complete": False, "complete_until": "2026-07-01T13:00:00Z", "over_budget": 7}
    answer = FOUND | {
        "skipped": 1200,
        "left_out": {"paused": 3, "error": 1},
        "as_is": FOUND["as_is"] | partly,
        "what_if": FOUND["what_if"] | {"jitter": {"changed": 1, "outlook": outlook(31, complete=False)}},
    }
    assert said(answer)[-6:] == [
        "With H the busiest minute would have 12 runs instead of 340; with 5m of jitter at least 31.",
        "In closed time, and so skipped: 1,200 fire times.",
        "Not counted, because they are paused: 3 schedules.",
        "Not counted, because they cannot be planned: 1 schedule. To see them: punctual schedules list --state error",
        "Too much to count at once: from Wed 2026-07-01 13:00 UTC on, counts are lower bounds. Left out: 7 schedules.",
        "Ask for fewer hours, or for some schedules with --search.",
    ]


def test_without_schedules_it_says_what_to_do() -> None:
    assert said(QUIET) == ["There are no active schedules. Make one with: punctual schedules create --help"]
    assert said(QUIET, "--search", "x") == ["No active schedule matches."]
    assert said(QUIET | {"left_out": {"paused": 2, "error": 0}})[1:] == [
        "Not counted, because they are paused: 2 schedules."
    ]


def test_a_window_without_runs_says_how_to_look_further() -> None:
    quiet = FOUND | {"as_is": outlook(0, counts=[0, 0, 0])}
    assert said(quiet) == [
        "Nothing will run until Wed 2026-07-01 15:00 UTC. To look further: punctual forecast --hours 744"
    ]


def test_programs_get_the_document_or_the_busiest_minutes() -> None:
    assert json.loads("\n".join(said(FOUND, "-o", "json"))) == FOUND
    assert said(FOUND, "-o", "name") == ["2026-07-01T12:30:00Z", "2026-07-01T14:00:00Z"]


def test_a_jitter_that_is_no_length_of_time_is_refused_before_anything_is_asked() -> None:
    result, asked = call(FOUND, "--jitter", "5")
    assert (result.exit_code, asked) == (2, [])
    assert "--jitter" in result.output
    assert '"5m"' in result.output
