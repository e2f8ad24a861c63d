"""`punctual backfills`: run the fire times of a span of the past."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

import typer

from punctual.cli.arguments import Name
from punctual.cli.client import Client, Document, choose_server, connect, segment, surroundings
from punctual.cli.listing import NewestOption, print_page
from punctual.cli.output import (
    Column,
    Format,
    FormatOption,
    local,
    print_facts,
    print_json,
    print_lines,
    print_one,
    printable,
    relative,
    when,
)
from punctual.cli.trigger_arguments import read_past, utc_text

app = typer.Typer(
    name="backfills",
    help="""Run the past again: the fire times of a span, each as a run of its own.

    A backfill leaves out what has run already, unless asked to do it again, and works on a paused schedule too.""",
    no_args_is_help=True,
)
app.callback()(choose_server)

ReprocessWord = Literal["none", "failed", "all"]
OrderWord = Literal["oldest", "newest"]
StateWord = Literal["running", "done", "cancelled"]
BackfillId = Annotated[str, typer.Argument(metavar="ID", help="Id of the backfill.", show_default=False)]

_POLL_SECONDS = 1.0
_WENT_WRONG = ("failed", "lost", "cancelled", "expired")
_LEFT_OUT = {"has_run": "run already", "closed": "closed by calendars", "skipped": "skipped on purpose"}
_COLUMNS = (
    Column("ASKED FOR"),
    Column("SCHEDULE", wrap=True),
    Column("STATE"),
    Column("FROM", wide=True),
    Column("UNTIL", wide=True),
    Column("PROGRESS", wrap=True),
    Column("ID"),
)
_NONE = "There are no backfills yet. Make one with: punctual backfills start --help"


@app.command("start")
def start_backfill(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    name: Name,
    *,
    since: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="INSTANT",
            help="The first fire time: an instant or a date (without an offset, local time), or how long ago: 2d.",
            show_default=False,
        ),
    ],
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="INSTANT", help="Fire times before this. Default: now.", show_default=False),
    ] = None,
    reprocess: Annotated[
        ReprocessWord,
        typer.Option(
            "--reprocess",
            help="Which of those that have run do so again: `none`, those whose last run `failed` (or was lost or "
            "cancelled), or `all`.",
        ),
    ] = "none",
    parallelism: Annotated[
        int, typer.Option("--parallelism", min=1, max=1000, help="So many runs at once at most.")
    ] = 1,
    order: Annotated[OrderWord, typer.Option("--order", help="Which fire times come first.")] = "oldest",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would do.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Follow it to its end; exit with 1 unless all its runs succeed.")
    ] = False,
    output: FormatOption = "table",
) -> None:
    """Run the fire times of a span of the past.

    For example:
        punctual backfills start report --from 2026-07-01 --until 2026-07-15 --dry-run
        punctual backfills start report --from 2026-07-01 --until 2026-07-15 --parallelism 4
        punctual backfills start report --from 2d --reprocess failed --order newest --wait
    """
    if wait and dry_run:
        message = "--wait has nothing to wait for with --dry-run."
        raise typer.BadParameter(message)
    now = surroundings(ctx).clock.now()
    asked = {
        "from": utc_text(read_past(since, now)),
        "until": None if until is None else utc_text(read_past(until, now)),
        "reprocess": reprocess,
        "parallelism": parallelism,
        "order": order,
        "dry_run": dry_run,
    }
    with connect(ctx) as client:
        answer = client.post(f"/schedules/{segment(name)}/backfills", asked)
        if dry_run:
            _print_preview(answer, name, output)
            return
        if wait:
            answer = _follow(client, answer, sleep=surroundings(ctx).sleep)
    if output != "table":
        print_one(answer, output, key="id")
    elif not wait:
        print_lines(
            [f"Backfill {answer['id']} runs: {_span(answer)}. To see it: punctual backfills show {answer['id']}"]
        )
    if wait and (answer["state"] != "done" or any(state in _WENT_WRONG for state in answer["progress"]["states"])):
        raise typer.Exit(1)


@app.command("list")
def list_backfills(
    ctx: typer.Context,
    *,
    schedule: Annotated[str | None, typer.Option("--schedule", help="Only of this schedule, by name or id.")] = None,
    state: Annotated[StateWord | None, typer.Option("--state", help="Only backfills in this state.")] = None,
    limit: NewestOption = 20,
    output: FormatOption = "table",
) -> None:
    """List the newest backfills.

    For example:
        punctual backfills list
        punctual backfills list --schedule report --state running
    """
    with connect(ctx) as client:
        page = client.collect("/backfills", {"schedule": schedule, "state": state}, limit=limit)
    empty = _NONE if schedule is None and state is None else "No backfill matches."
    print_page(ctx, page, output, columns=_COLUMNS, row=_row, empty=empty, key="id")


@app.command("show")
def show_backfill(ctx: typer.Context, backfill_id: BackfillId, *, output: FormatOption = "table") -> None:
    """Show how far a backfill is.

    For example:
        punctual backfills show 4be0643f-1d98-473b-97cd-ca98a65347dd
    """
    with connect(ctx) as client:
        backfill = client.get(_path(backfill_id))
    if output == "table":
        print_facts(_facts(backfill, surroundings(ctx).clock.now()))
    else:
        print_one(backfill, output, key="id")


@app.command("cancel")
def cancel_backfill(
    ctx: typer.Context,
    backfill_id: BackfillId,
    *,
    terminate: Annotated[
        bool, typer.Option("--terminate", help="Let workers terminate what runs; otherwise it goes on.")
    ] = False,
    output: FormatOption = "table",
) -> None:
    """Cancel a backfill: no more runs are made, and those that no worker has started are cancelled.

    For example:
        punctual backfills cancel 4be0643f-1d98-473b-97cd-ca98a65347dd
    """
    with connect(ctx) as client:
        backfill = client.post(f"{_path(backfill_id)}/cancel", {"terminate": terminate})
    if output == "table":
        going_on = backfill["progress"]["open"]
        left = f" {_number(going_on, 'run')} that workers had started {'is' if going_on == 1 else 'are'} still open."
        print_lines([f"Cancelled {backfill['id']}.{left if going_on else ''}"])
    else:
        print_one(backfill, output, key="id")


def _path(backfill_id: str) -> str:
    return f"/backfills/{segment(backfill_id)}"


def _print_preview(preview: Document, name: str, output: Format) -> None:
    if output != "table":
        print_json(preview)
        return
    looked_at, least = preview["looked_at"], "" if preview["fire_times_exact"] else "at least "
    ends = f"from {_instant(preview['first'])} to {_instant(preview['last'])}"
    lines = [f"{name} (version {preview['schedule_version']}) has {least}{_times(preview['fire_times'])}, {ends}."]
    if not preview["fire_times_exact"]:
        lines.append(f"Counting was given up; of the first {looked_at:,} in the order asked for:")
    lines.append(f"{preview['would_run']:,} would run.")
    lines += [f"{count:,} left out: {words}." for words, count in _left_out(preview["left_out"])]
    print_lines([*lines, "Nothing was written."])


def _follow(client: Client, backfill: Document, *, sleep: Callable[[float], None]) -> Document:
    """Print the progress of a backfill on standard error until it ends, and return it as it ended."""
    typer.echo(f"Backfill {backfill['id']}: {_span(backfill)}", err=True)
    in_place = sys.stderr.isatty()
    shown = None
    while True:
        line = f"  {backfill['state']}: {_progress(backfill)}"
        if line != shown:
            shown = line
            typer.echo(f"\r\x1b[K{line}" if in_place else line, err=True, nl=not in_place)
        if backfill["state"] != "running":
            typer.echo("\n" if in_place else "", err=True, nl=False)
            return backfill
        sleep(_POLL_SECONDS)
        backfill = client.get(_path(backfill["id"]))


def _row(backfill: Document, now: datetime) -> tuple[str, ...]:
    return (
        relative(datetime.fromisoformat(backfill["created_at"]), now),
        backfill["schedule"],
        backfill["state"],
        _instant(backfill["from"]),
        _instant(backfill["until"]),
        _progress(backfill),
        backfill["id"],
    )


def _facts(backfill: Document, now: datetime) -> list[tuple[str, str | None]]:
    progress = backfill["progress"]
    return [
        ("id", backfill["id"]),
        ("schedule", f"{backfill['schedule']} (version {backfill['schedule_version']})"),
        ("state", backfill["state"]),
        ("reason", backfill["reason"]),
        ("error", backfill["error"]),
        ("from", _instant(backfill["from"])),
        ("until", _instant(backfill["until"])),
        ("reprocess", backfill["reprocess"]),
        ("parallelism", str(backfill["parallelism"])),
        ("order", f"{backfill['order']} first"),
        ("looked at", f"{progress['looked_at']:,} of {_total(progress)}"),
        ("left out", "\n".join(f"{count:,} {words}" for words, count in _left_out(progress["left_out"]))),
        ("runs made", f"{progress['made']:,}"),
        ("runs", "\n".join(_states(progress))),
        ("asked for", f"{when(backfill['created_at'], now)} by {backfill['actor']}"),
        ("ended", when(backfill["finished_at"], now)),
    ]


def _progress(backfill: Document) -> str:
    progress = backfill["progress"]
    parts = [f"{progress['looked_at']:,} of {_total(progress)} looked at"]
    parts += [f"{count:,} {words}" for words, count in _left_out(progress["left_out"])]
    error = f"; it cannot go on: {printable(backfill['error'])}" if backfill["error"] else ""
    return ", ".join([*parts, *_states(progress)]) + error


def _states(progress: Document) -> list[str]:
    removed = [f"{progress['removed']:,} removed since"] if progress["removed"] else []
    return [f"{count:,} {state}" for state, count in progress["states"].items()] + removed


def _left_out(left_out: Document) -> list[tuple[str, int]]:
    return [(words, left_out[reason]) for reason, words in _LEFT_OUT.items() if left_out[reason]]


def _total(progress: Document) -> str:
    return f"{'' if progress['fire_times_exact'] else 'at least '}{progress['fire_times']:,}"


def _span(backfill: Document) -> str:
    least = "" if backfill["progress"]["fire_times_exact"] else "at least "
    span = f"from {_instant(backfill['from'])} until {_instant(backfill['until'])}"
    return f"{least}{_times(backfill['progress']['fire_times'])} of {backfill['schedule']} {span}"


def _instant(text: str) -> str:
    return local(datetime.fromisoformat(text))


def _times(count: int) -> str:
    return _number(count, "fire time")


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
