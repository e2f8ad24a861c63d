"""The options that write a schedule's spec: defined once, taken by each command that writes one."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Annotated, Any, Literal, get_type_hints

import typer

from punctual.cli.arguments import parse_document, parse_pairs, parse_value
from punctual.cli.client import Document
from punctual.cli.trigger_arguments import read_instant, utc_text

CatchUpWord = Literal["none", "latest", "all"]
WhenClosedWord = Literal["skip", "next_open"]

_TRIGGERS = (
    'When to fire: "every 90s", "*/5 * * * *", "0 2 * * * Europe/Berlin", "@daily", '
    '"2026-12-24T18:00 Europe/Berlin", or the JSON object of a trigger.'
)


def _text(*names: str, help: str, metavar: str = "TEXT") -> Any:  # noqa: A002, ANN401 - as Typer names and types it
    return typer.Option(*names, help=help, metavar=metavar, show_default=False)


@dataclass(frozen=True)
class SpecOptions:
    """What was given of a spec; None means that an option was not given."""

    task: Annotated[str | None, _text("--task", help="Celery task to send, by its full name.")] = None
    trigger: Annotated[str | None, _text("--trigger", help=_TRIGGERS)] = None
    arg: Annotated[
        list[str] | None,
        _text(
            "--arg",
            help="Positional argument: JSON where it reads as JSON, else text. May be repeated.",
            metavar="VALUE",
        ),
    ] = None
    kwarg: Annotated[
        list[str] | None,
        _text("--kwarg", help="Keyword argument; VALUE as for --arg. May be repeated.", metavar="KEY=VALUE"),
    ] = None
    queue: Annotated[str | None, _text("--queue", help='Celery queue; "" leaves it to the app\'s own routing.')] = None
    description: Annotated[str | None, _text("--description", help="What the schedule is for.")] = None
    start_at: Annotated[
        str | None,
        _text(
            "--start-at",
            help='No fire time before this; without an offset, local time. "" for none.',
            metavar="INSTANT",
        ),
    ] = None
    end_at: Annotated[
        str | None,
        _text(
            "--end-at", help='No fire time after this; without an offset, local time. "" for none.', metavar="INSTANT"
        ),
    ] = None
    max_runs: Annotated[
        int | None,
        typer.Option("--max-runs", min=0, help="Finished after so many runs; 0 for no limit.", show_default=False),
    ] = None
    jitter: Annotated[
        str | None,
        _text("--jitter", help="Send each run up to so much later, to spread load: 30s, 5m.", metavar="LENGTH"),
    ] = None
    blackout: Annotated[
        list[str] | None,
        _text(
            "--blackout", help='Calendar in which it does not run. May be repeated; "" for none.', metavar="CALENDAR"
        ),
    ] = None
    allowed: Annotated[
        list[str] | None,
        _text("--allowed", help='Calendar in which alone it runs. May be repeated; "" for none.', metavar="CALENDAR"),
    ] = None
    when_closed: Annotated[
        WhenClosedWord | None,
        typer.Option(
            "--when-closed",
            help="What its calendars do: skip the fire time, or wait until they open.",
            show_default=False,
        ),
    ] = None
    catchup: Annotated[
        CatchUpWord | None,
        typer.Option("--catchup", help="Which fire times that were met late still run.", show_default=False),
    ] = None

    def document(self) -> Document:
        """Return the fields of the spec that were given; an empty text takes a field back to its default."""
        found: Document = {
            "task": self.task,
            "trigger": None if self.trigger is None else _trigger(self.trigger),
            "args": None if self.arg is None else [parse_value(text) for text in self.arg],
            "kwargs": None if self.kwarg is None else parse_pairs(self.kwarg),
            "description": self.description,
            "jitter": self.jitter,
            "catchup": None if self.catchup is None else {"policy": self.catchup},
            "calendars": self._calendars() or None,
        }
        document = {name: value for name, value in found.items() if value is not None}
        if self.queue is not None:
            document["queue"] = self.queue or None
        if self.max_runs is not None:
            document["max_runs"] = self.max_runs or None
        for name, text in (("start_at", self.start_at), ("end_at", self.end_at)):
            if text is not None:
                document[name] = utc_text(read_instant(text)) if text else None
        return document

    def _calendars(self) -> Document:
        given = {"blackout": self.blackout, "allowed": self.allowed}
        names = {use: [name for name in names if name] for use, names in given.items() if names is not None}
        return names if self.when_closed is None else {**names, "when_closed": self.when_closed}


def takes_spec_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command, in place of its parameter `options`, one option for each field of SpecOptions."""
    hints = get_type_hints(SpecOptions, include_extras=True)
    own = inspect.signature(command, eval_str=True)
    parameters = []
    for name, parameter in own.parameters.items():
        if name != "options":
            parameters.append(parameter)
            continue
        parameters += [
            inspect.Parameter(each.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hints[each.name])
            for each in fields(SpecOptions)
        ]

    @wraps(command)
    def run(*arguments: object, **keywords: Any) -> None:  # noqa: ANN401 - what Typer read, by name
        given = {each.name: keywords.pop(each.name) for each in fields(SpecOptions)}
        command(*arguments, options=SpecOptions(**given), **keywords)

    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined] # which Typer reads
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _trigger(text: str) -> str | Document:
    return parse_document(text, source="--trigger") if text.lstrip().startswith("{") else text
