"""Forecasts against plain enumeration: every fire time asked for one by one, decided on, and put into its minute."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from punctual.domain.calendars.use import Closure, OpenTimes, WhenClosed
from punctual.domain.forecast import Forecast, Forecaster, Limits, Upcoming
from punctual.domain.forecast_pattern import Window
from punctual.domain.skip import Skip
from punctual.domain.timetable import Fires, Timetable
from punctual.domain.timing import Timing
from punctual.domain.triggers import AnyTrigger, Cron, any_of, cron, every, once, rrule
from punctual.domain.triggers.single import AnySingle
from punctual.domain.triggers.zone import OnFold, OnGap

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)
CHANGES = {
    "Europe/Berlin": [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)],
    "Australia/Lord_Howe": [datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 10, 3, 15, 30, tzinfo=UTC)],
    "Africa/Casablanca": [datetime(2026, 2, 15, 2, tzinfo=UTC), datetime(2026, 3, 22, 2, tzinfo=UTC)],
    "UTC": [datetime(2026, 6, 1, tzinfo=UTC)],
}
"""By zone, when its clocks are changed in 2026."""


class Shut(OpenTimes):
    """Closed within these stretches."""

    def __init__(self, stretches: list[tuple[datetime, datetime]]) -> None:
        super().__init__([], [])
        self.stretches = stretches

    def closure_at(self, instant: datetime) -> Closure | None:
        for start, end in self.stretches:
            if start <= instant < end:
                return Closure(end, "shut")
        return None

    def open_until(self, instant: datetime, limit: datetime) -> datetime:
        return min([limit, *(start for start, _ in self.stretches if start > instant)])


@dataclass
class Case:
    """One schedule, the same with an H, and a window."""

    plain: Upcoming
    hashed: AnyTrigger
    window: Window
    now: datetime

    @property
    def timetable(self) -> Timetable:
        return self.plain.timetable


def dues(
    timetable: Timetable, first: datetime | None, window: Window, runs_left: int | None
) -> tuple[list[datetime], int]:
    """Return when the runs of the window are due, and how many of its fire times are skipped."""
    found, skipped, fire_time = [], 0, first
    while fire_time is not None and fire_time < window.end and runs_left != 0:
        decision = timetable.decide(fire_time)
        if isinstance(decision, Fires):
            found.append(decision.due_time)
            runs_left = None if runs_left is None else runs_left - 1
        elif fire_time >= window.start:
            skipped += 1
        fire_time = timetable.next_after(fire_time)
    return [due for due in found if window.start <= due < window.end], skipped


def per_minute(instants: list[datetime], window: Window) -> list[int]:
    counted = Counter((instant - window.start) // MINUTE for instant in instants)
    return [counted[minute] for minute in range((window.end - window.start) // MINUTE)]


def forecast(schedules: list[Upcoming], window: Window, now: datetime, jitter: timedelta, held: int = 1000) -> Forecast:
    forecaster = Forecaster(window, now=now, jitter=jitter, limits=Limits(held=held))
    for schedule in schedules:
        forecaster.add(schedule)
    return forecaster.result()


@st.composite
def crons(draw: st.DrawFn, zone: str, *, long: bool) -> tuple[Cron, Cron]:
    """A cron trigger, and what it is with an H for a plain minute."""
    second = draw(st.sampled_from(["", "", "0 ", "00 ", "30 "] + ([] if long else ["*/20 ", "5-7,59 ", "* "])))
    minute = draw(st.sampled_from(["0", "30", "59", "H"] + ([] if long else ["*", "*/5", "*/2", "50-59/3"])))
    hour = draw(st.sampled_from(["*", "*", "2", "1-3", "H(0-3)"]))
    day = draw(st.sampled_from(["* * *", "* * *", "* * *", "25-31 * *", "1 * 0"]))
    on_gap: OnGap | None = draw(st.sampled_from([None, "shift", "skip"]))
    on_fold: OnFold | None = draw(st.sampled_from([None, "first", "second", "both"]))

    def built(minute: str) -> Cron:
        expression = f"{second}{minute} {hour} {day}"
        return cron(expression, zone, on_gap=on_gap, on_fold=on_fold).identified("the id")

    plain_minute = minute.isdecimal() and second in {"", "0 ", "00 "}
    return built(minute), built("H" if plain_minute else minute)


@st.composite
def others(draw: st.DrawFn, zone: str, around: datetime, *, long: bool) -> AnySingle:
    anchor = around + timedelta(milliseconds=draw(st.integers(-100_000, 100_000)))
    lengths = [3600, 5400, 86400] if long else [1.5, 7, 10, 30, 45, 60, 61, 90, 600]
    match draw(st.sampled_from(["interval", "interval", "once", "rrule"])):
        case "interval":
            return every(draw(st.sampled_from(lengths)), anchor=anchor)
        case "once":
            return once(anchor)
        case _:
            rule = draw(
                st.sampled_from(["FREQ=HOURLY;BYMINUTE=0,30", "FREQ=DAILY;BYHOUR=2;BYMINUTE=30;BYSECOND=0,15,45"])
            )
            return rrule(f"DTSTART:20260101T000000 RRULE:{rule}", zone)


@st.composite
def skips_from(draw: st.DrawFn, timetable: Timetable, first: datetime) -> list[Skip]:
    """Some of the first fire times."""
    skips, fire_time = [], timetable.next_after(first - TICK)
    for chosen in draw(st.lists(st.booleans(), max_size=20)):
        if chosen and fire_time is not None:
            skips.append(Skip(fire_time=fire_time, actor="a"))
        fire_time = None if fire_time is None else timetable.next_after(fire_time)
    return skips


@st.composite
def cases(draw: st.DrawFn, *, longest: int = 5) -> Case:
    """A window around a change of clocks: of minutes, or of days for a trigger that is not dense."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    around = draw(st.sampled_from(CHANGES[zone]))
    days = draw(st.integers(-2 * longest, longest))
    long = days > 0
    start = around - timedelta(minutes=draw(st.integers(-10, 60)))
    length = timedelta(days=days) if long else timedelta(minutes=draw(st.integers(5, 60)))
    window = Window(start, start + length)
    plain: AnyTrigger
    hashed: AnyTrigger
    plain, hashed = cron_pair = draw(crons(zone, long=long))
    other = draw(others(zone, around, long=long))
    match draw(st.sampled_from(["cron", "cron", "cron", "other", "any_of"])):
        case "other":
            plain = hashed = other
        case "any_of":
            plain, hashed = (any_of(each, other) for each in cron_pair)
    instants = st.integers(-600, length // timedelta(seconds=1)).map(lambda second: start + timedelta(seconds=second))
    edges = sorted(draw(st.lists(instants, max_size=6, unique=True)))
    stretches = list(zip(edges[::2], edges[1::2], strict=False))
    timetable = Timetable(
        trigger=plain,
        key="the id",
        end_at=draw(st.none() | instants),
        jitter=timedelta(seconds=draw(st.sampled_from([0, 0, 45, 300, 86_400]))),
        open_times=draw(st.sampled_from([None, Shut(stretches)])),
        when_closed=draw(st.sampled_from(WhenClosed)),
    )
    now = start + timedelta(seconds=draw(st.integers(-7200, 300)))
    first = timetable.next_after(now) or window.end
    left = draw(st.sampled_from([None, None, None, 1, 17, 400]))
    timetable = replace(timetable, skips=tuple(draw(skips_from(timetable, first))))
    return Case(Upcoming("one", Timing(trigger=plain), timetable, first, left), hashed, window, now)


def close_fire_times(timetable: Timetable, window: Window, first: datetime | None) -> bool:
    """Whether two fire times of the window are within a minute, or a run that is moved and a fire time."""
    fire_time = first
    while fire_time is not None and fire_time < window.end:
        decision = replace(timetable, jitter=timedelta(0)).decide(fire_time)
        base = decision.due_time if isinstance(decision, Fires) else fire_time
        following = timetable.trigger.next_after(base)
        if following is not None and following - base <= MINUTE:
            return True
        fire_time = timetable.next_after(fire_time)
    return False


def agrees(counts: list[int], timetable: Timetable, case: Case, first: datetime | None) -> None:
    """Every count is right; where jitter may be left out, it is off by one at most, as without that jitter."""
    left = case.plain.runs_left
    expected = per_minute(dues(timetable, first, case.window, left)[0], case.window)
    if timetable.jitter and close_fire_times(timetable, case.window, first):
        assert all(abs(a - b) <= 1 for a, b in zip(counts, expected, strict=True))
    else:
        assert counts == expected


@settings(max_examples=300, deadline=None)
@given(cases(), st.sampled_from([0, 40, 300, 7200]))
def test_a_forecast_agrees_with_enumeration(case: Case, jitter: int) -> None:
    found = forecast([case.plain], case.window, case.now, timedelta(seconds=jitter))
    timetable, first = case.timetable, case.plain.first
    assert found.skipped == dues(timetable, first, case.window, case.plain.runs_left)[1]
    agrees(found.as_is.counts, timetable, case, first)
    longer = replace(timetable, jitter=max(timetable.jitter, found.jitter))
    agrees(found.with_jitter.counts, longer, case, first)
    hashed = replace(timetable, trigger=case.hashed)
    changed = case.hashed != case.timetable.trigger
    agrees(found.with_hash.counts, hashed, case, hashed.next_after(case.now) if changed else first)
    assert found.hash_changes == changed
    for outlook in (found.as_is, found.with_hash, found.with_jitter):
        assert (outlook.complete_until, outlook.schedules) == (case.window.end, 1)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_schedules_count_the_same_together_and_apart(data: st.DataObject) -> None:
    case = data.draw(cases(longest=0))
    instants = st.none() | st.sampled_from([case.now + timedelta(minutes=length) for length in (4, 9, 99)])
    triggers = [case.timetable.trigger, case.hashed, every("5s", anchor=case.now), every("30s", anchor=case.now)]
    schedules = []
    for number in range(data.draw(st.integers(2, 8))):
        trigger = data.draw(st.sampled_from(triggers))
        if trigger.kind == "interval":
            trigger = every(trigger.every, anchor=case.now + timedelta(milliseconds=data.draw(st.integers(0, 9999))))
        end_at = data.draw(instants)
        timetable = replace(case.timetable, key=f"id {number}", trigger=trigger, end_at=end_at)
        first, left = timetable.next_after(case.now), data.draw(st.sampled_from([None, None, 3]))
        if first is not None:
            schedules.append(replace(case.plain, name=f"s{number}", timetable=timetable, first=first, runs_left=left))
    jitter = timedelta(minutes=5)
    together = forecast(schedules, case.window, case.now, jitter)
    few_held = forecast(schedules, case.window, case.now, jitter, held=3)
    apart = [forecast([schedule], case.window, case.now, jitter) for schedule in schedules]
    for name in ("as_is", "with_hash", "with_jitter"):
        outlook = getattr(together, name)
        sums = [getattr(each, name).counts for each in apart]
        assert outlook.counts == getattr(few_held, name).counts
        assert outlook.counts == [sum(counts) for counts in zip(*sums, strict=True)] or not schedules
        for busy in outlook.busiest:
            minute = (busy.minute - case.window.start) // MINUTE
            behind = [schedule.name for schedule, counts in zip(schedules, sums, strict=True) if counts[minute]]
            assert len(busy.schedules) == min(len(behind), 5)
            assert set(busy.schedules) <= set(behind)
            assert (busy.runs, busy.more) == (outlook.counts[minute], len(behind) - len(busy.schedules))
    assert together.skipped == few_held.skipped == sum(each.skipped for each in apart)
