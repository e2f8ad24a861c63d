"""The rules that single and recurring events of an iCalendar file become."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from punctual.domain.calendars.icalendar_file import Event, Property
from punctual.domain.calendars.icalendar_times import Moment, Zones, read_length
from punctual.domain.calendars.rule import RuleModel, calendar_errors
from punctual.domain.calendars.rule_hours import Range
from punctual.domain.calendars.rule_recurring import LONGEST, Recurring
from punctual.domain.errors import CalendarError
from punctual.domain.triggers.duration import write_duration
from punctual.domain.triggers.rrule import rrule
from punctual.domain.triggers.rrule_text import LONGEST_SET

_Rule = TypeVar("_Rule", bound=RuleModel)
_A_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_UNTIL = re.compile(r"(;UNTIL=)([0-9]{8})(T[0-9]{6}Z?)?(?=;|$)")
_FIRST_YEAR = 1970
_FIRST_LEAP_YEAR = 1972
_CORRECT = "Correct it in the calendar program, or delete the event, and export again."


class Day(NamedTuple):
    """One whole day, which joins those of the same label in a rule."""

    day: date
    label: str


Piece = Day | Range | Recurring
"""What an event becomes."""


class LeftOut(Exception):  # noqa: N818 - not an error: the event has nothing to add
    """The event closes or opens nothing, for this reason."""


class EventReader:
    """Reads events for a calendar of one time zone."""

    def __init__(self, zones: Zones, timezone: str) -> None:
        """Read times without a zone as those of this one."""
        self._zones = zones
        self._timezone = timezone

    def pieces(self, event: Event, overridden: Sequence[Property]) -> list[Piece]:
        """Return what an event becomes, without the occurrences that other events change.

        Raises CalendarError for one that cannot be taken, and LeftOut for one that has nothing to add.
        """
        try:
            if event.all("RRULE") or event.all("RDATE"):
                return self._recurring(event, overridden)
            return [self._single(event)]
        except OverflowError:
            raise CalendarError(message="a date is outside the years 1 to 9999", fix=_CORRECT) from None

    def _bounds(self, event: Event) -> tuple[Moment, Moment]:
        """Return the start and the end; without an end, a day lasts as a whole and a time not at all."""
        written = event.first("DTSTART")
        if written is None:
            raise CalendarError(message="it has no start (DTSTART)", fix=_CORRECT)
        start = self._zones.moment(written)
        if (last := event.first("DTEND")) is not None:
            end = self._zones.moment(last)
        elif (lasting := event.first("DURATION")) is not None:
            end = Moment(*self._ended(start, read_length(lasting.value)), start.whole_day)
        else:
            end = start._replace(wall=start.wall + _A_DAY) if start.whole_day else start
        if start.whole_day != end.whole_day:
            raise CalendarError(message="its start and its end are not both days, or both times", fix=_CORRECT)
        length = end.wall - start.wall if start.whole_day else self._instant(end) - self._instant(start)
        if length < timedelta(0):
            raise CalendarError(message="it ends before it starts", fix=_CORRECT)
        if not length:
            reason = "have no length"
            raise LeftOut(reason)
        return start, end

    def _ended(self, start: Moment, length: timedelta) -> tuple[datetime, str | None]:
        if start.whole_day:
            return start.wall + length, None
        return (self._instant(start) + length).replace(tzinfo=None), "UTC"

    def _instant(self, moment: Moment) -> datetime:
        return moment.instant(self._timezone)

    def _single(self, event: Event) -> Piece:
        start, end = self._bounds(event)
        if not start.whole_day:
            return _range(self._instant(start), self._instant(end), event.label)
        first, last = start.wall.date(), (end.wall - _TICK).date()
        return Day(first, event.label) if first == last else _range(first, last, event.label)

    def _recurring(self, event: Event, overridden: Sequence[Property]) -> list[Piece]:
        if event.all("EXRULE"):
            raise CalendarError(
                message="it has an EXRULE, which the standard has dropped", fix="List the dates as EXDATE."
            )
        start, end = self._bounds(event)
        lasting = _days(start, end) if start.whole_day else _duration(self._instant(end) - self._instant(start))
        zone = start.zone or self._timezone
        if start.wall.year < _FIRST_YEAR:
            start = start._replace(wall=_moved(start.wall, event))
        rules = [self._rule(each.value.strip().upper(), start) for each in event.all("RRULE")]
        dates, periods = self._added(event, start, zone)
        excluded = {
            wall for wall in self._walls([*event.all("EXDATE"), *overridden], start, zone) if wall >= start.wall
        }
        if not rules or not _gives(start, rules):
            dates.add(start.wall)  # it is an occurrence, whether or not the rule names it (RFC 5545, 3.8.2.4)
        if not rules and dates <= excluded:
            reason = "have no occurrence left"
            raise LeftOut(reason)
        expression = _expression(start, zone if zone != self._timezone else None, rules, dates, excluded)
        if len(expression) > LONGEST_SET:
            raise CalendarError(
                message="it has too many dates that are added or left out",
                fix="End the series in the calendar program, begin a new one there, and export again.",
            )
        fields = {"kind": "recurring", "expression": expression, "label": event.label, **lasting}
        return [_built(Recurring, fields), *(_range(*period, event.label) for period in periods)]

    def _rule(self, rule: str, start: Moment) -> str:
        """Return an RRULE with its UNTIL in the form of its start, as the standard wants it and few programs do.

        A day gets its last second where the start has a time, and a time is cut off where the start has none.
        """
        found = _UNTIL.search(f";{rule}")
        if found is None:
            return f"RRULE:{rule}"
        until = found[2] if start.whole_day else found[2] + (found[3] or "T235959")
        last = self._zones.moment(Property({}, until))
        if self._instant(last) < self._instant(start) if last.zone else last.wall < start.wall:
            reason = "end before they begin"
            raise LeftOut(reason)
        return "RRULE:" + _UNTIL.sub(rf"\g<1>{until}", f";{rule}")[1:]

    def _added(self, event: Event, start: Moment, zone: str) -> tuple[set[datetime], list[tuple[datetime, datetime]]]:
        """Return the dates, and the periods, that are added to those of the rules."""
        dates: set[datetime] = set()
        periods: list[tuple[datetime, datetime]] = []
        for written in event.all("RDATE"):
            if written.parameters.get("VALUE", "").upper() == "PERIOD":
                texts = written.value.split(",")
                periods += [self._zones.period(text, written.parameters, self._timezone) for text in texts]
            else:
                dates.update(self._walls([written], start, zone))
        return dates, periods

    def _walls(self, properties: Iterable[Property], start: Moment, zone: str) -> list[datetime]:
        """Return the wall times in the event's zone; a day stands for the occurrence on it."""
        moments = [moment for written in properties for moment in self._zones.moments(written)]
        return [
            datetime.combine(moment.wall, start.wall.time())
            if moment.whole_day or start.whole_day
            else moment.wall_in(zone, self._timezone)
            for moment in moments
        ]


