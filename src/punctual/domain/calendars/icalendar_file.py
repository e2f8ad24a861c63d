"""The events of an iCalendar file (RFC 5545), as the properties they are written with.

The library `icalendar` unfolds and splits the lines. Values are read apart from it, only where they are needed: it
would also build every time zone that a file defines, which costs what the file's author likes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from punctual.domain.errors import CalendarError

MOST_CHARACTERS = 1_048_576
MOST_EVENTS = 5000

_NAME = re.compile(r"[A-Za-z0-9-]+")
_EVENT = ["VCALENDAR", "VEVENT"]
_ZONE = ["VCALENDAR", "VTIMEZONE"]
_READ = frozenset(
    {"BEGIN", "END", "UID", "SUMMARY", "DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE"}
) | {
    "RECURRENCE-ID",
    "STATUS",
    "TRANSP",
    "TZID",
    "X-MICROSOFT-CDO-BUSYSTATUS",
    "X-WR-TIMEZONE",
    "X-WR-CALNAME",
    "X-LIC-LOCATION",
}
_LONGEST_LABEL = 200
_LONGEST_SHOWN = 60


class Property(NamedTuple):
    """One property as it is written: its parameters by their names in capitals, and its value."""

    parameters: dict[str, str]
    value: str


@dataclass(slots=True)
class Event:
    """One VEVENT: its place in the file, from 1 on, and its properties by their names."""

    number: int
    properties: dict[str, list[Property]] = field(default_factory=dict)

    def first(self, name: str) -> Property | None:
        """Return the property of this name, the first of several, or None."""
        return self.properties.get(name, [None])[0]

    def all(self, name: str) -> list[Property]:
        """Return the properties of this name."""
        return self.properties.get(name, [])

    def word(self, name: str) -> str:
        """Return the value of a property that is one word, in capitals; empty without it."""
        found = self.first(name)
        return found.value.strip().upper() if found else ""

    @property
    def uid(self) -> str:
        """What the event shares with the changes of its occurrences; its own number where it has no UID."""
        found = self.first("UID")
        return found.value if found else f"event {self.number}"

    @property
    def label(self) -> str:
        """The summary in one line, or nothing."""
        found = self.first("SUMMARY")
        return one_line(found.value)[:_LONGEST_LABEL].strip() if found else ""

    def __str__(self) -> str:
        """Name the event for people, so that they find it."""
        label, uid = self.label[:_LONGEST_SHOWN], self.first("UID")
        return f"event {self.number}" + (
            f' "{label}"' if label else f" (UID {uid.value[:_LONGEST_SHOWN]})" if uid else ""
        )


@dataclass(slots=True)
class File:
    """What is read of an iCalendar file: the calendar's own properties, its events, and other names of its zones."""

    head: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    locations: dict[str, str] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list, init=False)
    _zone: str = field(default="", init=False)

    def begin(self, component: str) -> None:
        """Take the beginning of a component."""
        self._open.append(component)
        if self._open == _EVENT:
            self.events.append(Event(len(self.events) + 1))

    def end(self, component: str) -> None:
        """Take the end of a component; raises CalendarError for one that was not begun last."""
        if not self._open or self._open.pop() != component:
            raise _broken(what=f"END:{component[:_LONGEST_SHOWN]} ends nothing that was begun")

    def take(self, name: str, found: Property) -> None:
        """Take a property of the component that was begun last."""
        if self._open == _EVENT:
            self.events[-1].properties.setdefault(name, []).append(found)
        elif self._open == _ZONE and name == "TZID":
            self._zone = found.value
        elif self._open == _ZONE and name == "X-LIC-LOCATION":
            self.locations[self._zone] = found.value.strip()
        elif self._open == _EVENT[:1]:
            self.head[name] = found.value

    def close(self) -> None:
        """Raise CalendarError for a file that has not ended, is none, or has too many events."""
        if self._open:
            raise _broken(what=f"END:{self._open[-1]} is missing, as if it were cut off")
        if len(self.events) > MOST_EVENTS:
            raise CalendarError(
                message=f"the file has {len(self.events)} events, at most {MOST_EVENTS} are read",
                fix="Export fewer calendars, or a shorter time.",
            )


def one_line(text: str) -> str:
    """Return a value of the type TEXT without its escapes, in one line of printable characters."""
    from icalendar.parser import unescape_backslash  # noqa: PLC0415 - needed for imports only

    plain = "".join(letter if letter.isprintable() else " " for letter in unescape_backslash(text))
    return " ".join(plain.split())


def read_file(text: str) -> File:
    """Return the content of an iCalendar file; raises CalendarError for a text that is none, or too large."""
    if len(text) > MOST_CHARACTERS:
        raise CalendarError(
            message=f"the file has {len(text)} characters, at most {MOST_CHARACTERS} are read",
            fix="Export fewer calendars, or a shorter time.",
        )
    file = File()
    properties = list(_properties(text))
    if not properties or properties[0][0] != "BEGIN" or properties[0][1].value.strip().upper() != "VCALENDAR":
        raise _broken(what="it does not begin with BEGIN:VCALENDAR")
    for name, found in properties:
        if name == "BEGIN":
            file.begin(found.value.strip().upper())
        elif name == "END":
            file.end(found.value.strip().upper())
        else:
            file.take(name, found)
    file.close()
    return file


def _properties(text: str) -> Iterator[tuple[str, Property]]:
    from icalendar.parser import Contentlines  # noqa: PLC0415 - needed for imports only

    for line in Contentlines.from_ical(text.removeprefix("\ufeff")):  # type: ignore[no-untyped-call]  # typed in part only
        match = _NAME.match(line)
        name = match[0].upper() if match else ""
        if not line.strip():
            continue
        if not match or line[match.end() : match.end() + 1] not in {":", ";"}:
            raise _broken(what=f'"{line[:_LONGEST_SHOWN]}" is no line of one')
        if name in _READ:
            try:
                _, parameters, value = line.raw_parts()
            except ValueError:
                raise _broken(what=f'"{line[:_LONGEST_SHOWN]}" cannot be read') from None
            yield name, Property({key.upper(): str(each) for key, each in parameters.items()}, value)


def _broken(what: str) -> CalendarError:
    return CalendarError(f"this is no iCalendar file: {what}", fix="Export the calendar again as an .ics file.")
