"""`punctual locks`: the locks that tasks hold."""

import sys
from datetime import datetime
from typing import Annotated

import typer

from punctual.cli.client import Document, choose_server, connect
from punctual.cli.listing import LimitOption, print_page
from punctual.cli.output import Column, FormatOption, instant, print_lines, relative

app = typer.Typer(
    name="locks",
    help="""See the locks that tasks hold, and break one that is stuck.

    Functions with @punctual.exclusive take them, and those with @punctual.idempotent while they run.""",
    no_args_is_help=True,
)
app.callback()(choose_server)

_COLUMNS = (
    Column("ID"),
    Column("KEY", wrap=True),
    Column("FUNCTION", wrap=True),
    Column("HELD BY", wrap=True),
    Column("SINCE"),
    Column("LEASE ENDS", wide=True),
    Column("TASK", wide=True),
)


@app.command("list")
def list_locks(ctx: typer.Context, *, limit: LimitOption = None, output: FormatOption = "table") -> None:
    """List the locks that are held, the one held for longest first.

    For example:
        punctual locks list
    """
    with connect(ctx) as client:
        page = client.collect("/locks", {}, limit=limit)
    print_page(ctx, page, output, columns=_COLUMNS, row=_row, empty="No task holds a lock.", key="id")


@app.command("release")
def release_lock(
    ctx: typer.Context,
    lock_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="Id of the lock.", show_default=False)],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Let others take a lock. The task that holds it is not stopped: cancel its run first.

    The lock of a worker that died gets free by itself, half a minute later.

    For example:
        punctual locks release 4711
    """
    with connect(ctx) as client:
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Release {lock_id}, though its task may still run?", abort=True)
        client.delete(f"/locks/{lock_id}")
    print_lines([f"Released {lock_id}."])


def _row(lock: Document, now: datetime) -> tuple[str, ...]:
    return (
        str(lock["id"]),
        lock["key"],
        lock["function"],
        lock["worker"] or f"{lock['host']}:{lock['pid']}",
        relative(instant(lock["acquired_at"]), now),
        relative(instant(lock["expires_at"]), now),
        lock["task_id"] or "",
    )
