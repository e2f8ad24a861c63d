"""Seconds of a forecast against plain enumeration of every fire time, for many schedules in a window.

    python benchmarks/forecast.py [--hours 24]

Both give the runs per minute as they are, with an `H` for each plain minute, and with five minutes of jitter. Plain
enumeration asks each schedule for one fire time after another, and counts it in its minute. Where that would take
minutes, it is done for some of the schedules, and its time scaled up (marked `~`). Every figure is processor time.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from punctual.domain.forecast import Forecast, Forecaster, Upcoming
from punctual.domain.forecast_pattern import Window
from punctual.domain.forecast_rows import with_hash
from punctual.domain.timetable import Fires, Timetable
from punctual.domain.timing import Timing
from punctual.domain.triggers import AnyTrigger, cron, every

START = datetime(2026, 3, 29, tzinfo=UTC)
"""The day on which the clocks of Berlin are put forward."""
JITTER = timedelta(minutes=5)
MOST_ENUMERATED = 500_000


def distinct(number: int) -> AnyTrigger:
    """Return one of 1,440 daily and 60 hourly rules."""
    if number % 2:
        return cron(f"{number // 2 % 60} {number // 120 % 24} * * *", "Europe/Berlin")
    return cron(f"{number // 2 % 60} * * * *", "Europe/Berlin")


CASES: dict[str, tuple[int, Callable[[int], AnyTrigger]]] = {
    "10,000 distinct, hourly and daily": (10_000, distinct),
    "10,000 equal, daily": (10_000, lambda _: cron("0 12 * * *")),
    "10,000 hourly intervals": (
        10_000,
        lambda number: every("1h", anchor=START + timedelta(milliseconds=317 * number)),
    ),
    "1,000 every second": (
        1_000,
        lambda number: (
            every("1s", anchor=START + timedelta(milliseconds=number)) if number % 2 else cron("* * * * * *")
        ),
    ),
}


def schedules_of(count: int, trigger: Callable[[int], AnyTrigger]) -> list[Upcoming]:
    """Return so many schedules, first due after the start."""
    found = []
    for number in range(count):
        timing = Timing(trigger=trigger(number))
        timetable = timing.timetable(str(UUID(int=number)), {})
        first = timetable.next_after(START)
        if first is not None:
            found.append(Upcoming(f"schedule {number}", timing, timetable, first))
    return found


def forecast(schedules: list[Upcoming], window: Window) -> Forecast:
    """Return the forecast."""
    forecaster = Forecaster(window, now=START, jitter=JITTER)
    for schedule in schedules:
        forecaster.add(schedule)
    return forecaster.result()


def enumerated(schedules: list[Upcoming], window: Window) -> float:
    """Count the runs per minute of the first schedules, three times, and return which part of all they are."""
    as_is: Counter[datetime] = Counter()
    hashed: Counter[datetime] = Counter()
    jittered: Counter[datetime] = Counter()
    steps = 0
    for number, schedule in enumerate(schedules):
        if steps >= MOST_ENUMERATED:
            return number / len(schedules)
        timetable = schedule.timetable
        with_h = replace(timetable, trigger=with_hash(timetable.trigger, timetable.key))
        steps += enumerate_one(timetable, window, as_is)
        steps += enumerate_one(with_h, window, hashed)
        steps += enumerate_one(replace(timetable, jitter=JITTER), window, jittered)
    return 1.0


def enumerate_one(timetable: Timetable, window: Window, counts: Counter[datetime]) -> int:
    """Count each run of one schedule in its minute; return how many fire times there were."""
    steps, fire_time = 0, timetable.next_after(START)
    while fire_time is not None and fire_time < window.end:
        steps += 1
        decision = timetable.decide(fire_time)
        if isinstance(decision, Fires):
            counts[decision.due_time.replace(second=0, microsecond=0)] += 1
        fire_time = timetable.next_after(fire_time)
    return steps


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=24, help="length of the window")
    hours: int = parser.parse_args().hours
    window = Window(START, START + timedelta(hours=hours))
    print(f"{f'{hours} hours, seconds':<36}{'runs':>12}{'forecast':>10}{'plain':>10}{'ratio':>10}")
    for title, (count, trigger) in CASES.items():
        schedules = schedules_of(count, trigger)
        started = time.process_time()
        found = forecast(schedules, window)
        took = time.process_time() - started
        started = time.process_time()
        part = enumerated(schedules, window)
        plain = (time.process_time() - started) / part
        mark = "~" if part < 1 else " "
        print(f"{title:<36}{found.as_is.runs:>12,}{took:>10.2f}{mark}{plain:>9.2f}{plain / took:>9.1f}x")
        for name, outlook in (("as is", found.as_is), ("H", found.with_hash), ("jitter", found.with_jitter)):
            if outlook.complete_until < window.end:
                print(
                    f"    {name}: {outlook.over_budget:,} schedules left out, complete up to {outlook.complete_until}"
                )


if __name__ == "__main__":
    main()
