"""`punctual preview`: when would this fire? Answered here, without a server."""

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Annotated, Any

import typer

from punctual.cli.client import surroundings
from punctual.cli.output import Column, FormatOption, print_json, print_lines, print_names, print_table
from punctual.cli.trigger_arguments import (
    TriggerArgument,
    ZoneOption,
    read_instant,
    read_trigger,
    utc_text,
    wall_text,
    zone_to_show,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from punctual.control.preview import FirePreview


def preview(
    ctx: typer.Context,
    trigger: TriggerArgument,
    *,
    timezone: ZoneOption = None,
    after: Annotated[
        str | None,
        typer.Option(
            "--after",
            metavar="INSTANT",
            help="Fire times after this (RFC 3339; without an offset, local time). Default: now.",
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=1000, help="How many.")] = 5,
    previous: Annotated[int, typer.Option("--previous", min=0, max=1000, help="How many before that instant.")] = 0,
    output: FormatOption = "table",
) -> None:
    """Show a trigger in words, and when it would fire: in its own zone, in yours, and in UTC. Needs no server.

    For example:
        punctual preview "every 90s"
        punctual preview "0 2 * * *" --timezone Europe/Berlin --count 10
        punctual preview "30 2 * * * Europe/Berlin" --after 2026-03-28T00:00Z --previous 3

    With -o name, it prints the instants in UTC, one per line.
    """
    from punctual.control.preview import preview as foresee  # noqa: PLC0415 - slow to import, and not needed for help
    from punctual.control.preview import told  # noqa: PLC0415 - same
    from punctual.domain.timing import Timing  # noqa: PLC0415 - same

    start = surroundings(ctx).clock.now().replace(microsecond=0) if after is None else read_instant(after)
    rule = read_trigger(trigger, timezone)
    timing = Timing(trigger=rule)
    timetable = timing.anchored(start).timetable("", {})
    foreseen = foresee(told(timing, start), timetable, after=start, count=count, previous=previous)
    zone = zone_to_show(rule, timezone)
    times = [*foreseen.previous, *foreseen.fire_times]
    if output == "json":
        document = {"trigger_text": foreseen.trigger_text, "words": foreseen.words}
        print_json(
            document
            | {"fire_times": documents(foreseen.fire_times, zone)}
            | {"previous": documents(foreseen.previous, zone)}
        )
        return
    if output == "name":
        print_names(utc_text(time.utc) for time in times)
        return
    print_lines([foreseen.words, ""])
    if times:
        _print_times(times, zone, previous=len(foreseen.previous))
    if not foreseen.fire_times:
        print_lines([f"It does not fire after {wall_text(start, UTC)}."])


def documents(times: "Sequence[FirePreview]", zone: "ZoneInfo") -> list[dict[str, Any]]:
    """Return fire times as the API answers them, in a zone."""
    return [
        {
            "utc": utc_text(time.utc),
            "local": time.utc.astimezone(zone).isoformat(),
            "timezone": zone.key,
            "due_time": None if time.due_time is None else utc_text(time.due_time),
            "notes": time.notes,
        }
        for time in times
    ]


def _print_times(times: "Sequence[FirePreview]", zone: "ZoneInfo", *, previous: int) -> None:
    """Print fire times in order, of which so many are previous ones; columns that tell nothing new are left out."""
    columns = {zone.key: [wall_text(time.utc, zone) for time in times]}
    here, utc = ([wall_text(time.utc, place) for time in times] for place in (None, UTC))
    if here not in (columns[zone.key], utc):
        columns["LOCAL"] = here
    columns.setdefault("UTC", utc)
    if previous:
        columns = {"": ["previous"] * previous + ["next"] * (len(times) - previous)} | columns
    if any(time.notes for time in times):
        columns["NOTES"] = ["; ".join(time.notes) for time in times]
    print_table([Column(title, wrap=True) for title in columns], zip(*columns.values(), strict=True))
