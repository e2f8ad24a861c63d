"""`punctual tasks`: what the workers can do."""

import shlex
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer

from punctual.cli.client import Document, choose_server, connect, segment, surroundings
from punctual.cli.listing import LimitOption, print_page
from punctual.cli.output import (
    Column,
    FormatOption,
    compact,
    instant,
    print_facts,
    print_lines,
    print_one,
    print_table,
    relative,
    when,
)

app = typer.Typer(
    name="tasks",
    help="""See the Celery tasks that the workers have announced.

    Workers with the plug-in announce their tasks and how to call them.""",
    no_args_is_help=True,
)
app.callback()(choose_server)

_COLUMNS = (Column("TASK", wrap=True), Column("SERVED"), Column("QUEUES", wide=True), Column("DESCRIPTION"))
_PARAMETERS = (Column("PARAMETER"), Column("TYPE"), Column("DEFAULT"), Column("DESCRIPTION", wrap=True))
_NONE = "No worker has announced a task yet. Start one whose Celery app has the plug-in."
_SAMPLES = {"integer": "1", "number": "1.5", "boolean": "true", "array": "[]", "object": "{}", "null": "null"}


@app.command("list")
def list_tasks(ctx: typer.Context, *, limit: LimitOption = None, output: FormatOption = "table") -> None:
    """List the tasks by name.

    For example:
        punctual tasks list
        punctual tasks list -o name
    """
    with connect(ctx) as client:
        page = client.collect("/tasks", {}, limit=limit)
    print_page(ctx, page, output, columns=_COLUMNS, row=_row, empty=_NONE)


@app.command("show")
def show_task(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="TASK", help="Full name of the task.", show_default=False)],
    *,
    output: FormatOption = "table",
) -> None:
    """Show what a task does, its parameters, and how to schedule it.

    For example:
        punctual tasks show app.backup
    """
    with connect(ctx) as client:
        task = client.get(f"/tasks/{segment(name)}")
    if output != "table":
        print_one(task, output)
    else:
        _print_task(task, surroundings(ctx).clock.now())


def _print_task(task: Document, now: datetime) -> None:
    print_facts(
        [
            ("task", task["name"]),
            ("served", _served(task, now)),
            ("queues", ", ".join(task["queues"])),
            ("description", task["description"].strip()),
        ]
    )
    signature = task["signature"]
    if signature is None:
        print_lines(["", "Its parameters are not known, so arguments are not checked."])
    elif signature.get("properties"):
        print_lines([""])
        print_table(_PARAMETERS, _parameters(signature))
    elif not _takes_more(signature):
        print_lines(["", "It takes no arguments."])
    if signature is not None and _takes_more(signature):
        print_lines(["It takes further arguments, which are not checked."])
    print_lines(["", "To schedule it:", f"  {_example(task)}"])


def _row(task: Document, now: datetime) -> tuple[str, ...]:
    first = next(iter(task["description"].strip().splitlines()), "")
    return (task["name"], "now" if task["live"] else f"gone {_gone_since(task, now)}", ", ".join(task["queues"]), first)


def _served(task: Document, now: datetime) -> str:
    return "by a worker now" if task["live"] else f"by no worker since {when(task['gone_since'], now)}"


def _gone_since(task: Document, now: datetime) -> str:
    return relative(instant(task["gone_since"]), now)


def _takes_more(signature: Document) -> bool:
    return bool(signature.get("x-var-positional")) or signature.get("additionalProperties", True) is not False


def _ordered(signature: Document) -> Iterator[tuple[str, Document]]:
    properties = signature.get("properties", {})
    first = [name for name in signature.get("x-positional", []) if name in properties]
    for name in [*first, *(name for name in properties if name not in first)]:
        yield name, properties[name]


def _parameters(signature: Document) -> Iterator[tuple[str, ...]]:
    required = signature.get("required", [])
    for name, schema in _ordered(signature):
        default = compact(schema["default"]) if "default" in schema else ""
        yield (
            name,
            _type_words(schema),
            "required" if name in required else default,
            schema.get("description", ""),
        )


def _type_words(schema: Document) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "enum" in schema:
        return " | ".join(compact(value) for value in schema["enum"])
    if variants := schema.get("anyOf") or schema.get("oneOf"):
        return " | ".join(_type_words(variant) for variant in variants)
    kind = schema.get("type", "any")
    words = " | ".join(kind) if isinstance(kind, list) else str(kind)
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"{words} of {_type_words(schema['items'])}"
    return f"{words} ({schema['format']})" if "format" in schema else words


def _example(task: Document) -> str:
    signature = task["signature"] or {}
    required = signature.get("required", [])
    words = ["punctual", "schedules", "create", "NAME", "--task", task["name"], "--trigger", "every 10m"]
    by_position = signature.get("x-positional-only", [])
    for name, schema in _ordered(signature):
        if name in required:
            sample = _sample(schema, name)
            words += ["--arg", sample] if name in by_position else ["--kwarg", f"{name}={sample}"]
    return shlex.join(words)


def _sample(schema: Document, name: str) -> str:
    if schema.get("enum"):
        value = schema["enum"][0]
        return value if isinstance(value, str) else compact(value)
    variants = schema.get("anyOf") or schema.get("oneOf") or [schema]
    kind = variants[0].get("type")
    return _SAMPLES.get(kind, name.upper()) if isinstance(kind, str) else name.upper()
