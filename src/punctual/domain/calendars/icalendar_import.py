"""stub."""

from punctual.domain.calendars.calendar import Calendar


class X:
    calendar: Calendar
    notes: list[str]


def calendar_from_ics(text: str, *, name: str, timezone: str | None) -> X:
    raise NotImplementedError
