"""A trigger and an instant as they stand on the command line, and the wall times that answers show."""

from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Annotated

import typer

from punctual.cli.output import marked
from punctual.domain.errors import TriggerError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from punctual.domain.triggers import Trigger

TriggerArgument = Annotated[
    str, typer.Argument(metavar="TRIGGER", help="Short text of a trigger, in quotes.", show_default=False)
]

ZoneOption = Annotated[
    str | None,
    typer.Option("--timezone", metavar="ZONE", help="IANA zone of a trigger whose text names none. Default: UTC."),
]


def read_instant(text: str) -> datetime:
    """Return the instant that an argument names; without an offset it is local time. Raises BadParameter."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is no instant. Write it like 2026-03-28T00:00:00Z."
        raise typer.BadParameter(message) from error


def read_past(text: str, now: datetime) -> datetime:
    """Return the instant that an argument names, as `read_instant` does, or how long before `now` it is (`2d`).

    Raises BadParameter.
    """
    from punctual.domain.triggers.duration import read_length  # noqa: PLC0415 - slow to import, and not needed for help

    try:
        return now - read_length(text.strip())
    except TriggerError:
        pass
    try:
        return read_instant(text)
    except typer.BadParameter as error:
        message = f"{text!r} is no instant. Write a date, 2026-03-28T00:00:00Z, or how long ago it is, such as 2d."
        raise typer.BadParameter(message) from error


def read_trigger(text: str, timezone: str | None) -> "Trigger":
    """Return the trigger of a text, in the zone of `--timezone` where the text names none.

    Raises TriggerError with the faulty place marked, and BadParameter for two zones that contradict each other.
    """
    from punctual.domain.triggers import parse_trigger  # noqa: PLC0415 - slow to import, and not needed for help
    from punctual.domain.triggers.zone import load_zone  # noqa: PLC0415 - same

    try:
        trigger = parse_trigger(text)
        if timezone is None:
            return trigger
        load_zone(timezone)
        return trigger if trigger.kind == "interval" else parse_trigger(_with_zone(text, timezone))
    except TriggerError as error:
        raise _pointed(error) from error


def _with_zone(text: str, timezone: str) -> str:
    from punctual.domain.triggers.any_of import SEPARATOR  # noqa: PLC0415 - slow to import, and not needed for help
    from punctual.domain.triggers.rrule_text import is_set  # noqa: PLC0415 - same
    from punctual.domain.triggers.zone import zone_names  # noqa: PLC0415 - same

    if SEPARATOR in text:
        return f" {SEPARATOR} ".join(
            part if part.lower().lstrip().startswith("every") else _with_zone(part.strip(), timezone)
            for part in text.split(SEPARATOR)
        )
    words = [word for word in text.split() if "=" not in word or is_set(word)]
    own = words[-1]
    if own not in zone_names():
        return " ".join([*words, timezone, *text.split()[len(words) :]])
    if own != timezone:
        message = f"The trigger names its own zone, {own}: leave out --timezone, or the zone in the text."
        raise typer.BadParameter(message)
    return text


def _pointed(error: TriggerError) -> TriggerError:
    """Return the error with a mark under the faulty place of the text, where it knows one."""
    if error.position is None:
        return error
    return TriggerError(
        "\n".join([error.message, *marked(error.text, error.position)]),
        fix=error.fix,
        field=error.field,
        text=error.text,
        position=error.position,
    )


def zone_to_show(trigger: "Trigger", timezone: str | None) -> "ZoneInfo":
    """Return the zone in which to show fire times: an interval has none, and takes that of `--timezone`."""
    from punctual.domain.triggers.zone import load_zone  # noqa: PLC0415 - slow to import, and not needed for help

    return load_zone(timezone if timezone is not None and trigger.kind == "interval" else trigger.timezone_name)


def utc_text(moment: datetime) -> str:
    """Return an instant as the API writes it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def wall_text(moment: datetime, zone: tzinfo | None) -> str:
    """Return the wall time in `zone` (None is this machine's), with fractions of a second only where there are any."""
    wall = moment.astimezone(zone)
    fraction = f".{wall.microsecond:06d}".rstrip("0") if wall.microsecond else ""
    return f"{wall:%a %Y-%m-%d %H:%M:%S}{fraction} {wall:%Z}"


def in_zones(moment: datetime, zone: tzinfo) -> list[str]:
    """Return the wall times in the trigger's zone, in this machine's and in UTC, without repeats."""
    return list(dict.fromkeys([wall_text(moment, zone), wall_text(moment, None), wall_text(moment, UTC)]))
