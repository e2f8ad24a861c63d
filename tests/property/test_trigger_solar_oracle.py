"""Solar triggers against the height of the sun itself, followed through days minute by minute.

The sun's place is that of the Astronomical Almanac's low-precision formulas (section C, "good to 0.01 degrees from
1950 to 2050"), which the code under test does not use. The code looks for the instant of an event; here the whole
day is looked at, and an event is where the sun passes its height.
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import asin, atan2, cos, degrees, radians, sin
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punctual.domain.triggers import solar
from punctual.domain.triggers.solar import SolarEvent

J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOLERANCE = timedelta(minutes=3)
HEIGHTS = {"": -0.833, "_civil": -6.0, "_nautical": -12.0, "_astronomical": -18.0}
"""Degrees above the horizon; at sunrise and sunset the sun's upper edge is seen on it, lifted by the air."""
GRAZING = 0.6
"""Degrees: where the sun only just reaches the height, the least error moves the instant far."""


def sun_above(instant: datetime, latitude: float, longitude: float) -> tuple[float, float]:
    """The sun's height, and its hour angle from -180 to 180 (0 at noon), both in degrees."""
    days = (instant - J2000) / timedelta(days=1)
    mean, anomaly = 280.460 + 0.9856474 * days, radians(357.528 + 0.9856003 * days)
    along = radians(mean + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.0000004 * days)
    ascension, declination = degrees(atan2(cos(tilt) * sin(along), cos(along))), asin(sin(tilt) * sin(along))
    sidereal = 280.46062 + 360.98564737 * days
    angle = (sidereal + longitude - ascension + 180) % 360 - 180
    up, here = radians(latitude), radians(angle)
    return degrees(asin(sin(up) * sin(declination) + cos(up) * cos(declination) * cos(here))), angle


def passes(event: str, track: list[tuple[datetime, float, float]]) -> list[datetime]:
    """The instants, to the minute, at which the sun passes the height of the event in its direction."""
    if event == "solar_noon":
        return [later for (_, _, before), (later, _, angle) in pairwise(track) if before < 0 <= angle < 90]
    name, _, depth = event.partition("_")
    height = HEIGHTS[f"_{depth}" if depth else ""]
    rising = name in {"dawn", "sunrise"}
    return [
        later
        for (_, before, _), (later, after, _) in pairwise(track)
        if (before < height <= after if rising else before >= height > after)
    ]


def extremes(track: list[tuple[datetime, float, float]]) -> list[float]:
    """The greatest and least heights that the sun has each day."""
    heights = [height for _, height, _ in track]
    return [b for a, b, c in zip(heights, heights[1:], heights[2:], strict=False) if (b - a) * (c - b) <= 0]


@settings(max_examples=60, deadline=None)
@given(
    event=st.sampled_from(get_args(SolarEvent)),
    latitude=st.floats(-75, 75),
    longitude=st.floats(-180, 180),
    start=st.datetimes(datetime(1970, 1, 1), datetime(2037, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
)
def test_every_event_is_where_the_sun_passes_its_height_and_there_is_no_other(
    event: SolarEvent, latitude: float, longitude: float, start: datetime
) -> None:
    trigger = solar(event, latitude, longitude)
    track = [(start + n * MINUTE, *sun_above(start + n * MINUTE, latitude, longitude)) for n in range(3 * 1440)]
    end = track[-1][0]
    wanted = passes(event, track)
    if event != "solar_noon":
        _name, _, depth = event.partition("_")
        height = HEIGHTS[f"_{depth}" if depth else ""]
        if any(abs(extreme - height) < GRAZING for extreme in extremes(track)):
            return
    found, following = [], trigger.next_after(start - TOLERANCE)
    while following is not None and following <= end + TOLERANCE:
        found.append(following)
        following = trigger.next_after(following)
    inside = [instant for instant in found if start + TOLERANCE < instant < end - TOLERANCE]
    for instant in inside:
        assert any(abs(instant - each) <= TOLERANCE for each in wanted), (instant, wanted)
    for each in wanted:
        if start + 2 * TOLERANCE < each < end - 2 * TOLERANCE:
            assert sum(abs(instant - each) <= TOLERANCE for instant in found) == 1, (each, found)


@pytest.mark.parametrize("event", ["sunrise", "sunset", "dawn_civil", "dusk_nautical"])
@pytest.mark.parametrize("latitude", [78.22, -77.85])
def test_days_on_which_the_sun_never_passes_the_height_have_no_event(event: SolarEvent, latitude: float) -> None:
    """Longyearbyen and McMurdo: months of day and of night."""
    trigger = solar(event, latitude, 15.65)
    height = HEIGHTS[event.removeprefix("sunrise").removeprefix("sunset").removeprefix("dawn").removeprefix("dusk")]
    without = 0
    for number in range(0, 365, 3):
        noon = datetime(2026, 1, 1, 11, tzinfo=UTC) + timedelta(days=number)
        heights = [sun_above(noon + hour * timedelta(hours=1), latitude, 15.65)[0] for hour in range(-12, 13)]
        if min(heights) > height + GRAZING or max(heights) < height - GRAZING:
            without += 1
            half = timedelta(hours=12)
            assert trigger.count_between(noon - half, noon + half, 9) == (0, True), noon
    assert without > 30
