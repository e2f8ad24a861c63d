"""Microseconds per next fire time of Punctual, cronsim, croniter and celery's crontab, in one run, in Europe/Berlin.

    python benchmarks/next_fire_time.py [--rounds 7]

`kept` asks one object for one fire time after another. `shared` builds the trigger of one schedule among many with the
same expression and zone, and asks once; the others remember nothing of an expression, so theirs is `cold`. `cold` reads
the expression and asks once, for Punctual with all its caches of expressions emptied before each reading, so its cold
figure includes checking and building the trigger.
celery's crontab gives the time that remains, from a nominal last run; it has no text form, so its cold figure starts
from its five arguments. Every figure is processor time, the best of the rounds, and the rounds of all four are
interleaved, so that a busy machine is busy for all of them; compare the ratios.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from celery.schedules import crontab
from croniter import croniter
from cronsim import CronSim

from punctual.domain.triggers import cron
from punctual.domain.triggers.cron import clock_of
from punctual.domain.triggers.cron_expression import read_expression, read_fields
from punctual.domain.triggers.cron_fields import read_field
from punctual.domain.triggers.zone import load_zone

EXPRESSIONS = ["* * * * *", "*/5 * * * *", "*/5 9-17 * * 1-5", "0 2 * * *", "0 9 * * 1-5", "0 0 1 1 *", "0 0 29 2 *"]
ZONE = load_zone("Europe/Berlin")
START = datetime(2026, 11, 20, 12, 34, 56, tzinfo=UTC)
STEPS = 20
"""Fire times in a row per round: few, so that a rule for leap days stays within the calendar of every library."""
ROUNDS_IN_ONE = 20

Work = Callable[[], object]


def punctual_kept(expression: str) -> Work:
    """Step through fire times; the trigger is stateless, so each answer is the next question."""
    trigger = cron(expression, ZONE.key)

    def work() -> None:
        instant: datetime | None = START
        for _ in range(STEPS):
            instant = trigger.next_after(instant or START)

    return work


def punctual_shared(expression: str) -> Work:
    """Build the trigger, and ask once."""
    return lambda: cron(expression, ZONE.key).next_after(START)


def punctual_cold(expression: str) -> Work:
    """Read the expression without anything remembered of it or of its fields."""

    def work() -> object:
        for remembered in (clock_of, read_expression, read_fields, read_field):
            remembered.cache_clear()
        return cron(expression, ZONE.key).next_after(START)

    return work


def cronsim_kept(expression: str) -> Work:
    """Step through fire times of one iterator."""

    def work() -> None:
        iterator = CronSim(expression, START.astimezone(ZONE))
        for _ in range(STEPS):
            next(iterator)

    return work


def cronsim_cold(expression: str) -> Work:
    """Read and ask once."""
    return lambda: next(CronSim(expression, START.astimezone(ZONE)))


def croniter_kept(expression: str) -> Work:
    """Step through fire times of one iterator."""
    iterator = croniter(expression, START.astimezone(ZONE))

    def work() -> None:
        iterator.set_current(START.astimezone(ZONE), force=True)
        for _ in range(STEPS):
            iterator.get_next(datetime)

    return work


def croniter_cold(expression: str) -> Work:
    """Read and ask once."""
    return lambda: croniter(expression, START.astimezone(ZONE)).get_next(datetime)


def celery_schedule(expression: str) -> crontab:
    """Return celery's own schedule for the expression, at a fixed present."""
    minute, hour, day, month, weekday = expression.split()
    return crontab(
        minute=minute,
        hour=hour,
        day_of_month=day,
        month_of_year=month,
        day_of_week=weekday,
        nowfun=lambda: START.astimezone(ZONE),
    )


def celery_kept(expression: str) -> Work:
    """Ask one object again and again for the time that remains."""
    schedule, last_run = celery_schedule(expression), START.astimezone(ZONE)

    def work() -> None:
        for _ in range(STEPS):
            schedule.remaining_estimate(last_run)

    return work


def celery_cold(expression: str) -> Work:
    """Build the object and ask once."""
    return lambda: celery_schedule(expression).remaining_estimate(START.astimezone(ZONE))


KEPT = {"punctual": punctual_kept, "cronsim": cronsim_kept, "croniter": croniter_kept, "celery": celery_kept}
SHARED = {"punctual": punctual_shared, "cronsim": cronsim_cold, "croniter": croniter_cold, "celery": celery_cold}
COLD = {"punctual": punctual_cold, "cronsim": cronsim_cold, "croniter": croniter_cold, "celery": celery_cold}


def measure(
    makers: Mapping[str, Callable[[str], Work]], expression: str, rounds: int, divisor: int
) -> dict[str, float]:
    """Return the best microseconds of each."""
    works = {name: maker(expression) for name, maker in makers.items()}
    best = dict.fromkeys(works, float("inf"))
    for _ in range(rounds):
        for name, work in works.items():
            work()
            started = time.process_time()
            for _ in range(ROUNDS_IN_ONE):
                work()
            best[name] = min(best[name], (time.process_time() - started) / ROUNDS_IN_ONE / divisor * 1e6)
    return best


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often to measure each; the best counts")
    rounds: int = parser.parse_args().rounds
    for title, makers, divisor in (("kept", KEPT, STEPS), ("shared", SHARED, 1), ("cold", COLD, 1)):
        print(f"{title + ', microseconds':<22}" + "".join(f"{name:>17}" for name in makers))
        for expression in EXPRESSIONS:
            figures = measure(makers, expression, rounds, divisor)
            shown = "".join(f"{figure:9.1f} ({figure / figures['punctual']:4.1f}x)" for figure in figures.values())
            print(f"{expression:<22}{shown}")
        print()


if __name__ == "__main__":
    main()
