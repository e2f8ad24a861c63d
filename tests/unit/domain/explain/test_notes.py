"""Notes on fire times: what changed clocks do to them."""

from datetime import UTC, datetime, timedelta

import pytest

from punctual.domain.explain.notes import notes_on
from punctual.domain.triggers import parse_trigger

SPRING = "2026-03-28T12:00Z"
AUTUMN = "2026-10-24T12:00Z"
ELAPSED = "an expression with * in minute or hour follows elapsed time"


def noted(text: str, after: str, count: int = 1) -> list[list[str]]:
    trigger = parse_trigger(text)
    found: list[list[str]] = []
    instant = trigger.next_after(datetime.fromisoformat(after))
    while instant is not None and len(found) < count:
        found.append(notes_on(trigger, instant))
        instant = trigger.next_after(instant)
    return found


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("30 2 * * * Europe/Berlin", "02:30 does not exist on 29 March 2026; it runs at 03:00 instead"),
        ("0 30 2 29 3 * 2026 Europe/Berlin", "02:30 does not exist on 29 March 2026; it runs at 03:00 instead"),
        ("2026-03-29T02:30 Europe/Berlin", "02:30 does not exist on 29 March 2026; it runs at 03:00 instead"),
        (
            "0,30 2-3 * * * Europe/Berlin",
            "02:00 and 02:30 do not exist on 29 March 2026; they run once at 03:00 instead",
        ),
    ],
)
def test_a_time_that_clocks_leave_out_is_said_to_run_right_after_the_gap(text: str, note: str) -> None:
    assert noted(text, SPRING) == [[note]]


@pytest.mark.parametrize(
    ("text", "after", "note"),
    [
        (
            "30 2 * * * Europe/Berlin on_gap=skip",
            SPRING,
            "02:30 does not exist on 29 March 2026 and is skipped: on_gap=skip",
        ),
        (
            "*/30 * * * * Europe/Berlin",
            "2026-03-29T00:30Z",
            f"02:00 and 02:30 do not exist on 29 March 2026 and are skipped: {ELAPSED}",
        ),
        (
            "* * * * * Europe/Berlin",
            "2026-03-29T00:59Z",
            f"The times from 02:00 to 02:59 on 29 March 2026 do not exist and are skipped: {ELAPSED}",
        ),
        (
            "0 12 * * * Pacific/Apia",
            "2011-12-30T00:00Z",
            "12:00 does not exist on 30 December 2011 and is skipped: the calendar leaves out more than three hours",
        ),
        (
            "30 2 29 3 * Europe/Berlin on_gap=skip",
            SPRING,
            "02:30 does not exist on 29 March 2026 and is skipped: on_gap=skip",
        ),
    ],
)
def test_a_skipped_time_is_told_at_the_fire_time_after_it(text: str, after: str, note: str) -> None:
    assert noted(text, after, 2) == [[note], []]


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("30 2 * * * Europe/Berlin", ["first time, and it runs only the first time"]),
        ("30 2 * * * Europe/Berlin on_fold=second", ["second time, and it runs only the second time"]),
        (
            "2026-10-25T02:30 Europe/Berlin on_fold=both",
            ["first time, and it runs both times", "second time, and it runs both times"],
        ),
    ],
)
def test_a_time_that_comes_twice_says_which_it_is_and_which_run(text: str, notes: list[str]) -> None:
    expected = [[f"02:30 comes twice on 25 October 2026; this is the {note}"] for note in notes]
    assert noted(text, AUTUMN, len(notes)) == expected


def test_an_instant_in_a_repeated_hour_says_which_it_is() -> None:
    assert noted("2026-10-25T00:30Z Europe/Berlin", AUTUMN) == [
        ["02:30 comes twice on 25 October 2026; this is the first time"]
    ]


@pytest.mark.parametrize("text", ["0 9 * * * Europe/Berlin", "30 2 * * *", "every 90s", "2026-12-24T18:00"])
def test_an_ordinary_fire_time_has_no_notes(text: str) -> None:
    assert set(map(tuple, noted(text, SPRING, 5))) == {()}


def test_a_fire_time_at_the_ends_of_the_calendar_has_no_notes() -> None:
    assert noted("* * * * * Europe/Berlin", "9999-12-31T22:50Z") == [[]]
    first = parse_trigger("* * * * * Asia/Tokyo").next_after(datetime.min.replace(tzinfo=UTC) + timedelta(hours=1))
    assert first is not None
    assert notes_on(parse_trigger("* * * * * Asia/Tokyo"), first) == []
    assert notes_on(parse_trigger("9999-12-31T23:00Z Asia/Tokyo"), datetime(9999, 12, 31, 23, tzinfo=UTC)) == []
