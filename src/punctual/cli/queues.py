"""`punctual queues`: how much waits in the broker, and who takes it."""

from datetime import datetime

import typer

from punctual.cli.client import Document, choose_server, connect
from punctual.cli.listing import LimitOption, print_page
from punctual.cli.output import Column, FormatOption, instant, relative

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
_NONE = "No queue is known yet: a node measures them once it runs. Start one with: punctual scheduler"


@app.command("list")
def list_queues(ctx: typer.Context, *, limit: LimitOption = None, output: FormatOption = "table") -> None:
    """List the queues by name.

    MESSAGES wait in the broker; OLDEST is when that run was sent which has waited longest for a worker. A dash stands
    for what is not known: Redis does not tell its consumers.

    For example:
        punctual queues list
        punctual queues list -o json
    """
    with connect(ctx) as client:
        page = client.collect("/queues", {}, limit=limit)
    told = (f"{queue['name']}: {text}" for queue in page["items"] for text in _to_tell(queue))
    print_page(ctx, page, output, columns=_COLUMNS, row=_row, empty=_NONE, remarks=told)


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
