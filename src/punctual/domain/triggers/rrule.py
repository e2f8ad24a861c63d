"""The rrule trigger: a recurrence set of RFC 5545 on the clocks of a time zone."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.base import (
    Timezone,
    WrittenTrigger,
    as_utc,
    built,
    located,
    on_fold_field,
    on_gap_field,
    text_field,
)
from punctual.domain.triggers.cron_search import Wall
from punctual.domain.triggers.rrule_search import HOURLY, moment_at, moment_of, search_of, wall_at
from punctual.domain.triggers.rrule_text import LONGEST_SET, Rule, RuleSet, is_set, read_set
from punctual.domain.triggers.text_tail import Words, knobs_text, split_words
from punctual.domain.triggers.wall_clock import Search, WallClock
from punctual.domain.triggers.zone import OnFold, OnGap, load_zone

LONGEST_SET_TEXT = LONGEST_SET + 250
"""Characters: room for the longest set with its time zone and every option."""

_KNOBS = ("on_gap", "on_fold")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_WALL = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time
"""Where rules start when neither DTSTART nor an anchor tells it."""

_TICK = timedelta(microseconds=1)


class Rrule(WrittenTrigger):
    """Fires at the wall times of a recurrence set, in one time zone.

    DTSTART itself is a fire time only where a rule or an RDATE names it. A set without DTSTART starts at its anchor.
    """

    not_in_text = frozenset({"anchor"})

    kind: Literal["rrule"] = "rrule"
    expression: Annotated[
        str,
        Field(
            max_length=LONGEST_SET,
            description=(
                "RRULE, DTSTART, RDATE and EXDATE properties of RFC 5545, separated by spaces or line breaks; dates "
                "are local times in the time zone."
            ),
            examples=["RRULE:FREQ=MONTHLY;BYDAY=-1FR", "DTSTART:20260105T090000 RRULE:FREQ=WEEKLY;INTERVAL=2"],
        ),
    ]
    timezone: Timezone = Field(
        default="UTC",
        description="IANA name of the time zone whose clocks the set reads.",
        examples=["Europe/Berlin"],
    )
    on_gap: OnGap | None = on_gap_field("rules that are hourly or more frequent skip, all others shift")
    on_fold: OnFold | None = on_fold_field(
        "rules that are hourly or more frequent fire both times, all others the first time"
    )
    anchor: datetime | None = Field(
        default=None,
        description="The instant at which a set without DTSTART starts; set when a schedule is stored.",
        examples=["2026-01-01T00:00:00Z"],
    )
    text: str = text_field(LONGEST_SET_TEXT, leaves_out="anchor")

    @field_validator("expression")
    @classmethod
    def _is_a_set(cls, expression: str) -> str:
        read = read_set(expression)
        if read.timezone is not None:
            raise TriggerError(
                message="TZID does not belong into the expression of a trigger object",
                fix=f'Leave it out, and give the trigger "timezone": "{read.timezone}".',
                field="expression",
                text=expression,
            )
        return " ".join(expression.split())

    @field_validator("anchor")
    @classmethod
    def _is_an_instant(cls, anchor: datetime | None) -> datetime | None:
        utc = None if anchor is None else as_utc(anchor)
        if utc is None and anchor is not None:
            raise TriggerError(
                message="the anchor is outside the years 1 to 9999 in UTC", fix="Use a later one.", field="anchor"
            )
        return None if utc is None else max(utc, _EPOCH).replace(microsecond=0)

    @model_validator(mode="after")
    def _fires(self) -> Self:
        read = read_set(self.expression)
        if read.start_in_utc and self.timezone != "UTC":
            raise located(
                TriggerError(
                    message=f"dates that end with Z are in UTC, but the time zone is {self.timezone}",
                    fix="Leave out Z where local times are meant, else the time zone.",
                    field="expression",
                    text=self.expression,
                ),
                "expression",
                self.expression,
            )
        for rule in read.rules:
            # Without DTSTART the phase is not fixed yet, so it must not decide.
            judged = rule if read.start else replace(rule, interval=1, count=None)
            if search_of(judged, read.start or EPOCH_WALL).at_or_after(0) is None:
                error = TriggerError(
                    message=f'"{self.expression}": no date matches all parts of a rule',
                    fix="Widen its BY parts or its UNTIL, or leave the rule out.",
                    field="expression",
                    text=self.expression,
                )
                raise located(error, "expression", self.expression)
        return self

    @classmethod
    def fields_of(cls, text: str) -> dict[str, Any]:
        """Return the fields that a text such as `RRULE:FREQ=DAILY Europe/Berlin on_gap=skip` names, unchecked."""
        return _fields_of(text)

    @classmethod
    def text_of(cls, fields: Mapping[str, Any]) -> str:
        """Return the short text for all fields before `text`."""
        return _text_of(fields)

    @property
    def timezone_name(self) -> str:
        """The zone whose clocks the set reads."""
        return self.timezone

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first fire time strictly after the instant; None when there is none up to year 9999."""
        utc = as_utc(instant)
        if utc is None:
            return None
        found = (source.next_after(utc) for source in self.sources)
        return min((each for each in found if each is not None), default=None)

    def previous_before(self, instant: datetime) -> datetime | None:
        """Return the last fire time strictly before the instant; None when there is none back to the start."""
        utc = as_utc(instant)
        if utc is None:
            return None
        found = (source.previous_before(utc) for source in self.sources)
        return max((each for each in found if each is not None), default=None)

    def anchored(self, now: datetime) -> Self:
        """Return this trigger started at the present second, unless it has a DTSTART or an anchor already."""
        utc = as_utc(now)
        if utc is None or self.anchor is not None or read_set(self.expression).start is not None:
            return self
        return self.model_copy(update={"anchor": max(utc, _EPOCH).replace(microsecond=0)})

    @property
    def start(self) -> datetime | None:
        """The wall time from which its rules count; None where neither DTSTART nor an anchor tells it."""
        return _start_of(read_set(self.expression), load_zone(self.timezone), self.anchor)

    @property
    def sources(self) -> tuple["Source", ...]:
        """What its fire times come from: each of the rules, then the RDATEs together if there are any."""
        return _sources_of(self.expression, self.timezone, self.on_gap, self.on_fold, self.anchor)


