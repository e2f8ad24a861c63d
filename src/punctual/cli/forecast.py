"""`punctual forecast`: what all schedules will send, and how to spread it out."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated

import typer

from punctual.cli.client import Document, Query, UrlOption, choose_server, connect
from punctual.cli.output import Column, FormatOption, print_json, print_lines, print_names, print_table
from punctual.cli.trigger_arguments import read_instant, utc_text
from punctual.domain.errors import TriggerError

_HOUR = 3600
_HOURS_OF_A_DAY = 24
_MOST_ROWS_OF_HOURS = 48
_WIDTH = 30

_SPANS = (Column("FROM"), Column("RUNS"), Column("PEAK"), Column(""))
_BUSIEST = (Column("BUSIEST MINUTE"), Column("RUNS"), Column("SCHEDULES", wrap=True))


def forecast(
    ctx: typer.Context,
    *,
    hours: Annotated[int, typer.Option("--hours", min=1, max=744, help="How far to look, up to 31 days.")] = 24,
    jitter: Annotated[str, typer.Option("--jitter", metavar="SPAN", help="Jitter to try, such as 90s or 5m.")] = "5m",
    start: Annotated[
        str | None,
        typer.Option("--start", metavar="INSTANT", help="From this minute on (RFC 3339). Default: now."),
    ] = None,
    search: Annotated[str | None, typer.Option("--search", help="Only those whose name or task contains this.")] = None,
    url: UrlOption = None,
    output: FormatOption = "table",
) -> None:
    """Show how many runs are to come, which minutes are the busiest, and what H or jitter would make of them.

    For example:
        punctual forecast
        punctual forecast --hours 168 --jitter 10m --search report

    PEAK is the busiest minute within a row. With -o name, it prints the busiest minutes in UTC, one per line.
    """
    choose_server(ctx, url)
    query: Query = {
        "hours": hours,
        "jitter": str(_seconds(jitter.strip())),
        "step": _HOUR,
        "start": None if start is None else utc_text(read_instant(start)),
        "q": search,
    }
    with connect(ctx) as client:
        found = client.get("/forecast", query)
    if output == "json":
        print_json(found)
    elif output == "name":
        print_names(busy["minute"] for busy in found["as_is"]["busiest"])
    elif not found["as_is"]["runs"]:
        print_lines([*_nothing(found, search), *_remarks(found)])
    else:
        print_table(_SPANS, _span_rows(found))
        print_lines([""])
        print_table(_BUSIEST, (_busy_row(busy) for busy in found["as_is"]["busiest"]))
        print_lines(["", _spread(found, jitter.strip()), *_remarks(found)])


def _seconds(jitter: str) -> float:
    from punctual.domain.triggers.duration import read_length  # noqa: PLC0415 - slow to import, and not needed for help

    try:
        return read_length(jitter).total_seconds()
    except TriggerError as error:
        message = f"{error.message}. {error.fix}"
        raise typer.BadParameter(message, param_hint="--jitter") from None


def _wall(text: str) -> str:
    return _shown(datetime.fromisoformat(text))


def _shown(moment: datetime) -> str:
    return moment.astimezone().strftime("%a %Y-%m-%d %H:%M %Z")


def _span_rows(found: Document) -> Iterator[tuple[str, ...]]:
    """Yield a row for each hour, or for each day of a long window."""
    counts: list[int] = found["as_is"]["counts"]
    peaks: list[int] = found["as_is"]["peaks"]
    size = 1 if len(counts) <= _MOST_ROWS_OF_HOURS else _HOURS_OF_A_DAY
    spans = [slice(first, first + size) for first in range(0, len(counts), size)]
    sums = [sum(counts[span]) for span in spans]
    start = datetime.fromisoformat(found["start"])
    for span, runs in zip(spans, sums, strict=True):
        bar = "█" * -(-runs * _WIDTH // max(sums))
        yield _shown(start + timedelta(hours=span.start)), f"{runs:,}", f"{max(peaks[span]):,}", bar


def _busy_row(busy: Document) -> tuple[str, ...]:
    names = ", ".join(busy["schedules"]) + (f" and {busy['more']:,} more" if busy["more"] else "")
    return _wall(busy["minute"]), f"{busy['runs']:,}", names


def _spread(found: Document, jitter: str) -> str:
    """Return the sentence about what H and jitter would make of the busiest minute."""
    now = f"{found['as_is']['peak']:,}"
    with_h, with_jitter = found["what_if"]["h"], found["what_if"]["jitter"]
    if not with_h["changed"]:
        return f"With {jitter} of jitter the busiest minute would have {_runs(with_jitter)} instead of {now}."
    return (
        f"With H the busiest minute would have {_runs(with_h)} instead of {now}; "
        f"with {jitter} of jitter {_peak(with_jitter)}."
    )


def _runs(what_if: Document) -> str:
    peak = _peak(what_if)
    return f"{peak} run" if what_if["outlook"]["peak"] == 1 else f"{peak} runs"


def _peak(what_if: Document) -> str:
    outlook = what_if["outlook"]
    return ("" if outlook["complete"] else "at least ") + f"{outlook['peak']:,}"


def _remarks(found: Document) -> Iterator[str]:
    outlook, left_out = found["as_is"], found["left_out"]
    if found["skipped"]:
        number = "1 fire time" if found["skipped"] == 1 else f"{found['skipped']:,} fire times"
        yield f"In closed time, and so skipped: {number}."
    if left_out["paused"]:
        yield f"Not counted, because they are paused: {_schedules(left_out['paused'])}."
    if left_out["error"]:
        yield (
            f"Not counted, because they cannot be planned: {_schedules(left_out['error'])}. "
            "To see them: punctual schedules list --state error"
        )
    if not outlook["complete"]:
        missing = f" Left out: {_schedules(outlook['over_budget'])}." if outlook["over_budget"] else ""
        since = _wall(outlook["complete_until"])
        yield f"Too much to count at once: from {since} on, counts are lower bounds.{missing}"
        yield "Ask for fewer hours, or for some schedules with --search."


def _schedules(number: int) -> str:
    return "1 schedule" if number == 1 else f"{number:,} schedules"


def _nothing(found: Document, search: str | None) -> list[str]:
    if found["as_is"]["schedules"]:
        return [f"Nothing will run until {_wall(found['end'])}. To look further: punctual forecast --hours 744"]
    if search is not None:
        return ["No active schedule matches."]
    return ["There are no active schedules. Make one with: punctual schedules create --help"]
