"""The triggers of crontabs and relative intervals beside Celery's own: the same fire times, away from clock changes.

Around these Celery's answer depends on its version; docs/how-to/beat.md says what Punctual does instead.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from celery import Celery
from celery.schedules import crontab, schedule
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from property.test_trigger_peers import MONTHS, WEEKDAYS, ZONES
from punctual.celery.beat_triggers import trigger_of

DAY = timedelta(days=1)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as hypothesis wants them


def part(lowest: int, highest: int, names: list[str]) -> st.SearchStrategy[Any]:
    """Draw a part of a crontab in every form that Celery takes."""
    number = st.integers(lowest, highest)
    spelt = number.map(str) if not names else st.one_of(number.map(str), st.sampled_from(names))
    step = st.integers(1, highest - lowest + 3).map(str)
    span = st.tuples(spelt, spelt).map("-".join)
    item = st.one_of(spelt, span, st.tuples(span, step).map("/".join), step.map("*/".__add__))
    text = st.lists(item, min_size=1, max_size=3).map(",".join)
    numbers = st.sets(number, min_size=1, max_size=5)
    return st.one_of(st.just("*"), text, number, numbers, numbers.map(sorted))


CRONTABS = st.fixed_dictionaries(
    {
        "minute": part(0, 59, []),
        "hour": part(0, 23, []),
        "day_of_week": part(0, 6, WEEKDAYS),
        "day_of_month": part(1, 31, []),
        "month_of_year": part(1, 12, MONTHS),
    }
)


def made(app: Celery, fields: dict[str, Any], now: datetime | None = None) -> crontab:
    try:
        return crontab(**fields, app=app, nowfun=None if now is None else lambda: now)
    except ValueError:  # Celery refuses it: a day that no month has
        assume(False)  # noqa: FBT003 - hypothesis's call
        raise


def offsets_around(instant: datetime, zone: str) -> set[timedelta | None]:
    return {(instant.astimezone(UTC) + step).astimezone(ZoneInfo(zone)).utcoffset() for step in (-DAY, DAY)}


@settings(max_examples=400)
@given(fields=CRONTABS, zone=st.sampled_from(ZONES), last=INSTANTS)
def test_a_crontab_fires_when_celerys_does(fields: dict[str, Any], zone: str, last: datetime) -> None:
    app = Celery("proj", set_as_current=False)
    app.conf.timezone = zone
    last = last.astimezone(ZoneInfo(zone))  # as beat has it
    try:
        theirs = last + made(app, fields, last).remaining_estimate(last)
    except (RuntimeError, ValueError, OverflowError):  # Celery gives up, or looks at years that it cannot
        assume(False)  # noqa: FBT003 - hypothesis's call
    # Celery before 5.6 adds wall time, so that it is an hour off where the clocks differ.
    assume(len(offsets_around(last, zone) | offsets_around(theirs, zone)) == 1)
    assert trigger_of(made(app, fields), app).next_after(last) == theirs
    # And beat, asked at that instant and just before it, agrees.
    assert made(app, fields, theirs).is_due(last).is_due
    assert not made(app, fields, theirs - timedelta(seconds=1)).is_due(last).is_due


@settings(max_examples=200)
@given(seconds=st.integers(60, 12 * 86_400), zone=st.sampled_from(ZONES), start=INSTANTS)
def test_a_relative_interval_goes_on_as_celerys_does(seconds: int, zone: str, start: datetime) -> None:
    app = Celery("proj", set_as_current=False)
    app.conf.timezone = zone
    trigger = trigger_of(schedule(seconds, relative=True), app)
    last = trigger.next_after(start)
    following = None if last is None else trigger.next_after(last)
    assert last is not None
    assert following is not None
    assume(len(offsets_around(last, zone) | offsets_around(following, zone)) == 1)
    local = last.astimezone(ZoneInfo(zone))
    given_now = schedule(seconds, relative=True, app=app, nowfun=lambda: local)
    assert following - last == given_now.remaining_estimate(local)