class Source(NamedTuple):
    """One rule, or all RDATEs (then `rule` is None), of a set; with the last instant that a UNTIL in UTC allows."""

    rule: Rule | None
    clock: WallClock
    until: datetime | None

    def next_after(self, instant: datetime) -> datetime | None:
        """Return its first fire time strictly after the UTC instant, or None."""
        found = self.clock.next_after(instant)
        return None if found is None or (self.until is not None and found > self.until) else found

    def previous_before(self, instant: datetime) -> datetime | None:
        """Return its last fire time strictly before the UTC instant, or None."""
        return self.clock.previous_before(instant if self.until is None else min(instant, self.until + _TICK))


@lru_cache(maxsize=4096)
def _sources_of(
    expression: str, timezone: str, on_gap: OnGap | None, on_fold: OnFold | None, anchor: datetime | None
) -> tuple[Source, ...]:
    read, zone = read_set(expression), load_zone(timezone)
    start = _start_of(read, zone, anchor) or EPOCH_WALL
    excluded = frozenset(moment_at(wall) for wall in read.excluded)
    sources = []
    for rule in read.rules:
        search = search_of(rule, start)
        searches = _forwards(search.at_or_after, excluded), _backwards(search.at_or_before, excluded)
        clock = WallClock.following(searches, zone, on_gap, on_fold, elapsed=rule.freq >= HOURLY)
        sources.append(Source(rule, clock, _instant_of_until(rule)))
    if read.dates:
        clock = WallClock.following(_listed(read, excluded), zone, on_gap, on_fold, elapsed=False)
        sources.append(Source(None, clock, None))
    return tuple(sources)


def _start_of(read: RuleSet, zone: ZoneInfo, anchor: datetime | None) -> datetime | None:
    if read.start is not None or anchor is None:
        return read.start
    return anchor.astimezone(zone).replace(tzinfo=None, fold=0)


