"""The list commands: how much they ask for, and how they print the page that comes."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Annotated

import typer

from punctual.cli.client import Document, surroundings
from punctual.cli.output import Column, Format, print_json, print_lines, print_names, print_table

LimitOption = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many; all without it.")]
NewestOption = Annotated[int, typer.Option("--limit", min=1, help="At most so many.")]
"""For lists that grow for ever, of which nobody wants all."""


def print_page(
    ctx: typer.Context,
    page: Document,
    output: Format,
    *,
    columns: Sequence[Column],
    row: Callable[[Document, datetime], Sequence[str]],
    empty: str,
    key: str = "name",
    remarks: Iterable[str] = (),
) -> None:
    """Print the items of a page: a table of them with the remarks below, or `empty` where there are none.

    Programs get the page as it is, or the field `key` of each item.
    """
    items = page["items"]
    if output == "json":
        print_json(page)
    elif output == "name":
        print_names(str(item[key]) for item in items)
    elif items:
        now = surroundings(ctx).clock.now()
        print_table(columns, (row(item, now) for item in items))
        lines = list(remarks)
        if lines:
            print_lines(["", *lines])
    else:
        print_lines([empty])
