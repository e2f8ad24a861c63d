"""How the management commands print: tables for people, JSON and names for programs."""

import json
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Format = Literal["table", "json", "name"]

FormatOption = Annotated[
    Format,
    typer.Option(
        "-o",
        "--output",
        help="`table` for people, `json` for the API's own document, `name` for one name or id per line.",
    ),
]

_NARROW = 100
_MARKED = 90
"""Characters of a text that are shown with a mark below it."""

_UNBOUNDED = 10_000
_STYLES = {
    "active": "green",
    "succeeded": "green",
    "done": "green",
    "running": "cyan",
    "retrying": "yellow",
    "paused": "yellow",
    "missed": "yellow",
    "skipped": "yellow",
    "expired": "yellow",
    "failed": "red",
    "lost": "red",
    "error": "red",
    "finished": "dim",
    "cancelled": "dim",
}
_UNITS = ((86_400, "d", 2 * 86_400), (3_600, "h", 3_600), (60, "m", 60), (1, "s", 1))
_OBEYED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_UNUSUAL = re.compile(r"[^ -~\n\t]")


@dataclass(frozen=True)
class Column:
    """A column of a table; one marked `wide` is left out where the terminal is narrow."""

    title: str
    wide: bool = False
    wrap: bool = False


def stdout() -> "Console":
    """Return a console on standard output: plain when it is no terminal, and then as wide as its lines need."""
    from rich.console import Console  # noqa: PLC0415 - slow to import, and not needed for help

    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED
    return console


def print_json(document: Any) -> None:  # noqa: ANN401 - any JSON
    """Print the document as the API gave it, indented."""
    typer.echo(pretty(document))


def print_names(names: Iterable[str]) -> None:
    """Print one name per line."""
    for name in names:
        typer.echo(printable(name))


def print_one(document: dict[str, Any], output: Format, *, key: str = "name") -> None:
    """Print one thing for programs: its document where they ask for `json`, else its field `key`."""
    if output == "json":
        print_json(document)
    else:
        print_names([document[key]])


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are, never cut or wrapped."""
    for line in lines:
        typer.echo(printable(line))


def print_facts(facts: Iterable[tuple[str, str | None]]) -> None:
    """Print what is known about one thing, a fact per line; facts that are None or empty are left out."""
    from rich.text import Text  # noqa: PLC0415 - slow to import, and not needed for help

    console = stdout()
    known = [(label, printable(value)) for label, value in facts if value]
    width = max((len(label) for label, _ in known), default=0) + 2
    for label, value in known:
        body = value.replace("\n", "\n" + " " * width)
        style = _STYLES.get(value, "") if label == "state" else ""
        console.print(Text(f"{label:<{width}}", style="bold"), Text(body, style=style), sep="", soft_wrap=True)


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print a table as wide as the terminal; cells that name a state are coloured on a terminal."""
    console = stdout()
    console.print(table(columns, rows, width=console.width))


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, width: int) -> "Table":
    """Return the table to print on a terminal of `width` columns."""
    from rich.table import Table  # noqa: PLC0415 - slow to import, and not needed for help
    from rich.text import Text  # noqa: PLC0415 - slow to import, and not needed for help

    shown = [index for index, column in enumerate(columns) if width >= _NARROW or not column.wide]
    result = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for index in shown:
        wrap = columns[index].wrap
        result.add_column(columns[index].title, no_wrap=not wrap, overflow="fold" if wrap else "ellipsis")
    for row in rows:
        result.add_row(*(Text(printable(row[index]), style=_STYLES.get(row[index], "")) for index in shown))
    return result


def printable(text: str) -> str:
    """Return `text` with what a terminal would obey (escapes, controls, direction marks) written out instead."""
    return _written_out(text, lambda character: character.encode("unicode_escape").decode("ascii"))


def marked(text: str, position: int) -> list[str]:
    """Return the text and a line that marks a place in it; of a long text, the part around that place."""
    start = max(0, position - _MARKED // 2)
    shown = text[start : start + _MARKED]
    if not shown.isprintable():
        return []
    before, after = "..." if start else "", "..." if len(text) > start + _MARKED else ""
    return [f"  {before}{shown}{after}", f"  {' ' * (len(before) + position - start)}^"]


def pretty(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a JSON value indented, with nothing in it that a terminal would obey."""
    return _written_out_in_json(json.dumps(value, indent=2, ensure_ascii=False))


def compact(value: Any) -> str:  # noqa: ANN401 - any JSON
    """Return a JSON value on one line, with nothing in it that a terminal would obey."""
    return _written_out_in_json(json.dumps(value, ensure_ascii=False))


def _written_out_in_json(text: str) -> str:
    return _written_out(text, lambda character: json.dumps(character)[1:-1])


def _written_out(text: str, escape: Callable[[str], str]) -> str:
    return _UNUSUAL.sub(lambda match: escape(match[0]) if unicodedata.category(match[0]) in _OBEYED else match[0], text)


def instant(text: str | None) -> datetime | None:
    """Read an instant of an API document."""
    return None if text is None else datetime.fromisoformat(text)


def relative(moment: datetime | None, now: datetime) -> str:
    """Return how far `moment` is from `now`: `in 4s`, `2m ago`, `now`; empty for None."""
    if moment is None:
        return ""
    seconds = (moment - now).total_seconds()
    for size, unit, least in _UNITS:
        if abs(seconds) >= least:
            amount = f"{int(abs(seconds) // size)}{unit}"
            return f"in {amount}" if seconds > 0 else f"{amount} ago"
    return "now"


def local(moment: datetime) -> str:
    """Return `moment` in this machine's zone, to the second: `2026-11-21 14:43:00 CET`."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def when(text: str | None, now: datetime) -> str | None:
    """Return an instant of an API document in the local zone and relative to `now`; None stays None."""
    moment = instant(text)
    return None if moment is None else f"{local(moment)} ({relative(moment, now)})"


def took(started: str | None, finished: str | None) -> str:
    """Return how long something took: `0.31s`, `12.0s`, `2m 5s`; empty while it has not ended."""
    start, end = instant(started), instant(finished)
    if start is None or end is None:
        return ""
    seconds = (end - start).total_seconds()
    minute, hour = 60, 3600
    if seconds < minute:
        return f"{seconds:.2f}s" if seconds < 1 else f"{seconds:.1f}s"
    if seconds < hour:
        return f"{int(seconds // minute)}m {int(seconds % minute)}s"
    return f"{int(seconds // hour)}h {int(seconds % hour // minute)}m"
