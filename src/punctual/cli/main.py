"""The `punctual` command."""

import inspect
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer

from punctual.cli import backfills, calendars, locks, queues, runs, schedules, tasks, workers
from punctual.cli.explain import explain
from punctual.cli.forecast import forecast
from punctual.cli.preview import preview
from punctual.cli.schedule_times import explain_schedule, preview_schedule
from punctual.cli.scheduler import scheduler
from punctual.cli.server import server
from punctual.cli.sign_in import sign_in
from punctual.cli.status import status
from punctual.cli.up import up
from punctual.cli.worker import worker
from punctual.domain.errors import PunctualError

_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
_RUN = "Run"
_USE = "Use"

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich takes longer to import than all else together
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer's way to call it
    if wanted:
        from punctual.domain.triggers.zone import TZDATA_VERSION  # noqa: PLC0415 - slow to import, for this alone

        typer.echo(f"punctual {version('punctual')} (tzdata {TZDATA_VERSION})")
        raise typer.Exit


@app.callback()
def root(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="Show the version, and that of the time zone database.",
        ),
    ] = False,
) -> None:
    """Schedules for Celery, kept in a database, edited live, with a record of every decision.

    Start here:
        punctual up                      everything on this machine, nothing to set up
        punctual up -A proj.celery       the same with the tasks of your Celery app

    Then, in another terminal:
        punctual preview "0 9 * * fri"   when would this fire?
        punctual schedules list          what is planned
        punctual runs list               what happened, and why

    Settings are environment variables PUNCTUAL_*, or a TOML file that PUNCTUAL_SETTINGS_FILE names.
    """


schedules.app.command("preview")(preview_schedule)
schedules.app.command("explain")(explain_schedule)

app.command("up", rich_help_panel=_RUN)(up)
app.command("server", rich_help_panel=_RUN)(server)
app.command("scheduler", rich_help_panel=_RUN)(scheduler)
app.command("worker", rich_help_panel=_RUN, context_settings=_PASSED_ON)(worker)
app.add_typer(schedules.app, name="schedules", rich_help_panel=_USE)
app.add_typer(calendars.app, name="calendars", rich_help_panel=_USE)
app.add_typer(runs.app, name="runs", rich_help_panel=_USE)
app.add_typer(backfills.app, name="backfills", rich_help_panel=_USE)
app.add_typer(tasks.app, name="tasks", rich_help_panel=_USE)
app.add_typer(workers.app, name="workers", rich_help_panel=_USE)
app.add_typer(queues.app, name="queues", rich_help_panel=_USE)
app.add_typer(locks.app, name="locks", rich_help_panel=_USE)
app.command("preview", rich_help_panel=_USE)(preview)
app.command("explain", rich_help_panel=_USE)(explain)
app.command("forecast", rich_help_panel=_USE)(forecast)
app.command("status", rich_help_panel=_USE)(status)
app.command("sign-in", rich_help_panel=_USE)(sign_in)


def main() -> None:
    """Run a command; an error that a person can mend is a message with its fix on standard error, and exit code 1."""
    command = typer.main.get_command(app)
    _keep_layout(command)
    try:
        command()
    except PunctualError as error:
        sys.stderr.write(f"error: {error.message}\n")
        if error.fix:
            sys.stderr.write(f"fix: {error.fix}\n")
        sys.exit(1)


def _keep_layout(command: Any) -> None:  # noqa: ANN401 - Typer keeps the type to itself
    """Keep the lines of each paragraph of help that has indented ones: examples are to be read and copied."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    command.help = "\n\n".join(f"\b\n{text}" if "\n  " in text else text for text in paragraphs)
    for child in getattr(command, "commands", {}).values():
        _keep_layout(child)


if __name__ == "__main__":
    main()
