"""Calendars out of iCalendar files (.ics), as Google, Outlook and Apple export them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from punctual.domain.calendars.calendar import MOST_RULES, Calendar
from punctual.domain.calendars.icalendar_events import Day, EventReader, LeftOut
from punctual.domain.calendars.icalendar_file import Event, File, Property, one_line, read_file
from punctual.domain.calendars.icalendar_times import Zones
from punctual.domain.calendars.rule_days import MOST_DATES, Dates
from punctual.domain.calendars.rule_recurring import check_counts
from punctual.domain.calendars.rules import Rule
from punctual.domain.errors import CalendarError, Fault, InvalidInputError

_MOST_FAULTS = 20
_MOST_NAMED = 3
_LONGEST_DESCRIPTION = 2000
_FREE = "are shown as free"


@dataclass(frozen=True, slots=True)
class ImportedCalendar:
    """A calendar made of a file, and what people should know of the making: what was left out, what was assumed."""

    calendar: Calendar
    notes: tuple[str, ...]


def calendar_from_ics(
    text: str, *, name: str, timezone: str | None = None, include_free: bool = False
) -> ImportedCalendar:
    """Return the calendar of this name that holds the events of an iCalendar file.

    Without a time zone, it has the one that the file names. Cancelled events are left out, and those shown as free
    unless they are asked for. Raises InvalidInputError, naming the events, for a file that cannot be taken as a
    whole, and ValidationError as every calendar document does.
    """
    try:
        file = read_file(text)
    except CalendarError as error:
        raise InvalidInputError([_fault(error)]) from None
    zones = Zones(file.locations)
    notes: list[str] = []
    chosen = _given_zone(zones, timezone) if timezone else _named_zone(file, zones)
    if chosen is None:
        notes.append("The file names no time zone, or several: days and local times are taken in UTC.")
    try:
        rules, left_out = _rules_of(file, EventReader(zones, chosen or "UTC"), include_free=include_free)
    except CalendarError as error:
        raise InvalidInputError([_fault(error)]) from None
    if not rules:
        raise InvalidInputError([_nothing_left(file, left_out)])
    document = {
        "name": name,
        "timezone": chosen or "UTC",
        "description": one_line(file.head.get("X-WR-CALNAME", ""))[:_LONGEST_DESCRIPTION],
        "rules": rules,
    }
    notes += [_note(reason, events) for reason, events in left_out.items()]
    return ImportedCalendar(Calendar.model_validate(document), tuple(notes))


def _given_zone(zones: Zones, timezone: str) -> str:
    try:
        return zones.name_of(timezone)
    except CalendarError as error:
        raise InvalidInputError([Fault("timezone", error.code, error.message, error.fix)]) from None


def _fault(error: CalendarError, event: Event | None = None) -> Fault:
    message = error.message if event is None else f"{event}: {error.message}"
    return Fault("ics", error.code, message, error.fix)


def _named_zone(file: File, zones: Zones) -> str | None:
    """Return the time zone that the file names for itself, or else the only one of its events."""
    named = [file.head["X-WR-TIMEZONE"]] if "X-WR-TIMEZONE" in file.head else []
    starts = [start for event in file.events if (start := event.first("DTSTART")) is not None]
    named += sorted({start.parameters["TZID"] for start in starts if "TZID" in start.parameters})
    known = []
    for tzid in named:
        try:
            known.append(zones.name_of(tzid))
        except CalendarError:
            continue  # told where an event needs it
    return known[0] if ("X-WR-TIMEZONE" in file.head and known) or len(set(known)) == 1 else None


@dataclass(slots=True)
class _Taken:
    """What is taken of the events so far, and what is not."""

    days: dict[str, set[Day]] = field(default_factory=lambda: defaultdict(set))
    rules: list[Rule] = field(default_factory=list)
    left_out: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    faults: list[Fault] = field(default_factory=list)

    def take(self, event: Event, reader: EventReader, overridden: Sequence[Property], *, include_free: bool) -> None:
        """Take one event."""
        try:
            _check(event, include_free=include_free)
            for piece in reader.pieces(event, overridden):
                if isinstance(piece, Day):
                    self.days[piece.label].add(piece)
                else:
                    self.rules.append(piece)
        except LeftOut as reason:
            self.left_out[str(reason)].append(event)
        except CalendarError as error:
            self.faults.append(_fault(error, event))

    @property
    def is_full(self) -> bool:
        """Whether further events can only make it worse."""
        return len(self.rules) > MOST_RULES or len(self.faults) >= _MOST_FAULTS


def _rules_of(file: File, reader: EventReader, *, include_free: bool) -> tuple[list[Rule], dict[str, list[Event]]]:
    """Return the rules of the events, and the events that were left out by the reasons for it."""
    check_counts(rule.value for event in file.events for rule in event.all("RRULE"))
    overridden: dict[str, list[Property]] = defaultdict(list)
    for event in file.events:
        overridden[event.uid] += event.all("RECURRENCE-ID")
    taken = _Taken()
    for event in file.events:
        taken.take(event, reader, overridden[event.uid], include_free=include_free)
        if taken.is_full:
            break
    if taken.faults:
        raise InvalidInputError(taken.faults)
    rules = [*_dates_of(taken.days), *taken.rules]
    if len(rules) > MOST_RULES:
        raise CalendarError(
            message=f"the file makes more than {MOST_RULES} rules, which do not fit into a calendar",
            fix="Export a shorter time, or split the events among several calendars.",
        )
    return rules, taken.left_out


def _check(event: Event, *, include_free: bool) -> None:
    """Raise LeftOut for an event that does not count, and CalendarError for one that changes more than itself."""
    change = event.first("RECURRENCE-ID")
    if change is not None and "RANGE" in change.parameters:
        raise CalendarError(
            message="it changes all later occurrences of its series (RANGE)",
            fix="End the series in the calendar program, begin a new one there, and export again.",
        )
    if event.word("STATUS") == "CANCELLED":
        reason = "are cancelled"
        raise LeftOut(reason)
    is_free = event.word("TRANSP") == "TRANSPARENT" or event.word("X-MICROSOFT-CDO-BUSYSTATUS") == "FREE"
    if is_free and not include_free:
        raise LeftOut(_FREE)


def _dates_of(days: dict[str, set[Day]]) -> Iterable[Dates]:
    for label, group in days.items():
        dates = sorted(day.day for day in group)
        for first in range(0, len(dates), MOST_DATES):
            yield Dates(kind="dates", dates=tuple(dates[first : first + MOST_DATES]), label=label)


def _nothing_left(file: File, left_out: dict[str, list[Event]]) -> Fault:
    notes = " ".join(_note(reason, events) for reason, events in left_out.items())
    message = f"no event is left to take. {notes}" if file.events else "the file has no events"
    fix = "Take the events that are shown as free, too." if _FREE in left_out else "Choose another file."
    return Fault("ics", CalendarError.code, message, fix)


def _note(reason: str, events: list[Event]) -> str:
    named = ", ".join(str(event) for event in events[:_MOST_NAMED])
    more = f" and {len(events) - _MOST_NAMED} more" if len(events) > _MOST_NAMED else ""
    return f"Left out are events that {reason}: {named}{more}."
