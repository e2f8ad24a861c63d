"""Whether an instant is a fire time of a trigger, and if not, why not."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from punctual.domain.errors import TriggerError
from punctual.domain.explain.cron_why import cron_reasons
from punctual.domain.explain.notes import notes_on
from punctual.domain.explain.phrases import moment_words
from punctual.domain.explain.rrule_why import rrule_reasons
from punctual.domain.explain.solar_words import solar_reason
from punctual.domain.explain.words import in_words
from punctual.domain.triggers import AnyOf, Cron, Once, Rrule, Solar
from punctual.domain.triggers.base import TriggerModel, as_utc
from punctual.domain.triggers.single import AnySingle
from punctual.domain.triggers.zone import load_zone

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer for one instant: whether the trigger fires then, and every reason why it does not.

    `reasons` is empty exactly when it fires; `notes` are those on the fire time. `previous` and `next` are the fire
    times around the instant, in UTC; None where there is none.
    """

    words: str
    instant: datetime
    local: datetime
    timezone: str
    fires: bool
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    previous: datetime | None
    next: datetime | None


def explain(trigger: TriggerModel, instant: datetime) -> Explanation:
    """Return whether and why the trigger fires at an aware instant, or does not.

    Raises TriggerError for a naive datetime, and for an instant that UTC or the trigger's zone has no year for.
    """
    utc = as_utc(instant)
    local = None if utc is None else _in_zone(utc, load_zone(trigger.timezone_name))
    if utc is None or local is None:
        raise TriggerError(
            message=f"{instant.isoformat()} is outside the years 1 to 9999 in UTC or {trigger.timezone_name}",
            fix="Ask for an instant within them.",
            text=instant.isoformat(),
        )
    previous, following = trigger.previous_before(utc), trigger.next_after(utc)
    fires = _fires(trigger, utc)
    reasons = [] if fires else _reasons(trigger, local, previous, following)
    return Explanation(
        words=in_words(trigger),
        instant=utc,
        local=local,
        timezone=trigger.timezone_name,
        fires=fires,
        reasons=tuple(reasons),
        notes=tuple(notes_on(trigger, utc)) if fires else (),
        previous=previous,
        next=following,
    )


def _in_zone(utc: datetime, zone: ZoneInfo) -> datetime | None:
    try:
        return utc.astimezone(zone)
    except OverflowError:
        return None


def _fires(trigger: TriggerModel, utc: datetime) -> bool:
    """Return whether the instant is a fire time, asked from the side that the calendar has room on."""
    if utc > datetime.min.replace(tzinfo=UTC):
        return trigger.next_after(utc - _TICK) == utc
    return trigger.previous_before(utc + _TICK) == utc


def _reasons(
    trigger: TriggerModel, local: datetime, previous: datetime | None, following: datetime | None
) -> list[str]:
    match trigger:
        case Cron():
            return cron_reasons(trigger, local)
        case Once():
            return [_once_reason(local, previous, following)]
        case Rrule():
            return rrule_reasons(trigger, local)
        case Solar():
            return [solar_reason(trigger, local, previous, following)]
        case AnyOf():
            return [reason for each in trigger.triggers for reason in _member_reasons(each, local)]
        case _:
            return [_neighbours(local, previous, following)]


def _member_reasons(member: AnySingle, local: datetime) -> list[str]:
    """Return the reasons of one trigger of a union, by the clock of its own zone; each begins with its text."""
    own = _in_zone(local.astimezone(UTC), load_zone(member.timezone_name)) or local
    reasons = _reasons(member, own, member.previous_before(local), member.next_after(local))
    return [f"{member.text}: {reason}" for reason in reasons]


def _once_reason(local: datetime, previous: datetime | None, following: datetime | None) -> str:
    if previous is not None and following is not None:
        return f"It fires at {moment_words(previous, local)} and at {moment_words(following, local)} only"
    fire_time, side = (following, "before") if following is not None else (previous, "after")
    if fire_time is None:
        return "It has no fire time"
    distance = abs(fire_time - local)
    return f"It fires at {moment_words(fire_time, local)} only, and this is {distance} {side}"


def _neighbours(local: datetime, previous: datetime | None, following: datetime | None) -> str:
    if previous is not None and following is not None:
        return f"The nearest fire times are {moment_words(previous, local)} and {moment_words(following, local)}"
    if following is not None:
        return f"Its first fire time is {moment_words(following, local)}"
    return "It has no fire time" if previous is None else f"Its last fire time is {moment_words(previous, local)}"
