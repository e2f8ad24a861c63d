"""`punctual schedules`: define, change and steer schedules."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

import typer

from punctual.cli.arguments import (
    FileOption,
    Name,
    UnknownTaskOption,
    edited,
    read_document,
    spec_of,
    spec_patch,
)
from punctual.cli.client import Client, Document, choose_server, connect, segment, surroundings
from punctual.cli.listing import LimitOption, print_page
from punctual.cli.output import (
    Column,
    Format,
    FormatOption,
    compact,
    instant,
    print_facts,
    print_lines,
    print_one,
    relative,
    when,
)
from punctual.cli.schedule_actions import run_schedule, skip_next_run, unskip_runs
from punctual.cli.spec_options import SpecOptions, complete, takes_spec_options
from punctual.domain.names import DEFAULT_SERVICE

app = typer.Typer(
    name="schedules",
    help="""Define, change and steer schedules.

    A schedule says which Celery task to send, and when. Each is known by its name or its id.""",
    no_args_is_help=True,
)
app.callback()(choose_server)

StateWord = Literal["active", "paused", "finished", "error"]

_COLUMNS = (
    Column("NAME", wrap=True),
    Column("STATE"),
    Column("NEXT FIRE"),
    Column("LAST FIRE", wide=True),
    Column("TRIGGER"),
    Column("TASK", wide=True),
)
_NONE = "There are no schedules yet. Make one with: punctual schedules create --help"


@app.command("list")
def list_schedules(
    ctx: typer.Context,
    *,
    search: Annotated[str | None, typer.Option("--search", help="Only those whose name or task contains this.")] = None,
    state: Annotated[StateWord | None, typer.Option("--state", help="Only schedules in this state.")] = None,
    service: Annotated[str | None, typer.Option("--service", help="Only schedules of this service.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="KEY=VALUE", help="Only schedules with this label. May be repeated."),
    ] = None,
    limit: LimitOption = None,
    output: FormatOption = "table",
) -> None:
    """List the schedules by name.

    For example:
        punctual schedules list
        punctual schedules list --state paused --search backup
        punctual schedules list --service payments --label tier=1
        punctual schedules list -o name
    """
    query = {"q": search, "state": state, "service": service, "label": label}
    with connect(ctx) as client:
        page = client.collect("/schedules", query, limit=limit)
    empty = "No schedule matches." if any(query.values()) else _NONE
    print_page(ctx, page, output, columns=_COLUMNS, row=_row, empty=empty, remarks=_warnings(page["items"]))


@app.command("show")
def show_schedule(ctx: typer.Context, name: Name, *, output: FormatOption = "table") -> None:
    """Show all there is to know about one schedule.

    For example:
        punctual schedules show backup
        punctual schedules show backup -o json > backup.json
    """
    with connect(ctx) as client:
        schedule = client.get(_path(name))
    if output == "table":
        print_facts(_facts(schedule, surroundings(ctx).clock.now()))
    else:
        print_one(schedule, output)


@app.command("create")
@takes_spec_options
def create_schedule(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of the new schedule.")] = None,
    *,
    options: SpecOptions,
    file: FileOption = None,
    allow_unknown_task: UnknownTaskOption = False,
    output: FormatOption = "table",
) -> None:
    r"""Make a new schedule. Options win over the document of -f.

    For example:
        punctual schedules create heartbeat --task app.beat --trigger "every 2s"
        punctual schedules create backup --task app.backup --queue slow \
            --trigger "0 2 * * * Europe/Berlin" --arg /srv/data --kwarg keep=7
        punctual schedules create invoices --task app.invoices --trigger "0 9 1 * * Europe/Berlin" \
            --blackout holidays --when-closed next_open --jitter 5m
        punctual schedules create sync --task app.sync --trigger "every 5m" --overlap skip \
            --retry-attempts 3 --retry-delay 10s --timeout 2m --concurrency-key db --concurrency-limit 3
        punctual schedules create -f backup.json
        punctual schedules show backup -o json |
            punctual schedules create weekly -f - --trigger @weekly

    A VALUE is JSON where it reads as JSON, else text: 7 is a number, seven a text, '"7"' the text 7.
    """
    document = complete(options.over(spec_of(read_document(file)) if file else {}))
    if name is not None:
        document["name"] = name
    missing = [word for key, word in _REQUIRED.items() if key not in document]
    if missing:
        message = f"{' and '.join(missing)} must be given, or -f with a document that has them."
        raise typer.BadParameter(message)
    with connect(ctx) as client:
        schedule = client.post("/schedules", document, query=_unknown_task(allowed=allow_unknown_task))
    _print_result(ctx, schedule, output, "Created")


@app.command("edit")
@takes_spec_options
def edit_schedule(
    ctx: typer.Context,
    name: Name,
    *,
    rename: Annotated[str | None, typer.Option("--rename", help="New name.", show_default=False)] = None,
    options: SpecOptions,
    file: FileOption = None,
    allow_unknown_task: UnknownTaskOption = False,
    output: FormatOption = "table",
) -> None:
    """Change a schedule: only what is given changes. Without any option, open it in your editor.

    For example:
        punctual schedules edit heartbeat --trigger "every 5s"
        punctual schedules edit backup --kwarg keep=14 --queue ""
        punctual schedules edit backup --overlap buffer_one --timeout "" --concurrency-key ""
        EDITOR=nano punctual schedules edit backup

    --arg replaces all positional arguments; --kwarg and --header set the named ones and leave the others.
    To remove one: KEY=null.
    """
    patch = options.over(spec_of(read_document(file)) if file else {})
    if rename is not None:
        patch["name"] = rename
    query = _unknown_task(allowed=allow_unknown_task)
    with connect(ctx) as client:
        if patch:
            schedule = client.patch(_path(name), patch, query=query)
        else:
            before = client.get(_path(name))
            after = _edit(client, before, query)
            if after is None:
                print_lines([f"{before['name']} is unchanged."])
                return
            schedule = after
    _print_result(ctx, schedule, output, "Changed")


@app.command("delete")
def delete_schedule(
    ctx: typer.Context,
    name: Name,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a schedule. Its runs stay, and it can be restored.

    For example:
        punctual schedules delete backup
    """
    with connect(ctx) as client:
        schedule = client.get(_path(name))
        if not yes and sys.stdin.isatty():
            typer.confirm(f"Delete {schedule['name']}?", abort=True)
        client.delete(_path(schedule["id"]))
    print_lines([f"Deleted {schedule['name']}. To undo: punctual schedules restore {schedule['id']}"])