def _instant_of_until(rule: Rule) -> datetime | None:
    return rule.until.replace(tzinfo=UTC) if rule.until is not None and rule.until_in_utc else None


def _forwards(search: Callable[[int], int | None], excluded: frozenset[int]) -> Search:
    def at_or_after(wall: Wall) -> Wall | None:
        found = search(moment_of(wall))
        while found in excluded:
            found = search(found + 1)
        return None if found is None else wall_at(found)

    return at_or_after


def _backwards(search: Callable[[int], int | None], excluded: frozenset[int]) -> Search:
    def at_or_before(wall: Wall) -> Wall | None:
        found = search(moment_of(wall))
        while found in excluded:
            found = search(found - 1)
        return None if found is None else wall_at(found)

    return at_or_before


def _listed(read: RuleSet, excluded: frozenset[int]) -> tuple[Search, Search]:
    moments = [moment for moment in map(moment_at, read.dates) if moment not in excluded]

    def at_or_after(wall: Wall) -> Wall | None:
        index = bisect_left(moments, moment_of(wall))
        return wall_at(moments[index]) if index < len(moments) else None

    def at_or_before(wall: Wall) -> Wall | None:
        index = bisect_right(moments, moment_of(wall))
        return wall_at(moments[index - 1]) if index else None

    return at_or_after, at_or_before


def rrule(text: str, timezone: str = "UTC", on_gap: OnGap | None = None, on_fold: OnFold | None = None) -> Rrule:
    """Return the trigger of a recurrence set: `rrule("RRULE:FREQ=MONTHLY;BYDAY=-1FR", "Europe/Berlin")`.

    The properties may stand in lines, as in an iCalendar file; a TZID of theirs stands for `timezone`. Raises
    TriggerError, naming the field, for anything that is not understood or would never fire.
    """
    return built(Rrule, on_gap=on_gap, on_fold=on_fold, **{"timezone": timezone} | _without_zone(text))


def _fields_of(text: str) -> dict[str, str]:
    """Return the fields of `Rrule` that a text such as `RRULE:FREQ=DAILY Europe/Berlin on_gap=skip` names.

    Raises TriggerError for options it does not know and for words it has no use for; a rule's parts are checked later.
    """
    properties = text
    end = len(text)
    words = text.split()
    while words and is_set(words[0]):
        words.pop(0)
    if words:
        end = text.index(words[0], sum(len(word) for word in text.split()[: -len(words)]))
        properties = text[:end]
    tail = _tail_of(text, end)
    fields = _without_zone(properties) | tail.knobs
    if tail.words:
        own = fields.get("timezone", tail.words[0])
        if len(tail.words) > 1 or own != tail.words[0]:
            raise TriggerError(
                message=f'"{text}": unexpected "{tail.words[-1]}"',
                fix="Properties such as RRULE:... come first, then one time zone, then options.",
                field="expression",
                text=text,
                position=tail.starts[-1],
            )
        fields["timezone"] = own
    return fields


def _tail_of(text: str, start: int) -> Words:
    """Return the words after the properties, whose own equals signs are no options'."""
    masked = " " * start + text[start:]
    try:
        return split_words(masked, _KNOBS)
    except TriggerError as error:
        message = error.message.replace(masked, text)
        raise TriggerError(message, fix=error.fix, field=error.field, text=text, position=error.position) from None


def _without_zone(properties: str) -> dict[str, str]:
    """Return the expression without its TZIDs, and the time zone that they name."""
    zone = read_set(properties).timezone
    if zone is None:
        return {"expression": properties.strip()}
    parts = [
        ";".join(part for part in head.split(";") if not part.upper().startswith("TZID=")) + colon + value
        for head, colon, value in (word.partition(":") for word in properties.split())
    ]
    return {"expression": " ".join(parts), "timezone": zone}


def _text_of(fields: Mapping[str, Any]) -> str:
    zone = "" if fields["timezone"] == "UTC" else f" {fields['timezone']}"
    return f"{fields['expression']}{zone}" + knobs_text(on_gap=fields["on_gap"], on_fold=fields["on_fold"])
