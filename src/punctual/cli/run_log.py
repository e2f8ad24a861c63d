"""`punctual runs log`: what a task kept with its run."""

from collections.abc import Callable, Iterator
from typing import Annotated, Literal

import typer

from punctual.cli.arguments import RunId
from punctual.cli.client import Client, Document, connect, segment, surroundings
from punctual.cli.output import compact, instant, print_lines
from punctual.cli.run_states import ENDED

LogFormatOption = Annotated[
    Literal["table", "json"],
    typer.Option("-o", "--output", help="`table` for people, `json` for one JSON object a line."),
]

_LARGEST_PAGE = 1000
_REFRESH_SECONDS = 1.0


def show_log(
    ctx: typer.Context,
    run_id: RunId,
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with new lines until the run ends.")] = False,
    output: LogFormatOption = "table",
) -> None:
    """Print what the task kept with its run: the lines of `punctual.current_run().log(...)`.

    For example:
        punctual runs log 4be0643f-1d98-573b-97cd-ca98a65347dd
        punctual runs log 4be0643f-1d98-573b-97cd-ca98a65347dd --follow
        punctual runs log 4be0643f-1d98-573b-97cd-ca98a65347dd -o json | jq -r .text

    With `-o json` each line is a JSON object of its own.
    """
    with connect(ctx) as client:
        pause = surroundings(ctx).sleep if follow else None
        for line in _lines(client, f"/runs/{segment(run_id)}", pause):
            print_lines([compact(line) if output == "json" else _text(line)])


def _lines(client: Client, path: str, pause: Callable[[float], None] | None) -> Iterator[Document]:
    """Yield the lines that there are and, with a `pause` between two looks, those that come until the run has ended."""
    after: str | None = None
    over = pause is None
    while True:
        page = client.get(f"{path}/log", {"after": after, "limit": _LARGEST_PAGE})
        yield from page["items"]
        after = page["after"]
        if page["more"]:
            continue
        if over or pause is None:
            return
        # What the task said last may arrive a moment after its end: one more look.
        over = client.get(path)["state"] in ENDED
        pause(_REFRESH_SECONDS)


def _text(line: Document) -> str:
    moment = instant(line["at"])
    time = "" if moment is None else moment.astimezone().strftime("%H:%M:%S.%f")[:-3]
    attempt = f" attempt {line['attempt']}" if line["attempt"] > 1 else ""
    return f"{time} {line['level'].upper():<8}{attempt} {line['text']}"
