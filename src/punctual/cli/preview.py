"""`punctual preview`: when would this fire? Answered here, without a server."""

from datetime import UTC
from typing import Annotated

import typer

from punctual.cli.client import surroundings
from punctual.cli.fire_times import fire_time_document, print_preview
from punctual.cli.output import FormatOption
from punctual.cli.trigger_arguments import (
    TriggerArgument,
    ZoneOption,
    read_instant,
    read_trigger,
    wall_text,
    zone_to_show,
)


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
    document = {
        "trigger_text": foreseen.trigger_text,
        "words": foreseen.words,
        "fire_times": [fire_time_document(time, zone) for time in foreseen.fire_times],
        "previous": [fire_time_document(time, zone) for time in foreseen.previous],
    }
    print_preview(document, output, ending=f"It does not fire after {wall_text(start, UTC)}.")
