"""`punctual schedules preview` and `explain`: when a stored schedule fires, and why it does not."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from punctual.cli.arguments import Name
from punctual.cli.client import Document, connect, segment
from punctual.cli.output import Column, FormatOption, print_facts, print_json, print_lines, print_names, print_table
from punctual.cli.trigger_arguments import read_instant, utc_text, wall_text


def preview_schedule(
    ctx: typer.Context,
    name: Name,
    *,
    after: Annotated[
        str | None,
        typer.Option(
            "--after", metavar="INSTANT", help="Fire times after this; without an offset, local time. Default: now."
        ),
    ] = None,
    count: Annotated[int, typer.Option("--count", min=1, max=100, help="How many.")] = 5,
    previous: Annotated[int, typer.Option("--previous", min=0, max=100, help="How many before that instant.")] = 0,
    output: FormatOption = "table",
) -> None:
    """Show when a schedule fires, with what its bounds, calendars and jitter do to it.

    For example:
        punctual schedules preview invoices
        punctual schedules preview invoices --after 2026-12-20T00:00Z --count 20
    """
    query = {"count": str(count), "previous": str(previous)}
    if after is not None:
        query["after"] = utc_text(read_instant(after))
    with connect(ctx) as client:
        preview = client.get(f"/schedules/{segment(name)}/preview", query)
    times = [*preview["previous"], *preview["fire_times"]]
    if output == "json":
        print_json(preview)
    elif output == "name":
        print_names(time["utc"] for time in times)
    else:
        print_lines([preview["words"], ""])
        if times:
            _print_times(times, previous=len(preview["previous"]))
        if not preview["fire_times"]:
            print_lines(["It has no further fire time."])


def explain_schedule(
    ctx: typer.Context,
    name: Name,
    instant: Annotated[
        str, typer.Argument(metavar="INSTANT", help="RFC 3339; without an offset, your local time.", show_default=False)
    ],
    *,
    output: FormatOption = "table",
) -> None:
    """Tell whether a schedule fires at an instant, and if not, exactly why.

    For example:
        punctual schedules explain invoices 2026-12-25T09:00+01:00
    """
    with connect(ctx) as client:
        found = client.get(f"/schedules/{segment(name)}/explain", {"instant": utc_text(read_instant(instant))})
    if output == "json":
        print_json(found)
        return
    print_facts(
        [
            ("fires when", found["words"]),
            ("instant", f"{_wall(found)}\n{_utc(found['instant'])}"),
            ("fires", "yes" if found["fires"] else "no"),
            ("why not", "\n".join(found["reasons"])),
            ("sent at", None if found["due_time"] is None else _utc(found["due_time"])),
            ("notes", "\n".join(found["notes"])),
            ("previous", _wall(found["previous"]) if found["previous"] else "none"),
            ("next", _wall(found["next"]) if found["next"] else "none"),
        ]
    )


def _print_times(times: list[Document], *, previous: int) -> None:
    """Print fire times in order, of which so many are previous ones; columns that tell nothing new are left out."""
    columns = {times[0]["timezone"]: [_wall(time) for time in times]}
    columns.setdefault("UTC", [_utc(time["utc"]) for time in times])
    if previous:
        columns = {"": ["previous"] * previous + ["next"] * (len(times) - previous)} | columns
    if any(time["due_time"] != time["utc"] for time in times):
        columns["SENT AT"] = [_utc(time["due_time"]) if time["due_time"] else "skipped" for time in times]
    if any(time["notes"] for time in times):
        columns["NOTES"] = ["; ".join(time["notes"]) for time in times]
    print_table([Column(title, wrap=True) for title in columns], zip(*columns.values(), strict=True))


def _wall(time: Document) -> str:
    """Return the wall time of a fire time, or of an explained instant, in the zone that the answer names."""
    from punctual.domain.triggers.zone import load_zone  # noqa: PLC0415 - slow to import, and not needed for help

    return wall_text(datetime.fromisoformat(time["local"]), load_zone(time["timezone"]))


def _utc(text: str) -> str:
    return wall_text(datetime.fromisoformat(text), UTC)