@app.command("restore")
def restore_schedule(
    ctx: typer.Context,
    schedule_id: Annotated[str, typer.Argument(metavar="ID", help="Id that `delete` printed.", show_default=False)],
    *,
    output: FormatOption = "table",
) -> None:
    """Bring a deleted schedule back.

    For example:
        punctual schedules restore 4be0643f-1d98-473b-97cd-ca98a65347dd
    """
    with connect(ctx) as client:
        schedule = client.post(f"{_path(schedule_id)}/restore")
    _print_result(ctx, schedule, output, "Restored")


@app.command("pause")
def pause_schedule(
    ctx: typer.Context,
    name: Name,
    *,
    note: Annotated[str | None, typer.Option("--note", help="Why, for those who find it paused.")] = None,
    output: FormatOption = "table",
) -> None:
    """Pause a schedule: it fires nothing until it is resumed.

    For example:
        punctual schedules pause backup --note "storage is being moved"
    """
    with connect(ctx) as client:
        schedule = client.post(f"{_path(name)}/pause", {} if note is None else {"note": note})
    _print_result(ctx, schedule, output, "Paused")


@app.command("resume")
def resume_schedule(ctx: typer.Context, name: Name, *, output: FormatOption = "table") -> None:
    """Resume a paused schedule, from its next fire time on.

    For example:
        punctual schedules resume backup
    """
    with connect(ctx) as client:
        schedule = client.post(f"{_path(name)}/resume")
    _print_result(ctx, schedule, output, "Resumed")


app.command("run")(run_schedule)
app.command("skip-next")(skip_next_run)
app.command("unskip")(unskip_runs)

_REQUIRED = {"name": "NAME", "task": "--task", "trigger": "--trigger"}


def _path(name: str) -> str:
    return f"/schedules/{segment(name)}"


def _unknown_task(*, allowed: bool) -> dict[str, str]:
    return {"allow_unknown_task": "true"} if allowed else {}


