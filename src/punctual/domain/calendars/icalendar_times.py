"""Dates, times and time zones as iCalendar files write them (RFC 5545, 3.3.4 to 3.3.6 and 3.2.19)."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from punctual.domain.calendars.icalendar_file import Property
from punctual.domain.calendars.rule import shown
from punctual.domain.errors import CalendarError, TriggerError
from punctual.domain.triggers.zone import find_zone, load_zone

_DATE_LENGTH = len("20261224")


class Moment(NamedTuple):
    """A wall time in the zone of this IANA name, in whatever zone the calendar has (None), or a whole day."""

    wall: datetime
    zone: str | None
    whole_day: bool

    def instant(self, default: str) -> datetime:
        """Return the instant in UTC; where the clocks leave the time out, by their offset before (RFC 5545, 3.3.5)."""
        return self.wall.replace(tzinfo=ZoneInfo(self.zone or default)).astimezone(UTC)

    def wall_in(self, zone: str, default: str) -> datetime:
        """Return the wall time that a zone's clocks show then."""
        if (self.zone or default) == zone:
            return self.wall
        return self.instant(default).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


class Zones:
    """The time zones that a file names."""

    def __init__(self, locations: Mapping[str, str]) -> None:
        """Take the IANA names that the file itself gives for its own names."""
        self._locations = locations

    def name_of(self, tzid: str) -> str:
        """Return the IANA name of a TZID: such a name itself, one that ends in it, or a zone of Windows.

        Raises CalendarError for any other.
        """
        from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON  # noqa: PLC0415 - needed for imports only

        wanted = tzid.strip().strip('"/')
        parts = wanted.split("/")
        candidates = [wanted, WINDOWS_TO_OLSON.get(wanted, ""), self._locations.get(tzid, "")]
        candidates += ["/".join(parts[start:]) for start in range(1, len(parts) - 1)]
        for candidate in candidates:
            if find_zone(candidate) is not None:
                return candidate
        try:
            return load_zone(wanted).key
        except TriggerError as error:
            fix = f"{error.fix} Replace the name in the file, or choose the zone in the calendar program."
            raise CalendarError(error.message, fix=fix) from None

    def moments(self, written: Property) -> list[Moment]:
        """Return the dates, or dates with times, of a property; raises CalendarError for what is none."""
        return [self._moment(text.strip(), written.parameters) for text in written.value.split(",")]

    def moment(self, written: Property) -> Moment:
        """Return the one date, or date with time, of a property; raises CalendarError for what is none."""
        return self._moment(written.value.strip(), written.parameters)

    def period(self, text: str, parameters: Mapping[str, str], default: str) -> tuple[datetime, datetime]:
        """Return the instants at which a period of time starts and ends; raises CalendarError for what is none."""
        first, _, last = text.strip().partition("/")
        start = self._moment(first, parameters).instant(default)
        if last[:1] in {"P", "+", "-"}:
            return start, start + read_length(last)
        return start, self._moment(last, parameters).instant(default)

    def _moment(self, text: str, parameters: Mapping[str, str]) -> Moment:
        from icalendar import vDate, vDatetime  # noqa: PLC0415 - needed for imports only

        try:
            if len(text) == _DATE_LENGTH:
                day: date = vDate.from_ical(text)  # type: ignore[no-untyped-call]  # typed in part only
                return Moment(datetime(day.year, day.month, day.day), None, whole_day=True)  # noqa: DTZ001 - a wall time
            wall: datetime = vDatetime.from_ical(text)  # type: ignore[no-untyped-call]  # same
        except (ValueError, TypeError):
            raise CalendarError(
                message=f"{shown(text)} is no date", fix="Correct it in the calendar program."
            ) from None
        if text.upper().endswith("Z"):
            return Moment(wall.replace(tzinfo=None), "UTC", whole_day=False)
        tzid = parameters.get("TZID")
        return Moment(wall, self.name_of(tzid) if tzid else None, whole_day=False)


def read_length(text: str) -> timedelta:
    """Return the length of time of a DURATION; raises CalendarError for what is none."""
    from icalendar import vDuration  # noqa: PLC0415 - needed for imports only

    try:
        length: timedelta = vDuration.from_ical(text.strip())  # type: ignore[no-untyped-call]  # same
    except (ValueError, TypeError, OverflowError):
        raise CalendarError(
            message=f"{shown(text)} is no duration", fix="Correct it in the calendar program."
        ) from None
    return length
