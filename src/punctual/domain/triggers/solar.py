"""The solar trigger: an event of the sun's day at a place on the earth."""

import difflib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from math import degrees
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.base import Timezone, WrittenTrigger, as_utc, built, text_field

SolarEvent = Literal[
    "dawn_astronomical",
    "dawn_nautical",
    "dawn_civil",
    "sunrise",
    "solar_noon",
    "sunset",
    "dusk_civil",
    "dusk_nautical",
    "dusk_astronomical",
]

DEPRESSIONS = {"civil": 6.0, "nautical": 12.0, "astronomical": 18.0}
"""Degrees below the horizon, by the names of dawn and dusk."""

_HORIZON = 90.0
_SUN_RADIUS = 16 / 60
_NOON = 720.0
_MINUTES_PER_DEGREE = 4.0
_HIGHEST_LATITUDE = 89.8
"""Nearer to the poles than this the sun's day has no sense; the library keeps to it as well."""
_MOST_DAYS = 366
_SLACK = 2
"""Days: the sun's day at a place may begin on the day before or end on the day after that of UTC."""
_FORM = re.compile(r"(\S+)\s+at\s+(\S+?)\s*,\s*(\S+)(?:\s+(\S.*))?", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?")
_EXAMPLE = 'Write for example "sunset at 52.52,13.41 Europe/Berlin".'


def _short(degree: float) -> float:
    return round(degree, 6) + 0.0


Degrees = Annotated[float, AfterValidator(_short)]


class Solar(WrittenTrigger):
    """Fires at an event of the sun's day; days without it, in polar summer and winter, are left out."""

    kind: Literal["solar"] = "solar"
    event: SolarEvent = Field(description="The event; dawn and dusk are when the sun is 6, 12 or 18 degrees low.")
    latitude: Degrees = Field(
        ge=-90, le=90, allow_inf_nan=False, description="Degrees, north is positive.", examples=[52.52]
    )
    longitude: Degrees = Field(
        ge=-180, le=180, allow_inf_nan=False, description="Degrees, east is positive.", examples=[13.41]
    )
    timezone: Timezone = Field(
        default="UTC",
        description="IANA name of the time zone in which to show the fire times; it does not change them.",
        examples=["Europe/Berlin"],
    )
    text: str = text_field()

    @classmethod
    def fields_of(cls, text: str) -> dict[str, Any]:
        """Return the fields that a text such as `sunset at 52.52,13.41 Europe/Berlin` names, unchecked."""
        return _fields_of(text)

    @classmethod
    def text_of(cls, fields: Mapping[str, Any]) -> str:
        """Return the short text for all fields before `text`."""
        return _text_of(fields)

    @property
    def timezone_name(self) -> str:
        """The zone in which people read the fire times."""
        return self.timezone

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first fire time strictly after the instant; None when no day of the next year has the event."""
        return self._nearest(instant, 1)

    def previous_before(self, instant: datetime) -> datetime | None:
        """Return the last fire time strictly before the instant; None when no day of the year before has the event."""
        return self._nearest(instant, -1)

    def day_of(self, instant: datetime) -> int:
        """Return the ordinal of the sun's day, counted from one midnight of the sun to the next, at this instant."""
        return (instant.astimezone(UTC) + timedelta(minutes=_MINUTES_PER_DEGREE * self.longitude)).toordinal()

    def on_day(self, day: int) -> datetime | None:
        """Return the fire time on a day of the sun, None where it has none."""
        return _event_of(self.event, self.latitude, self.longitude, day)

    def stays_low(self, day: int) -> bool:
        """Whether the sun stays too low for the event, on a day of the sun without it; else it stays too high."""
        return _stays_low(self.event, self.latitude, day)

    def _nearest(self, instant: datetime, direction: Literal[1, -1]) -> datetime | None:
        utc = as_utc(instant)
        if utc is None:
            return None
        today = utc.toordinal()
        for ahead in range(-_SLACK, _MOST_DAYS + _SLACK):
            day = today + direction * ahead
            if 1 <= day <= date.max.toordinal():
                found = self.on_day(day)
                if found is not None and (found > utc if direction == 1 else found < utc):
                    return found
        return None


def solar(event: SolarEvent, latitude: float, longitude: float, timezone: str = "UTC") -> Solar:
    """Return the trigger of a solar event: `solar("sunset", 52.52, 13.41)`; the time zone is for reading only.

    Raises TriggerError, naming the field, for anything not understood. Asking for fire times needs the extra
    `punctual[solar]`, and raises TriggerError without it.
    """
    return built(Solar, event=event, latitude=latitude, longitude=longitude, timezone=timezone)


def is_solar(text: str) -> bool:
    """Whether a text has the form of a solar trigger: its second word is `at`."""
    words = text.split(maxsplit=2)
    return len(words) > 1 and words[1].lower() == "at"


def _fields_of(text: str) -> dict[str, Any]:
    """Return the fields of `Solar` that a text such as `sunset at 52.52,13.41 Europe/Berlin` names, unchecked."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise TriggerError(
            message=f'"{text}" has no latitude and longitude',
            fix=_EXAMPLE,
            field="latitude",
            text=text,
            position=len(text),
        )
    event, latitude, longitude, zone = match.groups()
    for group, (name, value, most) in enumerate((("latitude", latitude, 90), ("longitude", longitude, 180)), 2):
        if not _NUMBER.fullmatch(value) or abs(float(value)) > most:
            raise TriggerError(
                message=f'"{text}": {name} must be a number of degrees from -{most} to {most}, got "{value}"',
                fix=_EXAMPLE,
                field=name,
                text=text,
                position=match.start(group),
            )
    if event.lower() not in get_args(SolarEvent):
        raise TriggerError(
            message=f'"{text}": "{event}" is no solar event',
            fix=_event_advice(event.lower()),
            field="event",
            text=text,
            position=0,
        )
    fields: dict[str, Any] = {"event": event.lower(), "latitude": float(latitude), "longitude": float(longitude)}
    return fields | ({"timezone": zone} if zone else {})


def _event_advice(event: str) -> str:
    known: tuple[str, ...] = get_args(SolarEvent)
    close = difflib.get_close_matches(event, known, n=1)
    return f'Did you mean "{close[0]}"?' if close else f"Use one of {', '.join(known)}."


@lru_cache(maxsize=8192)
def _event_of(event: SolarEvent, latitude: float, longitude: float, day: int) -> datetime | None:
    """Return the instant of the event on the sun's day around noon of this day at this longitude, or None.

    The sun's position is astral's. Its own functions for whole events assign them to days of UTC, and so lose or
    repeat one where an event moves over midnight; counting from local noon does not. Whole seconds, rounded down.
    """
    try:
        from astral import SunDirection, sun  # noqa: PLC0415 - an optional extra
        from astral.julian import julianday, julianday_to_juliancentury  # noqa: PLC0415 - same
    except ImportError:
        raise TriggerError(
            message="solar triggers need the library astral, which is not installed here",
            fix="Run: pip install 'punctual[solar]'",
            field="kind",
        ) from None
    zenith = _zenith(event)
    rising = SunDirection.RISING if event.startswith(("dawn", "sunrise")) else SunDirection.SETTING
    start = julianday(date.fromordinal(day))
    minutes = _NOON - _MINUTES_PER_DEGREE * longitude
    angle = 0.0
    for _ in range(3):
        century = julianday_to_juliancentury(start + minutes / 1440)
        if event != "solar_noon":
            try:
                angle = degrees(sun.hour_angle(_bounded(latitude), sun.sun_declination(century), zenith, rising))
            except ValueError:  # the sun stays above, or below
                return None
        minutes = _NOON - _MINUTES_PER_DEGREE * (longitude + angle) - sun.eq_of_time(century)
    try:
        return datetime.fromordinal(day).replace(tzinfo=UTC) + timedelta(seconds=int(minutes * 60 // 1))
    except OverflowError:  # no year for it
        return None


def _zenith(event: SolarEvent) -> float:
    """Return the angle between the sun's centre and the zenith at which the event is, in degrees."""
    from astral import refraction_at_zenith  # noqa: PLC0415 - an optional extra

    zenith = _HORIZON + DEPRESSIONS.get(event.rpartition("_")[2], _SUN_RADIUS)
    return zenith + refraction_at_zenith(zenith)


def _stays_low(event: SolarEvent, latitude: float, day: int) -> bool:
    from astral import sun  # noqa: PLC0415 - an optional extra
    from astral.julian import julianday, julianday_to_juliancentury  # noqa: PLC0415 - same

    declination = sun.sun_declination(julianday_to_juliancentury(julianday(date.fromordinal(day)) + 0.5))
    return abs(_bounded(latitude) - declination) > _zenith(event)  # how far it is from the zenith at noon


def _bounded(latitude: float) -> float:
    return max(-_HIGHEST_LATITUDE, min(latitude, _HIGHEST_LATITUDE))


def _text_of(fields: Mapping[str, Any]) -> str:
    place = ",".join(f"{fields[name]:.6f}".rstrip("0").rstrip(".") for name in ("latitude", "longitude"))
    return f"{fields['event']} at {place}" + ("" if fields["timezone"] == "UTC" else f" {fields['timezone']}")
