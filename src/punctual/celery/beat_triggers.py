"""Celery's schedule objects as triggers: what `crontab`, `solar`, `schedule` and plain intervals mean to beat."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from celery import Celery
from celery.schedules import crontab, maybe_schedule, schedule, solar

from punctual.domain.clock import SystemClock
from punctual.domain.errors import SetupError, TriggerError
from punctual.domain.triggers import Trigger, cron, rrule
from punctual.domain.triggers import solar as solar_trigger
from punctual.domain.triggers.cron_expression import read_expression
from punctual.domain.triggers.interval import Interval
from punctual.domain.triggers.zone import load_zone

_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
_ONE_CLOCK = timedelta(minutes=1)
_FIRST_DAY = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall time

_FULL = {
    "minute": range(60),
    "hour": range(24),
    "day_of_month": range(1, 32),
    "month_of_year": range(1, 13),
    "day_of_week": range(7),
}
"""The parts of a crontab in the order of a cron expression, with all that each can be."""


def trigger_of(given: Any, app: Celery, *, relative: bool = False) -> Trigger:  # noqa: ANN401 - Celery has no types
    """Return the trigger that fires when beat would, for what stands under `schedule` in an entry.

    Raises SetupError for anything whose meaning is not known (a class of one's own may mean anything), and
    TriggerError for what no trigger can be.
    """
    found = maybe_schedule(given, relative, app=app) if isinstance(given, int | float | timedelta) else given
    kind = type(found)
    if kind not in {crontab, solar, schedule}:
        message = f"its schedule is a {kind.__module__}.{kind.__qualname__}, whose fire times only its own code knows"
        fix = "Use crontab, solar or an interval, or declare it with @punctual.scheduled, which takes an RRULE too."
        raise SetupError(message, fix=fix)
    found.app = app
    if kind is schedule:
        return _interval(found, app)
    if kind is solar:
        return solar_trigger(found.event, found.lat, found.lon, zone_name(app.timezone))
    return _cron(found)


def zone_name(zone: tzinfo | None) -> str:
    """Return the IANA name of a time zone as Celery has it; raises SetupError for one without a name."""
    if zone is UTC:
        return "UTC"
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if name is None:
        message = f"its time zone is {zone!r}, which has no IANA name"
        raise SetupError(message, fix='Set the app\'s `timezone`, for example to "Europe/Berlin".')
    load_zone(str(name))
    return str(name)


def _cron(found: crontab) -> Trigger:
    now = found.now()
    if abs(found.maybe_make_aware(now) - SystemClock().now()) > _ONE_CLOCK:
        message = "its nowfun tells another time than the clock"
        raise SetupError(message, fix="Leave nowfun out: Punctual fires by the clock of its database.")
    # Where Celery reads the clock is its own business: a nowfun decided it before Celery 5.7, and the app does since.
    zone = zone_name(found.remaining_delta(now)[0].tzinfo)
    fields = [_field(name, getattr(found, name), getattr(found, f"_orig_{name}")) for name in _FULL]
    both = fields[2] != "*" and fields[4] != "*"
    return cron(" ".join(fields), zone, day_match="and" if both else "or")


def _field(name: str, numbers: Collection[int], written: object) -> str:
    """Return a field of a cron expression for what Celery expanded, as people wrote it where that means the same."""
    full = _FULL[name]
    if set(numbers) == set(full):
        return "*"
    spelt = ",".join(map(str, sorted(numbers)))
    if isinstance(written, str) and _meaning(name, written) == _meaning(name, spelt):
        return written
    return spelt


def _meaning(name: str, text: str) -> object:
    if not text or text != "".join(text.split()):
        return None
    expression = " ".join(text if name == each else "*" for each in _FULL)
    try:
        # Whether it follows elapsed time where clocks are changed depends on how it is written.
        return read_expression(expression)._replace(follows_clock=False)
    except TriggerError:
        return None


def _interval(found: schedule, app: Celery) -> Trigger:
    every = found.run_every
    if every is None:
        message = "its schedule has no interval"
        raise SetupError(message, fix="Write schedule(run_every=...).")
    unit = next((unit for unit in (_DAY, _HOUR, _MINUTE) if every >= unit), None)
    if not found.relative or unit is None:
        return Interval(every=every)
    # Celery rounds each time down to the unit, and so loses what is left over the unit.
    count, zone = every // unit, zone_name(app.timezone)
    if unit is not _DAY:
        return Interval(every=count * unit, anchor=_FIRST_DAY.replace(tzinfo=load_zone(zone)))
    return (
        cron("0 0 * * *", zone)
        if count == 1
        else rrule(f"DTSTART:{_FIRST_DAY:%Y%m%dT%H%M%S} RRULE:FREQ=DAILY;INTERVAL={count}", zone)
    )
