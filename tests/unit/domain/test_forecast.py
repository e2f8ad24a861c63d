"""Forecasts of schedules whose runs are worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from punctual.domain import forecast_rows
from punctual.domain.calendars.use import CalendarUse, Closure, OpenTimes, WhenClosed
from punctual.domain.forecast import Forecast, Forecaster, Limits, Upcoming
from punctual.domain.forecast_pattern import Window
from punctual.domain.forecast_rows import with_hash
from punctual.domain.timetable import Timetable
from punctual.domain.timing import Timing
from punctual.domain.triggers import AnyTrigger, Cron, any_of, cron, every, parse_trigger

DAY = datetime(2026, 3, 1, tzinfo=UTC)
GAP = datetime(2026, 3, 29, 1, tzinfo=UTC)
"""When the clocks of Berlin are put from 02:00 to 03:00."""
FOLD = datetime(2026, 10, 25, 1, tzinfo=UTC)
"""When they are put back from 03:00 to 02:00."""


def upcoming(trigger: AnyTrigger | str, name: str = "s", now: datetime = DAY, **fields: Any) -> Upcoming:
    timing = Timing.model_validate({"trigger": trigger, **fields})
    timetable = timing.timetable(name, {})
    first = timetable.next_after(now)
    assert first is not None
    return Upcoming(name, timing, timetable, first, timing.max_runs)


def forecast(
    schedules: list[Upcoming], start: datetime, minutes: int, *, limits: Limits | None = None, jitter: int = 300
) -> Forecast:
    window = Window(start, start + timedelta(minutes=minutes))
    forecaster = Forecaster(window, now=start, jitter=timedelta(seconds=jitter), limits=limits)
    for schedule in schedules:
        forecaster.add(schedule)
    return forecaster.result()


def busy(counts: list[int]) -> dict[int, int]:
    """The minutes with runs, by their numbers."""
    return {minute: runs for minute, runs in enumerate(counts) if runs}


@pytest.mark.parametrize(
    ("trigger", "start", "expected"),
    [
        # in the gap: 02:30:00, 02:30:20 and 02:30:40 do not exist, so it runs once at 03:00
        ("*/20 30 2 * * * Europe/Berlin", GAP - timedelta(minutes=2), {2: 1}),
        # the one that is shifted to 03:00:00, and then that of 03:00:30
        ("30 0 2,3 * * * Europe/Berlin", GAP - timedelta(minutes=2), {2: 2}),
        ("* 59,0 * * * * Europe/Berlin", GAP - timedelta(minutes=2), {1: 60, 2: 60, 61: 60, 62: 60}),
        # in the hour that comes twice: 02:30 is at -30 and at +30 minutes
        ("*/20 30 2 * * * Europe/Berlin", FOLD - timedelta(minutes=40), {10: 3}),
        ("*/20 30 2 * * * Europe/Berlin on_fold=second", FOLD - timedelta(minutes=40), {70: 3}),
        ("5,6 */30 2 * * * Europe/Berlin", FOLD - timedelta(minutes=40), {10: 2, 40: 2, 70: 2}),
        # Lord Howe puts its clocks forward by 30 minutes, at 02:00
        ("0-9 15 2 * * * Australia/Lord_Howe", datetime(2026, 10, 3, 15, 29, tzinfo=UTC), {1: 1}),
    ],
)
def test_seconds_are_counted_right_where_clocks_are_changed(
    trigger: str, start: datetime, expected: dict[int, int]
) -> None:
    found = forecast([upcoming(trigger, now=start - timedelta(seconds=1))], start, 90)
    assert busy(found.as_is.counts) == expected


def test_a_run_that_jitter_puts_off_into_the_window_is_counted() -> None:
    schedule = upcoming("0 0 * * *", now=DAY - timedelta(days=2), jitter=86_400)
    due = schedule.timetable.decide(DAY)
    assert due.due_time > DAY + timedelta(minutes=30)  # type: ignore[union-attr] # no calendars: it fires
    start = due.due_time.replace(second=0, microsecond=0) - timedelta(minutes=3)  # type: ignore[union-attr] # same
    assert busy(forecast([schedule], start, 10).as_is.counts) == {3: 1}


def test_what_is_no_longer_to_come_is_not_counted() -> None:
    schedule = upcoming("*/10 * * * *", now=DAY + timedelta(minutes=25), jitter=540)
    assert sum(forecast([schedule], DAY, 30).as_is.counts) == 0
    assert sum(forecast([schedule], DAY, 60).as_is.counts) == 3


def test_the_last_of_all_runs_is_the_last() -> None:
    schedule = upcoming("every 7s", now=DAY - timedelta(seconds=8), max_runs=20)
    # fire times from 00:00:00 less a bit on, every 7 seconds since 1970: 20 runs end within 140 s
    assert forecast([schedule], DAY + timedelta(hours=1), 60).as_is.runs == 0
    assert forecast([schedule], DAY - timedelta(minutes=1), 60).as_is.runs == 20
    assert forecast([upcoming("* * * * * *", max_runs=90)], DAY, 5).as_is.counts == [59, 31, 0, 0, 0]


def test_an_end_within_a_minute_cuts_it() -> None:
    end = DAY + timedelta(seconds=89)
    schedules = [upcoming(trigger, end_at=end) for trigger in ("* * * * * *", "every 2s")]
    assert [forecast([each], DAY, 3).as_is.counts for each in schedules] == [[59, 30, 0], [29, 15, 0]]


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        ("0 2 * * *", "H 2 * * *"),
        ("30 2 * * * Europe/Berlin on_gap=skip", "H 2 * * * Europe/Berlin on_gap=skip"),
        ("@daily", "H 0 * * *"),
        ("0 7 * * * *", "0 H * * * *"),
        ("0 7 * * * * 2027", "0 H * * * * 2027"),
        ("5 H * * *", "H H * * *"),
        ("0 9 * * mon | every 1h | 5 * * * *", "H 9 * * mon | every 1h | H * * * *"),
    ],
)
def test_a_plain_minute_becomes_an_h(trigger: str, expected: str) -> None:
    after = with_hash(parse_trigger(trigger).identified("id"), "id")
    wanted = parse_trigger(expected).identified("id")
    times: list[list[datetime | None]] = []
    for each in (after, wanted):
        instant: datetime | None = DAY
        times.append([])
        for _ in range(50):
            instant = None if instant is None else each.next_after(instant)
            times[-1].append(instant)
    assert times[0] == times[1]


@pytest.mark.parametrize(
    "trigger", ["* * * * *", "*/5 * * * *", "0,30 * * * *", "H 2 * * *", "30 0 2 * * *", "every 1h", "2026-12-24T18:00"]
)
def test_what_has_no_plain_minute_stays_the_same_object(trigger: str) -> None:
    before = parse_trigger(trigger)
    assert with_hash(before, "id") is before


def test_schedules_that_start_later_are_counted_from_then_on() -> None:
    later = upcoming("*/10 * * * *", "later", start_at=DAY + timedelta(minutes=35))
    told = forecast([upcoming("*/10 * * * *"), later], DAY, 60, jitter=0)
    for outlook in (told.as_is, told.with_hash, told.with_jitter):
        assert busy(outlook.counts) == {10: 1, 20: 1, 30: 1, 40: 2, 50: 2}


def test_h_and_jitter_spread_a_herd() -> None:
    schedules = [upcoming("0 2 * * *", f"s{number}") for number in range(600)]
    found = forecast(schedules, DAY, 1440, jitter=600)
    assert busy(found.as_is.counts) == {120: 600}
    assert (found.as_is.peak, found.as_is.mean, found.hash_changes, found.jitter_changes) == (600, 600 / 1440, 600, 600)
    first = found.as_is.busiest[0]
    assert (first.minute, first.runs, len(first.schedules), first.more) == (DAY + timedelta(hours=2), 600, 5, 595)
    hashed, jittered = busy(found.with_hash.counts), busy(found.with_jitter.counts)
    assert sum(hashed.values()) == sum(jittered.values()) == 600
    assert set(hashed) <= set(range(120, 180))
    assert set(jittered) == set(range(120, 130))
    assert 10 <= found.with_hash.peak < 30  # 600 over 60 minutes
    assert 60 <= found.with_jitter.peak < 100  # 600 over 10 minutes


def test_the_ten_busiest_minutes_come_busiest_first_and_then_earliest_first() -> None:
    schedules = [upcoming(f"{number} * * * *", f"s{number}") for number in range(12)]
    schedules += [upcoming("7 * * * *", "more"), upcoming("9 * * * *", "more too")]
    minutes = [(each.minute - DAY) // timedelta(minutes=1) for each in forecast(schedules, DAY, 30).as_is.busiest]
    assert minutes == [7, 9, 1, 2, 3, 4, 5, 6, 8, 10]


class Counted(Cron):
    """A cron trigger that remembers the searches."""

    searches: ClassVar[list[datetime]] = []

    def next_after(self, instant: datetime) -> datetime | None:
        self.searches.append(instant)
        return super().next_after(instant)


def test_a_month_of_every_second_takes_a_search_per_minute_for_however_many_schedules() -> None:
    days = 31
    trigger = Counted(expression="* * * * * *")
    timing = Timing(trigger=cron("* * * * * *"))
    schedules = [
        Upcoming(f"s{number}", timing, Timetable(trigger, key=f"{number}"), DAY + timedelta(seconds=1))
        for number in range(10_000)
    ]
    found = forecast(schedules, DAY, days * 1440)
    assert found.as_is.runs == 10_000 * (days * 86_400 - 1)
    assert found.with_jitter.counts == found.as_is.counts
    assert 0 < len(Counted.searches) <= days * 1440 + 1


def test_schedules_of_a_phase_of_their_own_are_counted_at_once_where_it_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedules = [
        upcoming(every("10s", anchor=DAY + timedelta(milliseconds=number)), f"s{number}") for number in range(1000)
    ]
    rows: list[datetime] = []
    original = forecast_rows.rest_of_minute

    def counted(trigger: AnyTrigger, fire_time: datetime) -> forecast_rows.Row:
        rows.append(fire_time)
        return original(trigger, fire_time)

    monkeypatch.setattr("punctual.domain.forecast_pattern.rest_of_minute", counted)
    # the first of s0 was at DAY itself, which is no longer to come
    assert forecast(schedules, DAY, 1440).as_is.counts == [5999] + [6000] * 1439
    assert len(rows) <= 2 * 1440


def test_a_forecast_that_takes_too_much_work_says_up_to_where_it_is_complete() -> None:
    schedules = [upcoming("2026-03-01T00:05", "once"), upcoming(any_of("* * * * *", "every 90s"), "dense")]
    found = forecast(schedules, DAY, 120, limits=Limits(steps_per_timing=40))
    told = found.as_is
    assert DAY + timedelta(minutes=15) < told.complete_until < DAY + timedelta(minutes=45)
    minutes = (told.complete_until - DAY) // timedelta(minutes=1)
    assert told.counts[:minutes] == forecast(schedules, DAY, 120).as_is.counts[:minutes]
    assert (told.schedules, told.over_budget) == (2, 0)


def test_schedules_beyond_the_budget_are_left_out_and_counted_as_such() -> None:
    schedules = [upcoming(f"{number} * * * *", f"s{number}", jitter=1800) for number in range(9)]
    # the first has 9 fire times after 00:00, the others have 10 each
    found = forecast(schedules, DAY, 600, limits=Limits(steps=49))
    told = found.as_is
    assert (told.schedules, told.over_budget, told.complete_until) == (5, 4, DAY)
    found = forecast(schedules, DAY, 600, limits=Limits(draws=35))
    assert (found.as_is.schedules, found.as_is.over_budget, found.as_is.complete_until) == (3, 6, DAY)
    assert found.with_jitter.over_budget == found.with_hash.over_budget == 6


def test_a_schedule_that_cannot_be_worked_out_is_left_out_and_the_others_are_counted() -> None:
    class Broken(Cron):
        def next_after(self, instant: datetime) -> datetime | None:
            raise ArithmeticError(instant)

    good = upcoming("*/10 * * * *")
    broken = Upcoming("b", good.timing, Timetable(Broken(expression="1-2 * * * *"), key="b"), DAY)
    worse = Upcoming("w", good.timing, Timetable(Broken(expression="0 * * * *"), key="w"), DAY)
    found = forecast([broken, worse, good], DAY - timedelta(minutes=1), 60)
    for outlook in (found.as_is, found.with_hash, found.with_jitter):
        assert (outlook.schedules, outlook.errors, outlook.runs) == (1, 2, 5)


class Shut(OpenTimes):
    """Closed from 00:01:30 to 00:03:10."""

    since, until = DAY + timedelta(seconds=90), DAY + timedelta(seconds=190)

    def __init__(self) -> None:
        super().__init__([], [])

    def closure_at(self, instant: datetime) -> Closure | None:
        return Closure(self.until, "shut") if self.since <= instant < self.until else None

    def open_until(self, instant: datetime, limit: datetime) -> datetime:
        return min(limit, self.since) if instant < self.since else limit


@pytest.mark.parametrize(
    ("trigger", "when_closed", "expected", "skipped"),
    [
        ("* * * * * *", "skip", [59, 30, 0, 50, 60], 100),
        ("every 1s", "skip", [59, 30, 0, 50, 60], 100),
        ("* * * * * *", "next_open", [59, 30, 0, 50, 60], 100),
        # at 00:02:48 last before the opening, and first at 00:03:12 after it: so one at the opening
        ("*/12 * * * * *", "skip", [4, 3, 0, 4, 5], 8),
        ("*/12 * * * * *", "next_open", [4, 3, 0, 5, 5], 7),
        ("every 12s", "skip", [4, 3, 0, 4, 5], 8),
        ("every 12s", "next_open", [4, 3, 0, 5, 5], 7),
        ("0 * * * * *", "next_open", [0, 1, 0, 1, 1], 1),
    ],
)
def test_closed_time_cuts_through_minutes(trigger: str, when_closed: str, expected: list[int], skipped: int) -> None:
    schedule = upcoming(every(trigger[6:], anchor=DAY) if trigger.startswith("every") else trigger)
    timetable = replace(schedule.timetable, open_times=Shut(), when_closed=WhenClosed(when_closed))
    found = forecast([replace(schedule, timetable=timetable)], DAY, 5)
    assert (found.as_is.counts, found.skipped) == (expected, skipped)


def test_intervals_of_another_phase_are_apart_where_calendars_close() -> None:
    schedules = []
    for name, phase in (("a", 20), ("b", 5)):  # both fire twice in the first minute
        schedule = upcoming(every("30s", anchor=DAY + timedelta(seconds=phase)), name)
        schedules.append(replace(schedule, timetable=replace(schedule.timetable, open_times=Shut())))
    # a: 20 50 | 80 | - | 200 230 | 260 290; b: 5 35 | 65 | - | 215 | 245 275
    assert forecast(schedules, DAY, 5).as_is.counts == [4, 2, 0, 3, 4]


def test_jitter_puts_off_only_the_last_run_of_a_minute() -> None:
    found = forecast([upcoming("0,30 10 * * * *", f"s{number}") for number in range(50)], DAY, 40, jitter=600)
    counts = found.with_jitter.counts
    assert sum(counts) == 100
    assert 50 <= counts[10] < 65  # the first runs, and of the last ones a tenth
    assert all(runs == 0 for runs in counts[:10] + counts[21:])
    assert found.with_jitter.busiest[0].more == 45


def test_schedules_with_other_calendars_are_apart() -> None:
    plain = upcoming("*/10 * * * *", "plain")
    other = Timing(trigger="*/10 * * * *", calendars=CalendarUse(blackout=("holidays",)))
    found = forecast([plain, Upcoming("other", other, plain.timetable, plain.first)], DAY, 60)
    assert found.as_is.runs == 10
