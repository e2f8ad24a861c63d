"""`punctual queues`: how much waits in the broker, and who takes it."""

from datetime import datetime
from typing import Annotated

import typer

from punctual.cli.client import Document, choose_server, connect, surroundings
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

app = typer.Typer(
    name="queues",
    help="""See the queues of the broker.

    Those that living workers consume or schedules send to, and the default one; measured about every ten seconds.""",
    no_args_is_help=True,
)
app.callback()(choose_server)

_COLUMNS = (
    Column("QUEUE", wrap=True),
    Column("MESSAGES"),
    Column("OLDEST"),
    Column("CONSUMERS"),
    Column("WORKERS", wrap=True),
    Column("MEASURED", wide=True),
)


@app.command("list")
def list_queues(
    ctx: typer.Context,
    *,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many; all without it.")] = None,
    output: FormatOption = "table",
) -> None:
    """List the queues by name.

    MESSAGES wait in the broker; OLDEST is when that run was sent which has waited longest for a worker. A dash stands
    for what is not known: Redis does not tell its consumers.

    For example:
        punctual queues list
        punctual queues list -o json
    """
    with connect(ctx) as client:
        page = client.collect("/queues", {}, limit=limit)
    if output == "json":
        print_json(page)
    elif output == "name":
        print_names(queue["name"] for queue in page["items"])
    elif page["items"]:
        now = surroundings(ctx).clock.now()
        print_table(_COLUMNS, (_row(queue, now) for queue in page["items"]))
        told = [f"{queue['name']}: {text}" for queue in page["items"] for text in _to_tell(queue)]
        if told:
            print_lines(["", *told])
    else:
        print_lines(["No queue is known yet: a node measures them once it runs. Start one with: punctual scheduler"])


def _to_tell(queue: Document) -> list[str]:
    return [*([queue["error"]] if queue["error"] else []), *queue["warnings"]]


def _row(queue: Document, now: datetime) -> tuple[str, ...]:
    return (
        queue["name"],
        _number(queue["messages"]),
        relative(instant(queue["oldest_at"]), now),
        _number(queue["consumers"]),
        ", ".join(queue["workers"]),
        relative(instant(queue["measured_at"]), now),
    )


def _number(count: int | None) -> str:
    return "-" if count is None else str(count)