def _edit(client: Client, before: Document, query: dict[str, str]) -> Document | None:
    old = spec_of(before)
    old["trigger"] = {key: value for key, value in old["trigger"].items() if key != "text"}
    with edited(old) as new:
        patch = spec_patch(old, spec_of(new))
        if not patch:
            return None
        return client.patch(_path(before["id"]), patch, version=before["version"], query=query)


def _print_result(ctx: typer.Context, schedule: Document, output: Format, verb: str) -> None:
    if output != "table":
        print_one(schedule, output)
    else:
        print_lines([f"{verb} {schedule['name']}: {_outlook(schedule, surroundings(ctx).clock.now())}"])


def _outlook(schedule: Document, now: datetime) -> str:
    status = schedule["status"]
    following = when(status["next_fire_time"], now)
    rule = status["trigger_text"]
    if status["state"] == "active":
        return f"{rule}, next fire time {following or 'unknown'}"
    reason = status["error"] or (status["pause_note"] if status["paused"] else None)
    return f"{rule}, {status['state']}" + (f" ({reason})" if reason else "")


def _row(schedule: Document, now: datetime) -> tuple[str, ...]:
    status = schedule["status"]
    return (
        schedule["name"],
        status["state"],
        relative(instant(status["next_fire_time"]), now),
        relative(instant(status["last_fire_time"]), now),
        status["trigger_text"],
        schedule["task"],
    )


def _warnings(schedules: list[Document]) -> Iterator[str]:
    """Give what keeps schedules from being run, a line each; what they all share is said once."""
    lines: dict[str, None] = {}
    for schedule in schedules:
        for warning in schedule["warnings"]:
            told = f"{warning['message']} {warning['fix']}"
            lines[told if warning["code"] == "no_worker" else f"{schedule['name']}: {told}"] = None
    yield from lines


def _skip(skip: Document, now: datetime) -> str:
    return f"{when(skip['fire_time'], now)}, by {skip['actor']}" + (f": {skip['note']}" if skip["note"] else "")


_POLICIES = {
    "pause_after_failures": "failure limit",
    "on_lost": "lost runs",
    "routing_key": "routing key",
    "soft_time_limit": "soft time limit",
    "time_limit": "time limit",
}
"""Fields whose name makes no good label."""


def _in_a_row(failures: int) -> str | None:
    return f"{failures} in a row" if failures else None


def _catchup_words(catchup: Document) -> str:
    late = f"{catchup['policy']}, for what is more than {catchup['grace']:g}s late"
    if catchup["policy"] == "none":
        return late
    most = f", at most {catchup['limit']}" if catchup["policy"] == "all" else ""
    return f"{late} and within {catchup['window']:g}s{most}"


def _facts(schedule: Document, now: datetime) -> list[tuple[str, str | None]]:
    status, catchup = schedule["status"], schedule["catchup"]
    return [
        ("name", schedule["name"]),
        ("id", schedule["id"]),
        ("state", status["state"]),
        ("error", status["error"]),
        ("note", status["pause_note"]),
        ("look at", "\n".join(f"{each['message']} {each['fix']}" for each in schedule["warnings"])),
        ("failures", _in_a_row(status["failure_streak"])),
        ("description", schedule["description"]),
        ("trigger", status["trigger_text"]),
        ("fires", status["trigger_words"]),
        ("task", schedule["task"]),
        ("args", compact(schedule["args"])),
        ("kwargs", compact(schedule["kwargs"])),
        ("queue", schedule["queue"]),
        ("service", None if schedule["service"] == DEFAULT_SERVICE else schedule["service"]),
        ("labels", ", ".join(f"{key}={value}" for key, value in schedule["labels"].items())),
        ("next fire time", when(status["next_fire_time"], now)),
        ("skips", "\n".join(_skip(skip, now) for skip in status["skips"])),
        ("last fire time", when(status["last_fire_time"], now)),
        ("runs made", f"{status['run_count']} of {schedule['max_runs']}" if schedule["max_runs"] else None),
        ("catch-up", _catchup_words(catchup)),
        *((_POLICIES.get(each["policy"], each["policy"]), each["words"]) for each in status["policy_words"]),
        ("version", str(schedule["version"])),
        ("declared by", schedule["declared_by"]),
        ("created", when(schedule["created_at"], now)),
        ("changed", when(schedule["updated_at"], now)),
    ]
