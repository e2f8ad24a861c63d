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
OverlapWord = Literal["allow", "skip", "buffer_one", "buffer_all", "cancel_other", "terminate_other"]
OnLostWord = Literal["fail", "rerun"]
WhenClosedWord = Literal["skip", "next_open"]

_WITH_PARTS = frozenset({"calendars", "catchup", "concurrency", "labels", "retry"})
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
    exchange: Annotated[
        str | None, _text("--exchange", help='Exchange to publish to, in place of a queue; "" for none.')
    ] = None
    routing_key: Annotated[
        str | None,
        _text("--routing-key", help='Routing key, for an exchange or the topic of a queue; "" for none.'),
    ] = None
    priority: Annotated[
        str | None,
        _text(
            "--priority",
            help='0 to 255: on RabbitMQ higher goes first, on Redis lower (0, 3, 6, 9); "" leaves it to the app.',
            metavar="NUMBER",
        ),
    ] = None
    header: Annotated[
        list[str] | None,
        _text("--header", help="Header of the messages; VALUE as for --arg. May be repeated.", metavar="KEY=VALUE"),
    ] = None
    soft_time_limit: Annotated[
        str | None,
        _text(
            "--soft-time-limit",
            help='Celery\'s, which raises in the task (not in pools of threads and solo): 50s; "" for none.',
            metavar="LENGTH",
        ),
    ] = None
    time_limit: Annotated[
        str | None,
        _text(
            "--time-limit",
            help='Celery\'s, which kills the process (not in pools of threads and solo): 60s; "" for none.',
            metavar="LENGTH",
        ),
    ] = None
    description: Annotated[str | None, _text("--description", help="What the schedule is for.")] = None
    service: Annotated[
        str | None, _text("--service", help='The owner of the schedule; "" for the default.', metavar="SERVICE")
    ] = None
    label: Annotated[
        list[str] | None,
        _text(
            "--label",
            help='Label to find it by; KEY- takes one away, "" all. May be repeated.',
            metavar="KEY=VALUE",
        ),
    ] = None
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
    catchup_grace: Annotated[
        str | None, _text("--catchup-grace", help="As late as this still counts as on time: 60s.", metavar="LENGTH")
    ] = None
    catchup_window: Annotated[
        str | None, _text("--catchup-window", help="What is later than this never runs: 1d.", metavar="LENGTH")
    ] = None
    catchup_limit: Annotated[
        int | None,
        typer.Option(
            "--catchup-limit", min=0, help="With all: so many at most; 0 for the default.", show_default=False
        ),
    ] = None
    overlap: Annotated[
        OverlapWord | None,
        typer.Option(
            "--overlap",
            help="What becomes of a run while another one of the schedule has not ended.",
            show_default=False,
        ),
    ] = None
    concurrency_key: Annotated[
        str | None,
        _text("--concurrency-key", help='Count runs at once together with all schedules of this key; "" for none.'),
    ] = None
    concurrency_limit: Annotated[
        int | None,
        typer.Option("--concurrency-limit", min=1, help="So many runs at once with the key.", show_default=False),
    ] = None
    retry_attempts: Annotated[
        int | None,
        typer.Option("--retry-attempts", min=1, help="Attempts in all; 1 for no further one.", show_default=False),
    ] = None
    retry_delay: Annotated[
        str | None,
        _text("--retry-delay", help='Pause after the first attempt failed: 10s; "" for the default.', metavar="LENGTH"),
    ] = None
    retry_backoff: Annotated[
        float | None,
        typer.Option("--retry-backoff", min=1, help="By what each further pause grows; 1 for not.", show_default=False),
    ] = None
    retry_max_delay: Annotated[
        str | None,
        _text("--retry-max-delay", help='The longest pause: 1h; "" for the default.', metavar="LENGTH"),
    ] = None
    timeout: Annotated[
        str | None,
        _text("--timeout", help='Terminate an attempt that runs for longer: 30m; "" for never.', metavar="LENGTH"),
    ] = None
    expires: Annotated[
        str | None,
        _text("--expires", help='Give a run up that starts no sooner: 10m; "" for never.', metavar="LENGTH"),
    ] = None
    pause_after_failures: Annotated[
        int | None,
        typer.Option(
            "--pause-after-failures",
            min=0,
            help="Pause it after so many failed runs in a row; 0 for never.",
            show_default=False,
        ),
    ] = None
    on_lost: Annotated[
        OnLostWord | None,
        typer.Option(
            "--on-lost", help="What becomes of a run whose worker died: it ends, or is run again.", show_default=False
        ),
    ] = None

    def over(self, document: Document) -> Document:
        """Return a document with these options in place of its fields; of a field with parts, of those given."""
        given = self.document()
        for name in _WITH_PARTS & given.keys():
            old = document.get(name)
            if isinstance(old, dict) and given[name] is not None:
                given[name] = old | given[name]
        return document | given

    def document(self) -> Document:
        """Return the fields of the spec that were given; an empty text takes a field back to its default."""
        found: Document = {
            "task": self.task,
            "trigger": None if self.trigger is None else _trigger(self.trigger),
            "args": None if self.arg is None else [parse_value(text) for text in self.arg],
            "kwargs": None if self.kwarg is None else parse_pairs(self.kwarg),
            "headers": None if self.header is None else parse_pairs(self.header),
            "description": self.description,
            "jitter": self.jitter,
            "catchup": self._catchup() or None,
            "calendars": self._calendars() or None,
            "overlap": self.overlap,
            "retry": self._retry() or None,
            "on_lost": self.on_lost,
        }
        document = {name: value for name, value in found.items() if value is not None}
        if self.label is not None:
            document["labels"] = _labels(self.label)
        document |= _or_none(queue=self.queue, exchange=self.exchange, routing_key=self.routing_key)
        document |= _or_none(service=self.service, max_runs=self.max_runs)
        document |= _or_none(pause_after_failures=self.pause_after_failures)
        if self.priority is not None:
            document["priority"] = parse_value(self.priority) if self.priority else None
        if self.concurrency_key is not None or self.concurrency_limit is not None:
            document["concurrency"] = self._concurrency()
        document |= _spans(timeout=self.timeout, expires=self.expires)
        document |= _spans(soft_time_limit=self.soft_time_limit, time_limit=self.time_limit)
        for name, text in (("start_at", self.start_at), ("end_at", self.end_at)):
            if text is not None:
                document[name] = utc_text(read_instant(text)) if text else None
        return document

    def _catchup(self) -> Document:
        found = _spans(grace=self.catchup_grace, window=self.catchup_window)
        if self.catchup_limit is not None:
            found["limit"] = self.catchup_limit or None
        return found if self.catchup is None else {"policy": self.catchup, **found}

    def _concurrency(self) -> Document | None:
        if self.concurrency_key == "":
            return None
        given = {"key": self.concurrency_key, "limit": self.concurrency_limit}
        return {name: value for name, value in given.items() if value is not None}

    def _retry(self) -> Document:
        given = {"attempts": self.retry_attempts, "backoff": self.retry_backoff}
        found = {name: value for name, value in given.items() if value is not None}
        return found | _spans(delay=self.retry_delay, max_delay=self.retry_max_delay)

    def _calendars(self) -> Document:
        given = {"blackout": self.blackout, "allowed": self.allowed}
        names = {use: [name for name in names if name] for use, names in given.items() if names is not None}
        return names if self.when_closed is None else {**names, "when_closed": self.when_closed}


def complete(document: Document) -> Document:
    """Return the document of a new schedule: parts that are to be as by default are left out, not taken back."""
    return {
        name: {part: each for part, each in value.items() if each is not None}
        if name in _WITH_PARTS and isinstance(value, dict)
        else value
        for name, value in document.items()
    }


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


def _labels(texts: list[str]) -> Document | None:
    """Return the labels that were given; None for those to be taken away, and for `labels` where all are."""
    if texts == [""]:
        return None
    found: Document = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals and not key.endswith("-"):
            message = f"{text!r} is not KEY=VALUE. Write for example: --label team=payments"
            raise typer.BadParameter(message)
        found[key if equals else key.removesuffix("-")] = value if equals else None
    return found


def _or_none(**given: str | int | None) -> Document:
    """Return what was given; an empty text and 0 stand for none."""
    return {name: value or None for name, value in given.items() if value is not None}


def _spans(**texts: str | None) -> Document:
    """Return the lengths of time that were given; None for one that is taken back to its default."""
    return {name: text or None for name, text in texts.items() if text is not None}


def _trigger(text: str) -> str | Document:
    return parse_document(text, source="--trigger") if text.lstrip().startswith("{") else text