def _built(model: type[_Rule], fields: dict[str, object]) -> _Rule:
    """Return a rule; raises CalendarError where pydantic would raise its own error."""
    try:
        return model.model_validate(fields)
    except ValidationError as invalid:
        fault = invalid.errors()[0]
        error = fault.get("ctx", {}).get("error")
        message, fix = (error.message, error.fix) if isinstance(error, CalendarError) else (fault["msg"], _CORRECT)
        raise CalendarError(message, fix=fix or _CORRECT) from None


def _range(first: date, last: date, label: str) -> Range:
    return _built(Range, {"kind": "range", "from": first, "until": last, "label": label})


def _days(start: Moment, end: Moment) -> dict[str, object]:
    days = -(-(end.wall - start.wall) // _A_DAY)
    if days > LONGEST // _A_DAY:
        raise CalendarError(message="it lasts for more than a year", fix=_CORRECT)
    return {"days": days}


def _duration(length: timedelta) -> dict[str, object]:
    if length > LONGEST:
        raise CalendarError(message="it lasts for more than a year", fix=_CORRECT)
    return {"duration": write_duration(length)}


def _moved(start: datetime, event: Event) -> datetime:
    """Return the first occurrence from 1970 on of what comes every year; earlier ones are never asked for."""
    rules = [each.value.upper() for each in event.all("RRULE")]
    if any("FREQ=YEARLY" not in rule or "COUNT=" in rule or "INTERVAL=" in rule for rule in rules):
        raise CalendarError(message=f"the series starts before {_FIRST_YEAR}", fix="Begin it later, and export again.")
    leap_day = (start.month, start.day) == (2, 29)
    return start.replace(year=_FIRST_LEAP_YEAR if leap_day else _FIRST_YEAR)


def _gives(start: Moment, rules: Iterable[str]) -> bool:
    """Whether the rules themselves name the start."""
    with calendar_errors():
        trigger = rrule(_expression(start, None, rules, (), ()))
    instant = start.wall.replace(tzinfo=UTC)
    return trigger.next_after(instant - _TICK) == instant


def _expression(
    start: Moment, zone: str | None, rules: Iterable[str], dates: Iterable[datetime], excluded: Iterable[datetime]
) -> str:
    """Return the recurrence set; the zone is named where it is not the calendar's."""
    in_utc = zone == "UTC"

    def written(wall: datetime) -> str:
        return f"{wall:%Y%m%d}" if start.whole_day else _stamp(wall) + ("Z" if in_utc else "")

    parts = [f"DTSTART{'' if zone is None or in_utc else f';TZID={zone}'}:{written(start.wall)}", *rules]
    for name, walls in (("RDATE", dates), ("EXDATE", excluded)):
        listed = ",".join(written(wall) for wall in sorted(walls))
        parts += [f"{name}:{listed}"] if listed else []
    return " ".join(parts)


def _stamp(wall: datetime) -> str:
    return f"{wall:%Y%m%dT%H%M%S}"
