"""`punctual schedules preview` and `explain`: when a stored schedule fires, and why it does not."""

from typing import Annotated

import typer

from punctual.cli.arguments import Name
from punctual.cli.client import Document, connect, segment
from punctual.cli.fire_times import print_explanation, print_preview
from punctual.cli.output import FormatOption, print_json
from punctual.cli.trigger_arguments import read_instant, utc_text


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
    print_preview(preview, output, ending="It has no further fire time.")


def explain_schedule(
    ctx: typer.Context,
    name: Name,
    instant: Annotated[
        str, typer.Argument(metavar="INSTANT", help="RFC 3339; without an offset, your local time.", show_default=False)
    ],
    *,
    output: FormatOption = "table",
) -> None:
    """Tell whether a schedule fires at an instant, and if not, exactly why; and what happened then, or instead.

    For example:
        punctual schedules explain invoices 2026-12-25T09:00+01:00
    """
    with connect(ctx) as client:
        found = client.get(f"/schedules/{segment(name)}/explain", {"instant": utc_text(read_instant(instant))})
    if output == "json":
        print_json(found)
        return
    happened = "\n".join(map(_record, found["records"])) or found["no_record"]
    print_explanation(found, ("happened", happened))


def _record(run: Document) -> str:
    many = "" if (run["covered_count"] or 1) == 1 else f", with {run['covered_count'] - 1} others"
    why = "" if run["reason"] is None else f": {run['reason']}"
    return f"{run['state']} ({run['cause']}){many}{why} {run['id']}"
