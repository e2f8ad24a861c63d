"""`punctual runs`: what became of each fire time."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Literal

import typer

from punctual.cli.arguments import ArgOption, KwargOption, RunId, argument_changes
from punctual.cli.client import Client, Document, choose_server, connect, segment, surroundings
from punctual.cli.listing import NewestOption, print_page
from punctual.cli.output import (
    Column,
    Format,
    FormatOption,
    compact,
    instant,
    pretty,
    print_facts,
    print_json,
    print_lines,
    print_names,
    print_one,
    relative,
    stdout,
    table,
    took,
    when,
)
from punctual.cli.run_log import show_log
from punctual.cli.run_states import ENDED, OPEN
from punctual.cli.trigger_arguments import read_instant, utc_text
from punctual.domain.clock import monotonic
from punctual.domain.errors import PunctualError, SetupError
from punctual.domain.sizes import write_size

app = typer.Typer(
    name="runs",
    help="""See what became of each fire time.

    The ledger has one run for each fire time of a schedule, and one for each run now.""",
    no_args_is_help=True,
)
app.callback()(choose_server)

CauseWord = Literal["schedule", "catchup", "backfill", "manual", "rerun", "adhoc"]

WaitOption = Annotated[bool, typer.Option("--wait", help="Follow the run to its end; exit with 1 unless it succeeds.")]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", min=0, help="With --wait: give up after so many seconds.")
]

_STATES = OPEN + ENDED
_POLL_SECONDS = 0.5
_REFRESH_SECONDS = 1.0

_COLUMNS = (
    Column("FIRE TIME"),
    Column("SCHEDULE", wrap=True),
    Column("STATE"),
    Column("CAUSE", wide=True),
    Column("TOOK", wide=True),
    Column("NOTE", wide=True),
    Column("ID"),
)


def _known_states(states: list[str] | None) -> list[str] | None:
    for state in states or ():
        if state not in _STATES:
            message = f"{state!r} is no state. Choose from {', '.join(_STATES)}."
            raise typer.BadParameter(message)
    return states


class WaitedTooLongError(PunctualError):
    """A run had not ended when the time to wait for it was over."""

    code = "waited_too_long"


@app.command("list")
def list_runs(  # noqa: PLR0913 - one parameter an option
    ctx: typer.Context,
    *,
    schedule: Annotated[str | None, typer.Option("--schedule", help="Only of this schedule, by name or id.")] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(
            "--state",
            metavar=f"<{'|'.join(_STATES)}>",
            callback=_known_states,
            help="Only runs in this state. May be repeated.",
        ),
    ] = None,
    cause: Annotated[CauseWord | None, typer.Option("--cause", help="Only runs with this cause.")] = None,
    task: Annotated[str | None, typer.Option("--task", help="Only runs that called this task.")] = None,
    backfill: Annotated[
        str | None, typer.Option("--backfill", metavar="ID", help="Only the runs of this backfill.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="INSTANT", help="From this fire time on; without an offset, local time."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="INSTANT", help="Before this fire time; without an offset, local time."),
    ] = None,
    limit: NewestOption = 20,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh every second until Ctrl-C.")] = False,
    output: FormatOption = "table",
) -> None:
    """List the newest runs.

    For example:
        punctual runs list
        punctual runs list --schedule backup --state failed --limit 5
        punctual runs list --since 2026-07-04 --until 2026-07-06 --state failed --state missed
        punctual runs list --watch
    """
    query = {
        "schedule": schedule,
        "state": state,
        "cause": cause,
        "task": task,
        "backfill": backfill,
        "from": None if since is None else utc_text(read_instant(since)),
        "until": None if until is None else utc_text(read_instant(until)),
    }
    with connect(ctx) as client:
        if watch:
            _watch(ctx, lambda: client.collect("/runs", query, limit=limit)["items"], plain=output != "table")
            return
        page = client.collect("/runs", query, limit=limit)
    empty = "No run matches." if any(query.values()) else "Nothing has run yet."
    print_page(ctx, page, output, columns=_COLUMNS, row=_row, empty=empty, key="id")


@app.command("show")
def show_run(ctx: typer.Context, run_id: RunId, *, output: FormatOption = "table") -> None:
    """Show all there is to know about one run, with its result or its error.

    For example:
        punctual runs show 4be0643f-1d98-573b-97cd-ca98a65347dd
    """
    with connect(ctx) as client:
        run = client.get(_path(run_id))
    if output != "table":
        print_one(run, output, key="id")
    else:
        print_facts(_facts(run, surroundings(ctx).clock.now()))
        error = run["error"]
        if error and error["traceback"]:
            print_lines(["", error["traceback"].rstrip()])


app.command("log")(show_log)


@app.command("rerun")
def rerun(
    ctx: typer.Context,
    run_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a run that has ended.", show_default=False)],
    *,
    arg: ArgOption = None,
    kwarg: KwargOption = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = None,
    output: FormatOption = "table",
) -> None:
    """Do a run again: for the same fire time, by the same version of the schedule, with the same arguments.

    For example:
        punctual runs rerun 4be0643f-1d98-573b-97cd-ca98a65347dd --wait
        punctual runs list --state failed -o name | xargs -n 1 punctual runs rerun

    --arg replaces all positional arguments; --kwarg sets the named ones and leaves the others.
    """
    changes = argument_changes(arg, kwarg)
    ask_for_run(ctx, f"{_path(run_id)}/rerun", changes, wait=wait, timeout=timeout, output=output)


@app.command("cancel")
def cancel_run(
    ctx: typer.Context,
    run_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a run that has not ended.", show_default=False)],
    *,
    terminate: Annotated[
        bool, typer.Option("--terminate", help="End the process that runs it, instead of letting the task clean up.")
    ] = False,
    note: Annotated[str | None, typer.Option("--note", help="Why; the run tells it.")] = None,
    output: FormatOption = "table",
) -> None:
    """Cancel a run that has not ended: it never starts, or its worker is asked to stop it.

    For example:
        punctual runs cancel 4be0643f-1d98-573b-97cd-ca98a65347dd
        punctual runs cancel 4be0643f-1d98-573b-97cd-ca98a65347dd --terminate --note "it hangs"
        punctual runs list --state buffered -o name | xargs -n 1 punctual runs cancel

    Workers with a pool of threads, or solo, cannot interrupt a task; what is said then is that it runs on.
    """
    body = {"terminate": terminate} | ({} if note is None else {"note": note})
    with connect(ctx) as client:
        answer = client.post(f"{_path(run_id)}/cancel", body)
    run = answer["run"]
    if output == "json":
        print_json(answer)
    elif output == "name":
        print_names([run["id"]])
    else:
        print_lines([f"Run {run['id']} is {run['state']}. {answer['message']}"])


def ask_for_run(
    ctx: typer.Context, path: str, body: Document, *, wait: bool, timeout: float | None, output: Format
) -> None:
    """Ask for a run and tell of it; with `wait`, follow it to its end, and exit with 1 unless it succeeds."""
    if timeout is not None and not wait:
        message = "--timeout needs --wait."
        raise typer.BadParameter(message)
    with connect(ctx) as client:
        run = client.post(path, body)
        if wait:
            run = follow(client, run, sleep=surroundings(ctx).sleep, timeout=timeout)
    if output != "table":
        print_one(run, output, key="id")
    elif not wait:
        print_lines([f"Run {run['id']} is {run['state']}. To see it: punctual runs show {run['id']}"])
    if wait and run["state"] != "succeeded":
        raise typer.Exit(1)


def follow(client: Client, run: Document, *, sleep: Callable[[float], None], timeout: float | None = None) -> Document:
    """Print each state of a run on standard error until it ends, and return it as it ended.

    Raises WaitedTooLongError when it has not ended after `timeout` seconds.
    """
    started = monotonic()
    typer.echo(f"Run {run['id']}", err=True)
    shown = None
    while True:
        if run["state"] != shown:
            shown = run["state"]
            typer.echo(f"  {_state_line(run)}", err=True)
        if shown in ENDED:
            return run
        if timeout is not None and monotonic() - started >= timeout:
            message = f"The run is still {shown} after {timeout:g} s."
            raise WaitedTooLongError(message, fix=f"It goes on. To see it: punctual runs show {run['id']}")
        sleep(_POLL_SECONDS)
        run = client.get(_path(run["id"]))


def _path(run_id: str) -> str:
    return f"/runs/{segment(run_id)}"


def _state_line(run: Document) -> str:
    by = f" on {run['worker']}" if run["worker"] and run["state"] not in ENDED else ""
    after = f" after {duration}" if (duration := took(run["started_at"], run["finished_at"])) else ""
    note = _note(run)
    return f"{run['state']}{by}{after}" + (f": {note}" if note else "")


def _watch(ctx: typer.Context, read: Callable[[], Iterable[Document]], *, plain: bool) -> None:
    from rich.live import Live  # noqa: PLC0415 - slow to import, and not needed for help

    console = stdout()
    if plain or not console.is_terminal:
        message = "--watch refreshes a table on a terminal."
        raise SetupError(message, fix="Leave out -o and do not redirect the output, or leave out --watch.")
    connection = surroundings(ctx)
    try:
        with Live(console=console, auto_refresh=False) as live:
            while True:
                rows = list(read())
                now = connection.clock.now()
                live.update(table(_COLUMNS, (_row(run, now) for run in rows), width=console.width), refresh=True)
                connection.sleep(_REFRESH_SECONDS)
    except KeyboardInterrupt:
        return


def _note(run: Document) -> str:
    if run["error"]:
        first = next(iter(run["error"]["message"].splitlines()), "")
        return f"{run['error']['type']}: {first}" if first else str(run["error"]["type"])
    return run["reason"] or ""


def _row(run: Document, now: datetime) -> tuple[str, ...]:
    return (
        relative(instant(run["fire_time"]), now),
        run["schedule"],
        run["state"],
        run["cause"],
        took(run["started_at"], run["finished_at"]),
        _note(run),
        run["id"],
    )


_TELLERS = {
    "plugin": "the worker plug-in",
    "events": "Celery events",
    "result_backend": "the result backend",
}


def _facts(run: Document, now: datetime) -> list[tuple[str, str | None]]:
    error = run["error"]
    return [
        ("id", run["id"]),
        ("schedule", f"{run['schedule']} (version {run['schedule_version']})"),
        ("state", run["state"]),
        ("reason", run["reason"]),
        ("look at", run["notice"]),
        ("last error" if run["state"] in OPEN else "error", f"{error['type']}: {error['message']}" if error else None),
        ("cause", run["cause"]),
        ("repeats", run["origin_id"]),
        ("backfill", run["backfill_id"]),
        ("fire time", when(run["fire_time"], now)),
        ("covers", _covered(run, now)),
        ("due time", when(run["due_time"], now)),
        ("expires", when(run["expires_at"], now)),
        ("queued", when(run["queued_at"], now)),
        ("received", when(run["received_at"], now)),
        ("received by", run["received_by"] if run["received_by"] != run["worker"] else None),
        ("started", when(run["started_at"], now)),
        ("times out", when(run["times_out_at"], now)),
        ("next attempt", when(run["next_attempt_at"], now)),
        ("ended", when(run["finished_at"], now)),
        ("took", took(run["started_at"], run["finished_at"])),
        ("progress", _progress(run["progress"])),
        ("worker", run["worker"]),
        ("attempt", str(run["attempt"]) if run["attempt"] else None),
        ("told by", _TELLERS.get(run["source"])),
        ("not promised", "\n".join(run["not_promised"]) or None),
        ("task", run["task"]),
        ("args", compact(run["args"])),
        ("kwargs", compact(run["kwargs"])),
        ("queue", run["queue"]),
        ("exchange", run["exchange"]),
        (_result_title(run), None if run["result"] is None else pretty(run["result"])),
    ]


def _result_title(run: Document) -> str:
    return f"result, the first part of {write_size(run['result_size'])}" if run["result_is_preview"] else "result"


def _progress(progress: Document | None) -> str | None:
    """Return `30 of 120 (25 %): reading`; None where the task has told nothing."""
    if progress is None:
        return None
    done, total = progress["done"], progress["total"]
    share = f" of {_count(total)} ({done / total:.0%})" if total else ""
    return f"{_count(done)}{share}" + (f": {progress['note']}" if progress["note"] else "")


def _count(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) else f"{number:,.2f}"


def _covered(run: Document, now: datetime) -> str | None:
    if not run["covered_count"]:
        return None
    least = "" if run["covered_count_exact"] else "at least "
    until = f", the last {when(run['covered_until'], now)}" if run["covered_until"] else ""
    return f"{least}{run['covered_count']} fire times{until}"
