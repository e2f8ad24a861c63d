"""`punctual explain`: does it fire then, and if not, why? Answered here, without a server."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from punctual.cli.client import Document
from punctual.cli.fire_times import fire_time_document, print_explanation
from punctual.cli.output import print_json
from punctual.cli.trigger_arguments import (
    TriggerArgument,
    ZoneOption,
    read_instant,
    read_trigger,
    utc_text,
    zone_to_show,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from punctual.control.preview import ExplainedInstant


def explain(
    trigger: TriggerArgument,
    instant: Annotated[
        str,
        typer.Argument(metavar="INSTANT", help="RFC 3339; without an offset, your local time.", show_default=False),
    ],
    *,
    timezone: ZoneOption = None,
    output: Annotated[
        Literal["table", "json"],
        typer.Option("-o", "--output", help="`table` for people, `json` for the API's own document."),
    ] = "table",
) -> None:
    """Tell whether a trigger fires at an instant, and if not, exactly why. Needs no server.

    For example:
        punctual explain "0 9 * * mon-fri Europe/Berlin" 2026-11-22T09:00+01:00
        punctual explain "30 2 * * *" 2026-10-25T01:30Z --timezone Europe/Berlin

    An interval counts from 1970-01-01T00:00Z here; that of a schedule counts from when it was stored.
    """
    from punctual.control.preview import explain_instant  # noqa: PLC0415 - slow to import, and not needed for help
    from punctual.domain.timing import Timing  # noqa: PLC0415 - same

    rule = read_trigger(trigger, timezone)
    timing = Timing(trigger=rule)
    explained = explain_instant(timing, timing.timetable("", {}), read_instant(instant))
    zone = zone_to_show(rule, timezone)
    document = _document(explained, zone)
    if output == "json":
        print_json(document)
    else:
        print_explanation(document)


def _document(explained: "ExplainedInstant", zone: "ZoneInfo") -> Document:
    explanation = explained.explanation
    previous, following = explained.previous, explained.next
    return {
        "trigger_text": explained.trigger_text,
        "words": explanation.words,
        "instant": utc_text(explanation.instant),
        "local": explanation.instant.astimezone(zone).isoformat(),
        "timezone": zone.key,
        "fires": explanation.fires,
        "due_time": None if explained.due_time is None else utc_text(explained.due_time),
        "reasons": list(explanation.reasons),
        "notes": list(explanation.notes),
        "previous": None if previous is None else fire_time_document(previous, zone),
        "next": None if following is None else fire_time_document(following, zone),
    }
