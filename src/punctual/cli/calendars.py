"""`punctual calendars`: times that schedules keep out of, or keep to."""

import shlex
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from punctual.cli.arguments import FileOption, edited, merge_patch, read_document
from punctual.cli.client import Document, choose_server, connect, segment, surroundings
from punctual.cli.listing import LimitOption, print_page
from punctual.cli.output import (
    Column,
    Format,
    FormatOption,
    print_facts,
    print_json,
    print_lines,
    print_one,
    print_table,
    when,
)
from punctual.cli.trigger_arguments import read_instant, utc_text, wall_text

app = typer.Typer(
    name="calendars",
    help="""Name times that schedules keep out of (blackout), or keep to (allowed).

    A calendar is made of rules: dates, ranges, weekly hours, days of every year, public holidays, imported events.""",
    no_args_is_help=True,
)
app.callback()(choose_server)

_COLUMNS = (Column("CALENDAR", wrap=True), Column("RULES"), Column("SCHEDULES"), Column("TIME ZONE", wide=True))
_NONE = "There are no calendars yet. Make one with: punctual calendars create --help"
_STRETCHES = (Column("FROM"), Column("UNTIL"), Column("WHAT", wrap=True))
_SHOWN = timedelta(days=30)
_ANSWERED = frozenset({"version", "created_at", "updated_at", "updated_by", "schedule_count"})

CalendarArgument = Annotated[str, typer.Argument(metavar="CALENDAR", help="Name of the calendar.", show_default=False)]
DescriptionOption = Annotated[
    str | None, typer.Option("--description", help="What the calendar is for.", show_default=False)
]
ZoneOption = Annotated[
    str | None,
    typer.Option("--timezone", metavar="ZONE", help="IANA zone whose clocks the rules read. Default: UTC."),
]


@app.command("list")
def list_calendars(ctx: typer.Context, *, limit: LimitOption = None, output: FormatOption = "table") -> None:
    """List the calendars by name.

    For example:
        punctual calendars list
    """
    with connect(ctx) as client:
        page = client.collect("/calendars", {}, limit=limit)
    print_page(ctx, page, output, columns=_COLUMNS, row=lambda calendar, _: _row(calendar), empty=_NONE)


@app.command("show")
def show_calendar(
    ctx: typer.Context,
    name: CalendarArgument,
    *,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="INSTANT", help="Look from here on. Default: now.", show_default=False),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="INSTANT", help="Look up to here. Default: 30 days later.", show_default=False),
    ] = None,
    output: FormatOption = "table",
) -> None:
    """Show a calendar, and the times that it holds.

    For example:
        punctual calendars show holidays
        punctual calendars show holidays --from 2027-01-01 --until 2027-12-31
    """
    now = surroundings(ctx).clock.now()
    first = now.replace(microsecond=0) if start is None else read_instant(start)
    last = first + _SHOWN if until is None else read_instant(until)
    with connect(ctx) as client:
        calendar = client.get(_path(name))
        if output == "table":
            window = {"from": utc_text(first), "until": utc_text(last)}
            stretches = client.get(f"{_path(name)}/stretches", window)["items"]
            _print_calendar(calendar, stretches, first, last, now)
            return
    print_one(calendar, output)


@app.command("create")
def create_calendar(  # noqa: PLR0913 - each argument is one option of the command
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="CALENDAR", help="Name of the new calendar.")] = None,
    *,
    holidays: Annotated[
        list[str] | None,
        typer.Option(
            "--holidays", metavar="COUNTRY[/REGION]", help="Public holidays: DE, DE/BY, US/CA. May be repeated."
        ),
    ] = None,
    weekly: Annotated[
        list[str] | None,
        typer.Option(
            "--weekly", metavar="DAYS [FROM-UNTIL]", help='"sat,sun" or "mon-fri 09:00-17:00". May be repeated.'
        ),
    ] = None,
    yearly: Annotated[
        list[str] | None,
        typer.Option("--yearly", metavar="MM-DD[..MM-DD]", help="Days of every year: 12-24..01-02. May be repeated."),
    ] = None,
    dates: Annotated[
        list[str] | None, typer.Option("--date", metavar="DATE", help="A whole day: 2026-12-31. May be repeated.")
    ] = None,
    timezone: ZoneOption = None,
    description: DescriptionOption = None,
    file: FileOption = None,
    output: FormatOption = "table",
) -> None:
    """Make a new calendar: of rules given here, or of the document of -f.

    For example:
        punctual calendars create holidays --holidays DE/BY --timezone Europe/Berlin
        punctual calendars create "office hours" --weekly "mon-fri 09:00-17:00" --timezone Europe/Berlin
        punctual calendars create freeze --yearly 12-20..01-06
        punctual calendars create -f calendar.json
    """
    document: Document = {} if file is None else calendar_of(read_document(file))
    rules: list[Document] = [_holidays(text) for text in holidays or []]
    rules += [_weekly(text) for text in weekly or []]
    rules += [{"kind": "yearly", "days": yearly}] if yearly else []
    rules += [{"kind": "dates", "dates": dates}] if dates else []
    given = {"name": name, "timezone": timezone, "description": description, "rules": rules or None}
    document |= {field: value for field, value in given.items() if value is not None}
    if "name" not in document or "rules" not in document:
        message = "A name and a rule must be given, or -f with a document that has them."
        raise typer.BadParameter(message)
    with connect(ctx) as client:
        calendar = client.post("/calendars", document)
    _print_result(calendar, output, "Created")


