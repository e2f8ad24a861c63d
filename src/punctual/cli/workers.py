"""`punctual workers`: which workers live, and what they do."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated

import typer

from punctual.cli.client import Document, choose_server, connect, segment, surroundings
from punctual.cli.listing import LimitOption, print_page
from punctual.cli.output import (
    Column,
    FormatOption,
    instant,
    print_facts,
    print_lines,
    print_one,
    print_table,
    relative,
    when,
)

app = typer.Typer(
    name="workers",
    help="""See the Celery workers.

    Of one without the plug-in only what its events tell is known, and nothing where it sends none (-E).""",
    no_args_is_help=True,
)
app.callback()(choose_server)

_COLUMNS = (
    Column("WORKER", wrap=True),
    Column("STATE"),
    Column("STARTED", wide=True),
    Column("POOL"),
    Column("RUNS"),
    Column("WAITING"),
    Column("QUEUES", wrap=True),
    Column("VERSION", wide=True),
)
_RUNS = (Column("RUN"), Column("SCHEDULE", wrap=True), Column("TASK", wrap=True), Column("STARTED"))
_NONE = (
    "No worker is known. Put Punctual(app) beside your Celery app, then start one with: "
    "celery -A proj worker (or punctual worker, for the tasks that come with Punctual)"
)


@app.command("list")
def list_workers(ctx: typer.Context, *, limit: LimitOption = None, output: FormatOption = "table") -> None:
    """List the workers by name: those that live, and those that fell silent within the last day.

    RUNS is how many tasks a worker runs, of how many it can; WAITING how many it has taken from the broker besides.

    For example:
        punctual workers list
        punctual workers list -o name
    """
    with connect(ctx) as client:
        page = client.collect("/workers", {}, limit=limit)
    warnings = worker_warnings(page["items"])
    print_page(ctx, page, output, columns=_COLUMNS, row=_row, empty=_NONE, remarks=warnings)


@app.command("show")
def show_worker(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="WORKER", help="Its Celery node name.", show_default=False)],
    *,
    output: FormatOption = "table",
) -> None:
    """Show what one worker is, what it cannot do, and what it runs now.

    For example:
        punctual workers show celery@host
    """
    with connect(ctx) as client:
        worker = client.get(f"/workers/{segment(name)}")
    if output != "table":
        print_one(worker, output)
    else:
        _print_worker(worker, surroundings(ctx).clock.now())


def worker_warnings(workers: Iterable[Document]) -> Iterator[str]:
    """Give the warnings of workers as lines, each with the name of the worker."""
    for worker in workers:
        for warning in worker["warnings"]:
            yield f"{worker['name']}: {warning}"


def _print_worker(worker: Document, now: datetime) -> None:
    seen = when(worker["seen_at"], now)
    print_facts(
        [
            ("worker", worker["name"]),
            ("state", "live" if worker["live"] else f"gone since {seen}"),
            ("host", f"{worker['host']}, process {worker['pid']}"),
            ("started", when(worker["started_at"], now)),
            ("pool", _pool(worker)),
            ("it cannot", "\n".join(worker["cannot"])),
            ("queues", ", ".join(worker["queues"])),
            ("runs", f"{worker['active']} tasks"),
            ("waiting in it", f"{worker['reserved']} tasks"),
            ("begun", f"{worker['processed']} tasks since it started"),
            ("refused", f"{worker['refused']} second starts of an attempt" if worker["refused"] else None),
            ("Celery", worker["celery_version"]),
            ("plug-in", worker["version"] if worker["plugin"] else "none: what is known of it are its events"),
            ("look at", "\n".join(worker["warnings"])),
        ]
    )
    if worker["runs"]:
        print_lines([""])
        print_table(_RUNS, (_run(run, now) for run in worker["runs"]))


def _row(worker: Document, now: datetime) -> tuple[str, ...]:
    seen = relative(instant(worker["seen_at"]), now)
    return (
        worker["name"],
        "live" if worker["live"] else f"gone {seen}",
        relative(instant(worker["started_at"]), now),
        _pool(worker),
        f"{worker['active']} of {worker['concurrency']}" if worker["plugin"] else str(worker["active"]),
        str(worker["reserved"]),
        ", ".join(worker["queues"]),
        (worker["version"] or "") if worker["plugin"] else "no plug-in",
    )


def _pool(worker: Document) -> str:
    return f"{worker['pool']} x {worker['concurrency']}" if worker["plugin"] else "not known"


def _run(run: Document, now: datetime) -> tuple[str, ...]:
    return run["id"], run["schedule"], run["task"], relative(instant(run["started_at"]), now)
