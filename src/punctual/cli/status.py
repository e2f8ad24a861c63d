"""`punctual status`: whether due runs can be sent and run, and how the nodes and workers do."""

from collections.abc import Iterator
from datetime import datetime

import typer

from punctual.cli.client import Document, UrlOption, choose_server, connect, surroundings
from punctual.cli.output import (
    Column,
    FormatOption,
    instant,
    print_json,
    print_lines,
    print_names,
    print_table,
    relative,
)
from punctual.cli.workers import worker_warnings

_CHECKS = (Column("CHECK"), Column("READY"), Column("MESSAGE", wrap=True))
_NODES = (
    Column("NODE"),
    Column("SEEN"),
    Column("LAG"),
    Column("SENT"),
    Column("BUSY"),
    Column("CLOCK"),
    Column("VERSION", wide=True),
    Column("TIME ZONES", wide=True),
)
_WORKERS = (Column("WORKER"), Column("SEEN"), Column("POOL", wide=True), Column("QUEUES", wrap=True))


def status(ctx: typer.Context, *, url: UrlOption = None, output: FormatOption = "table") -> None:
    """Show whether due runs can be sent and run, how the nodes and workers do, and what people should look at.

    The exit code is 1 when something is not ready; `-o name` prints the names of those checks. LAG is how late a node
    sent what was due last, CLOCK how far its machine's clock is ahead of the database's.

    For example:
        punctual status
        punctual status -o name
    """
    choose_server(ctx, url)
    with connect(ctx) as client:
        readiness = client.get("/health/ready")
        answers = all(check["ok"] for check in readiness["checks"] if check["name"] == "database")
        system = client.get("/system") if answers else None
    if output == "json":
        print_json({**readiness, "system": system})
    elif output == "name":
        print_names(check["name"] for check in readiness["checks"] if not check["ok"])
    else:
        _print(readiness, system, surroundings(ctx).clock.now())
    if not readiness["ready"]:
        raise typer.Exit(1)


def _print(readiness: Document, system: Document | None, now: datetime) -> None:
    checks = readiness["checks"]
    print_table(_CHECKS, ((check["name"], "yes" if check["ok"] else "no", check["message"]) for check in checks))
    if system is None:
        return
    nodes = [node for node in system["nodes"] if node["live"]]
    if nodes:
        print_lines([""])
        print_table(_NODES, (_node(node, now) for node in nodes))
    workers = [worker for worker in system["workers"] if worker["live"]]
    if workers:
        print_lines([""])
        print_table(_WORKERS, (_worker(worker, now) for worker in workers))
    warnings = [*_warnings(nodes), *worker_warnings(workers)]
    if warnings:
        print_lines(["", *warnings])


def _node(node: Document, now: datetime) -> tuple[str, ...]:
    return (
        _name(node),
        relative(instant(node["seen_at"]), now),
        f"{node['lag']:.1f}s",
        f"{node['sent_per_second']:.1f}/s",
        f"{node['busy']:.0%}",
        f"{node['clock_offset']:+.1f}s",
        node["version"],
        node["tzdata_version"] or "",
    )


def _worker(worker: Document, now: datetime) -> tuple[str, ...]:
    pool = f"{worker['pool']} x {worker['concurrency']}"
    return worker["name"], relative(instant(worker["seen_at"]), now), pool, ", ".join(worker["queues"])


def _warnings(nodes: list[Document]) -> Iterator[str]:
    for node in nodes:
        for warning in node["warnings"]:
            yield f"{_name(node)}: {warning}"


def _name(node: Document) -> str:
    return f"{node['host']}:{node['pid']}"
