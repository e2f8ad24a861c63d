"""`punctual schedules run`: what is done to a schedule beside its definition."""

import typer

from punctual.cli.arguments import ArgOption, KwargOption, Name, argument_changes
from punctual.cli.client import segment
from punctual.cli.output import FormatOption
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
