"""Why an instant is a fire time, or is none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punctual.domain.errors import TriggerError
from punctual.domain.explain.why import Explanation, explain
from punctual.domain.triggers import every, parse_trigger

TWICE = "02:30 comes twice on 25 October 2026; this is the"


def explained(text: str, instant: str) -> Explanation:
    return explain(parse_trigger(text), datetime.fromisoformat(instant))


@pytest.mark.parametrize(
    ("text", "instant", "reasons"),
    [
        ("0 9 * * mon-fri", "2026-11-20T10:00Z", ["hour is 10, and the expression has 9"]),
        (
            "0 9 * * mon-fri Europe/Berlin",
            "2026-11-22T09:30+01:00",
            ["Sunday is not in mon-fri", "minute is 30, and the expression has 0"],
        ),
        ("0 2 L-3 * *", "2026-10-31T02:00Z", ["day 31 does not match L-3"]),
        ("0 2 * * 5#2", "2026-11-20T02:00Z", ["Friday 20 November 2026 is not in 5#2"]),
        (
            "0 0 1,15 * mon",
            "2026-11-17T00:00Z",
            ["day 17 does not match 1,15 and Tuesday is not in mon, and one of the two is needed"],
        ),
        ("0 0 13 * 5 day_match=and", "2026-11-20T00:00Z", ["day 20 does not match 13"]),
        ("0 0 1 jan *", "2026-11-01T00:00Z", ["month is November, and the expression has jan"]),
        ("@yearly", "2026-02-01T00:00Z", ["month is February, and the expression has 1"]),
        ("0 0 0 1 1 * 2027", "2026-01-01T00:00Z", ["year is 2026, and the expression has 2027"]),
        ("* * * * *", "2026-01-01T00:00:30Z", ["second is 30, and the expression has 0"]),
        (
            "* * * * * *",
            "2026-01-01T00:00:30.25Z",
            ["it is 0.25 seconds past a whole second, and cron fires on whole seconds"],
        ),
        ("30 2 * * * Europe/Berlin", "2026-10-25T01:30Z", [f"{TWICE} second time, and it fires only the first time"]),
        (
            "30 2 * * * Europe/Berlin on_fold=second",
            "2026-10-25T00:30Z",
            [f"{TWICE} first time, and it fires only the second time"],
        ),
        (
            "every 90s",
            "2026-01-01T00:00:10Z",
            ["The nearest fire times are 00:00 on 1 January 2026 UTC and 00:01:30 on 1 January 2026 UTC"],
        ),
        (
            "2026-12-24T18:00 Europe/Berlin",
            "2026-12-24T18:00Z",
            ["It fires at 18:00 on 24 December 2026 CET only, and this is 1:00:00 after"],
        ),
        (
            "2026-10-25T02:30 Europe/Berlin on_fold=both",
            "2026-10-25T01:00Z",
            ["It fires at 02:30 on 25 October 2026 CEST and at 02:30 on 25 October 2026 CET only"],
        ),
    ],
)
def test_the_reasons_why_it_does_not_fire_are_exact(text: str, instant: str, reasons: list[str]) -> None:
    answer = explained(text, instant)
    assert not answer.fires
    assert list(answer.reasons) == reasons


def test_a_fire_time_has_its_notes_and_neighbours_and_no_reasons() -> None:
    answer = explained("30 2 * * * Europe/Berlin", "2026-03-29T01:00Z")
    assert answer == Explanation(
        words="every day at 02:30 in Europe/Berlin",
        instant=datetime(2026, 3, 29, 1, tzinfo=UTC),
        local=answer.local,
        timezone="Europe/Berlin",
        fires=True,
        reasons=(),
        notes=("02:30 does not exist on 29 March 2026; it runs at 03:00 instead",),
        previous=datetime(2026, 3, 28, 1, 30, tzinfo=UTC),
        next=datetime(2026, 3, 30, 0, 30, tzinfo=UTC),
    )
    assert answer.local.isoformat() == "2026-03-29T03:00:00+02:00"


def test_the_first_and_the_last_fire_time_say_so() -> None:
    assert explained("every 3000d", "0001-01-01T00:00Z").reasons[0].startswith("Its first fire time is")
    assert explained("every 3000d", "9999-12-31T23:59Z").reasons[0].startswith("Its last fire time is")


def test_the_calendars_first_instant_can_be_a_fire_time() -> None:
    assert explain(every("1d", anchor=datetime(1, 1, 1, tzinfo=UTC)), datetime(1, 1, 1, tzinfo=UTC)).fires


@pytest.mark.parametrize("instant", ["2026-01-01T00:00", "9999-12-31T23:59Z", "0001-01-01T00:00+14:00"])
def test_what_names_no_instant_there_is_refused(instant: str) -> None:
    with pytest.raises(TriggerError):
        explained("0 9 * * * Asia/Tokyo", instant)


TEXTS = [
    "* * * * *", "*/7 * * * * *", "30 2 * * *", "0,30 1-3 L,15W * 5L", "0 2 13 * fri", "*/15 * * * * on_fold=second",
    "30 2 * * * on_gap=skip", "30 2 * * * on_fold=both",
]  # fmt: skip
ZONES = ["UTC", "Europe/Berlin", "Australia/Lord_Howe"]
NIGHTS = [datetime(2026, month, day, hour) for month in (3, 4, 10) for day in (4, 5, 25, 29) for hour in (0, 14)]  # noqa: DTZ001 - given a zone below


@settings(max_examples=500, deadline=None)
@given(
    text=st.sampled_from(TEXTS),
    zone=st.sampled_from(ZONES),
    night=st.sampled_from(NIGHTS),
    minute=st.integers(0, 5 * 60),
    second=st.sampled_from([0, 0, 7, 30]),
)
def test_it_has_reasons_exactly_when_it_does_not_fire(
    text: str, zone: str, night: datetime, minute: int, second: int
) -> None:
    rule, *options = text.split(" on_")
    trigger = parse_trigger(" ".join([rule, zone, *(f"on_{option}" for option in options)]))
    instant = night.replace(hour=night.hour + minute // 60, minute=minute % 60, second=second, tzinfo=UTC)
    answer = explain(trigger, instant)
    assert answer.fires == (trigger.count_between(instant, instant, 2) == (1, True))
    assert answer.fires != bool(answer.reasons)
    assert not any("comes twice" in reason for reason in answer.reasons) or zone != "UTC"
