"""`punctual explain`: does it fire then, and if not, why? Answered here, without a server."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from punctual.cli.output import print_facts, print_json
from punctual.cli.preview import documents
from punctual.cli.trigger_arguments import (
    TriggerArgument,
    ZoneOption,
    in_zones,
    read_instant,
    read_trigger,
    utc_text,
    zone_to_show,
)

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from punctual.control.preview import ExplainedInstant, FirePreview


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
    if output == "json":
        _print_document(explained, zone)
    else:
        _print_answer(explained, zone)


def _print_document(explained: "ExplainedInstant", zone: "ZoneInfo") -> None:
    explanation = explained.explanation
    print_json(
        {
            "trigger_text": explained.trigger_text,
            "words": explanation.words,
            "instant": utc_text(explanation.instant),
            "local": explanation.instant.astimezone(zone).isoformat(),
            "timezone": zone.key,
            "fires": explanation.fires,
            "due_time": None if explained.due_time is None else utc_text(explained.due_time),
            "reasons": list(explanation.reasons),
            "notes": list(explanation.notes),
            "previous": _document(explained.previous, zone),
            "next": _document(explained.next, zone),
        }
    )


def _document(time: "FirePreview | None", zone: "ZoneInfo") -> dict[str, object] | None:
    return None if time is None else documents([time], zone)[0]


def _print_answer(explained: "ExplainedInstant", zone: "ZoneInfo") -> None:
    explanation = explained.explanation
    print_facts(
        [
            ("trigger", explanation.words),
            ("instant", "\n".join(in_zones(explanation.instant, zone))),
            ("fires", "yes" if explanation.fires else "no"),
            ("why not", "\n".join(explanation.reasons)),
            ("notes", "\n".join(explanation.notes)),
            ("previous", _moment(explained.previous, zone)),
            ("next", _moment(explained.next, zone)),
        ]
    )


def _moment(time: "FirePreview | None", zone: "ZoneInfo") -> str:
    return "none" if time is None else "\n".join([in_zones(time.utc, zone)[0], *time.notes])