@app.command("import")
def import_calendar(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="An .ics file; `-` reads standard input.")],
    *,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the new calendar. Default: that of the file.")
    ] = None,
    timezone: ZoneOption = None,
    include_free: Annotated[
        bool, typer.Option("--include-free", help="Take events too that are shown as free, as holidays often are.")
    ] = False,
    output: FormatOption = "table",
) -> None:
    """Make a new calendar of the events in an .ics file, as calendar programs export it.

    For example:
        punctual calendars import company-holidays.ics
        punctual calendars import freeze.ics --name "release freeze" --timezone Europe/Berlin
    """
    if name is None and file == "-":
        message = "--name must be given for standard input."
        raise typer.BadParameter(message)
    document = {
        "name": name or Path(file).stem,
        "ics": _read_text(file),
        "timezone": timezone,
        "include_free": include_free,
    }
    with connect(ctx) as client:
        imported = client.post("/calendars/import", document)
    if output == "json":
        print_json(imported)
        return
    _print_result(imported["calendar"], output, "Created")
    if output == "table":
        print_lines(imported["notes"])


@app.command("edit")
def edit_calendar(
    ctx: typer.Context, name: CalendarArgument, *, file: FileOption = None, output: FormatOption = "table"
) -> None:
    """Change a calendar: by the document of -f, or in your editor.

    For example:
        EDITOR=nano punctual calendars edit holidays
        punctual calendars edit holidays -f calendar.json
    """
    with connect(ctx) as client:
        before = client.get(_path(name))
        old = calendar_of(before)
        if file is not None:
            new = calendar_of(read_document(file))
            calendar = client.patch(_path(name), merge_patch(old, old | new), version=before["version"])
        else:
            with edited(old) as new:
                patch = merge_patch(old, calendar_of(new))
                if not patch:
                    print_lines([f"{name} is unchanged."])
                    return
                calendar = client.patch(_path(name), patch, version=before["version"])
    _print_result(calendar, output, "Changed")


@app.command("delete")
def delete_calendar(
    ctx: typer.Context,
    name: CalendarArgument,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a calendar that no schedule uses.

    For example:
        punctual calendars delete freeze
    """
    with connect(ctx) as client:
        client.get(_path(name))
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Delete {name}?", abort=True)
        client.delete(_path(name))
    print_lines([f"Deleted {name}."])


def calendar_of(document: Document) -> Document:
    """Return the part of a calendar's document that people write, without what only answers have."""
    return {field: value for field, value in document.items() if field not in _ANSWERED}


def _path(name: str) -> str:
    return f"/calendars/{segment(name)}"


def _holidays(text: str) -> Document:
    country, slash, region = text.partition("/")
    return {"kind": "holidays", "country": country} | ({"region": region} if slash else {})


def _weekly(text: str) -> Document:
    days, space, hours = text.strip().partition(" ")
    if not space:
        return {"kind": "weekly", "days": days}
    start, dash, end = hours.strip().partition("-")
    if not dash:
        message = f'{text!r} has no hours. Write for example: --weekly "mon-fri 09:00-17:00"'
        raise typer.BadParameter(message)
    return {"kind": "weekly", "days": days, "from": start.strip(), "until": end.strip()}


def _read_text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {error}"
        raise typer.BadParameter(message) from error


def _row(calendar: Document) -> tuple[str, ...]:
    kinds = ", ".join(dict.fromkeys(rule["kind"] for rule in calendar["rules"]))
    return (
        calendar["name"],
        f"{len(calendar['rules'])} ({kinds})",
        str(calendar["schedule_count"]),
        calendar["timezone"],
    )


def _print_calendar(
    calendar: Document, stretches: list[Document], first: datetime, last: datetime, now: datetime
) -> None:
    from punctual.domain.triggers.zone import load_zone  # noqa: PLC0415 - slow to import, and not needed for help

    zone = load_zone(calendar["timezone"])
    print_facts(
        [
            ("name", calendar["name"]),
            ("description", calendar["description"]),
            ("time zone", calendar["timezone"]),
            ("schedules", str(calendar["schedule_count"])),
            ("version", str(calendar["version"])),
            ("changed", f"{when(calendar['updated_at'], now)} by {calendar['updated_by']}"),
        ]
    )
    print_lines([""])
    if not stretches:
        print_lines([f"It holds nothing from {wall_text(first, zone)} to {wall_text(last, zone)}."])
        return
    print_table(
        _STRETCHES,
        (
            (*(wall_text(datetime.fromisoformat(each[edge]), zone) for edge in ("start", "end")), each["label"])
            for each in stretches
        ),
    )


def _print_result(calendar: Document, output: Format, verb: str) -> None:
    if output != "table":
        print_one(calendar, output)
    else:
        count = len(calendar["rules"])
        rules = "1 rule" if count == 1 else f"{count} rules"
        shown = shlex.quote(calendar["name"])
        print_lines([f"{verb} {calendar['name']}: {rules}. To see what it holds: punctual calendars show {shown}"])
