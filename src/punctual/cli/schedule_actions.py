"""`punctual schedules run`, `skip-next` and `unskip`: one run more, or one less, than the schedule says."""

from typing import Annotated

import typer

from punctual.cli.arguments import ArgOption, KwargOption, Name, argument_changes
from punctual.cli.client import Document, connect, segment, surroundings
from punctual.cli.output import Format, FormatOption, print_lines, print_one, when
from punctual.cli.runs import TimeoutOption, WaitOption, ask_for_run


def run_schedule(
    ctx: typer.Context,
    name: Name,
    *,
    arg: ArgOption = None,
    kwarg: KwargOption = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = None,
    output: FormatOption = "table",
) -> None:
    """Run a schedule now, beside its fire times; this works on a paused one too.

    For example:
        punctual schedules run backup
        punctual schedules run backup --kwarg keep=1
        punctual schedules run backup --wait --timeout 600

    --arg replaces all positional arguments of this one run; --kwarg sets the named ones and leaves the others.
    """
    ask_for_run(
        ctx,
        f"/schedules/{segment(name)}/run-now",
        argument_changes(arg, kwarg),
        wait=wait,
        timeout=timeout,
        output=output,
    )


def skip_next_run(
    ctx: typer.Context,
    name: Name,
    *,
    note: Annotated[str | None, typer.Option("--note", help="Why; the record of the fire time tells it.")] = None,
    output: FormatOption = "table",
) -> None:
    """Skip the next run of a schedule; asked again, the one after it.

    For example:
        punctual schedules skip-next backup --note "the storage is being moved tonight"
    """
    with connect(ctx) as client:
        schedule = client.post(f"/schedules/{segment(name)}/skip-next", {} if note is None else {"note": note})
    skipped = when(schedule["status"]["skips"][-1]["fire_time"], surroundings(ctx).clock.now())
    line = f"{schedule['name']} skips {skipped}. To undo: punctual schedules unskip {segment(schedule['name'])}"
    _print(schedule, line, output)


def unskip_runs(ctx: typer.Context, name: Name, *, output: FormatOption = "table") -> None:
    """Let the fire times run that were to be skipped, as far as they are still to come.

    For example:
        punctual schedules unskip backup
    """
    with connect(ctx) as client:
        schedule = client.post(f"/schedules/{segment(name)}/unskip")
    _print(schedule, f"{schedule['name']} skips nothing.", output)


def _print(schedule: Document, line: str, output: Format) -> None:
    if output != "table":
        print_one(schedule, output)
    else:
        print_lines([line])
