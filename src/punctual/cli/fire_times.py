"""Previews and explanations on the terminal: the API's documents, for people in the zones that they read."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from punctual.cli.client import Document
from punctual.cli.output import Column, Format, print_facts, print_json, print_lines, print_names, print_table
from punctual.cli.trigger_arguments import in_zones, utc_text, wall_text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from punctual.control.preview import FirePreview


def fire_time_document(time: "FirePreview", zone: "ZoneInfo") -> Document:
    """Return a fire time as the API answers it, in a zone."""
    return {
        "utc": utc_text(time.utc),
        "local": time.utc.astimezone(zone).isoformat(),
        "timezone": zone.key,
        "due_time": None if time.due_time is None else utc_text(time.due_time),
        "notes": time.notes,
    }


def print_preview(preview: Document, output: Format, *, ending: str) -> None:
    """Print a preview; `ending` is said where no further fire time comes."""
    times = [*preview["previous"], *preview["fire_times"]]
    if output == "json":
        print_json(preview)
        return
    if output == "name":
        print_names(time["utc"] for time in times)
        return
    print_lines([preview["words"], ""])
    if times:
        _print_times(times, previous=len(preview["previous"]))
    if not preview["fire_times"]:
        print_lines([ending])


def print_explanation(found: Document, *more: tuple[str, str | None]) -> None:
    """Print whether something fires at an instant, and if not, why; then what more there is to say of it."""
    zone = _zone(found)
    sent = found["due_time"] if found["due_time"] != found["instant"] else None
    print_facts(
        [
            ("trigger", found["words"]),
            ("instant", "\n".join(in_zones(_instant(found["instant"]), zone))),
            ("fires", "yes" if found["fires"] else "no"),
            ("why not", "\n".join(found["reasons"])),
            ("sent at", None if sent is None else wall_text(_instant(sent), zone)),
            ("notes", "\n".join(found["notes"])),
            ("previous", _moment(found["previous"], zone)),
            ("next", _moment(found["next"], zone)),
            *more,
        ]
    )


def _print_times(times: list[Document], *, previous: int) -> None:
    """Print fire times in order, of which so many are previous ones; columns that tell nothing new are left out."""
    zone = _zone(times[0])
    instants = [_instant(time["utc"]) for time in times]
    columns = {zone.key: [wall_text(instant, zone) for instant in instants]}
    here, utc = ([wall_text(instant, place) for instant in instants] for place in (None, UTC))
    if here not in (columns[zone.key], utc):
        columns["LOCAL"] = here
    columns.setdefault("UTC", utc)
    if previous:
        columns = {"": ["previous"] * previous + ["next"] * (len(times) - previous)} | columns
    if any(time["due_time"] != time["utc"] for time in times):
        columns["SENT AT"] = [_sent_at(time, zone) for time in times]
    if any(time["notes"] for time in times):
        columns["NOTES"] = ["; ".join(time["notes"]) for time in times]
    print_table([Column(title, wrap=True) for title in columns], zip(*columns.values(), strict=True))


def _sent_at(time: Document, zone: "ZoneInfo") -> str:
    return "skipped" if time["due_time"] is None else wall_text(_instant(time["due_time"]), zone)


def _moment(time: Document | None, zone: "ZoneInfo") -> str:
    return "none" if time is None else "\n".join([in_zones(_instant(time["utc"]), zone)[0], *time["notes"]])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _zone(document: Document) -> "ZoneInfo":
    from punctual.domain.triggers.zone import load_zone  # noqa: PLC0415 - slow to import, and not needed for help

    return load_zone(document["timezone"])
