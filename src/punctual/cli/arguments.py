"""What is written on the command line, in a file or in an editor, read into the documents that the API takes."""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from punctual.cli.client import Document
from punctual.cli.output import pretty
from punctual.domain.errors import SetupError

_ONLY_IN_ANSWERS = frozenset(
    {"id", "version", "status", "warnings", "created_at", "updated_at", "deleted_at", "declared_by"}
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name or id of the schedule.", show_default=False)]
RunId = Annotated[str, typer.Argument(metavar="ID", help="Id of the run: the Celery task id.", show_default=False)]
FileOption = Annotated[
    str | None,
    typer.Option("-f", "--file", help="JSON document to start from; `-` reads standard input.", show_default=False),
]
UnknownTaskOption = Annotated[
    bool, typer.Option("--allow-unknown-task", help="Accept a task that no worker has announced yet.")
]


ArgOption = Annotated[
    list[str] | None,
    typer.Option("--arg", metavar="VALUE", help="Positional argument for this run. May be repeated."),
]
KwargOption = Annotated[
    list[str] | None,
    typer.Option("--kwarg", metavar="KEY=VALUE", help="Keyword argument for this run. May be repeated."),
]


def argument_changes(arg: list[str] | None, kwarg: list[str] | None) -> Document:
    """Return what `--arg` and `--kwarg` change for one run, as the API takes it; raises BadParameter."""
    changes = {"args": [parse_value(text) for text in arg or ()], "kwargs": parse_pairs(kwarg or ())}
    return {name: value for name, value in changes.items() if value}


def parse_value(text: str) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON value that `text` is, else `text` itself; a quoted JSON string (`'"5"'`) forces text."""
    try:
        return json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        return text


def parse_pairs(pairs: Iterable[str]) -> dict[str, Any]:
    """Return what `key=VALUE` pairs say; raises BadParameter for one without a key, or a key given twice."""
    result: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            message = f"{pair!r} is not key=VALUE. Write for example: --kwarg keep=7"
            raise typer.BadParameter(message)
        if key in result:
            message = f"{key!r} is given twice."
            raise typer.BadParameter(message)
        result[key] = parse_value(value)
    return result


def read_document(file: str) -> Document:
    """Return the JSON object in `file` (`-` is standard input); raises BadParameter where it cannot be read."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read: {error}"
        raise typer.BadParameter(message) from error
    return parse_document(text, source="standard input" if file == "-" else file)


def parse_document(text: str, *, source: str) -> Document:
    """Return the JSON object that `text` is; raises BadParameter that says where it stops being one."""
    try:
        document = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        message = f"{source} is not JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        raise typer.BadParameter(message) from error
    except ValueError as error:
        message = f"{source} is not JSON: {error}"
        raise typer.BadParameter(message) from error
    if not isinstance(document, dict):
        message = f"{source} must be one JSON object, as `punctual schedules show NAME -o json` prints it."
        raise typer.BadParameter(message)
    return document


@contextmanager
def edited(document: Document) -> Iterator[Document]:
    """Open `document` in the person's editor and give what was saved.

    When that cannot be read, or the body of the `with` fails, the text stays in its file and standard error says where.
    Raises SetupError when there is no editor or it fails, BadParameter when what was saved is no JSON object.
    """
    command = _editor()
    handle, name = tempfile.mkstemp(prefix="punctual-", suffix=".json")
    file = Path(name)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(pretty(document) + "\n")
    try:
        status = subprocess.run([*command, name], check=False).returncode  # noqa: S603 - the person's own editor
    except OSError as error:
        file.unlink()
        message = f"The editor {command[0]} cannot be started: {error.strerror}."
        raise SetupError(message, fix="Set EDITOR to one that is installed.") from error
    if status != 0:
        file.unlink()
        message = f"The editor {command[0]} ended with status {status}. Nothing was changed."
        raise SetupError(message, fix="Save and leave it normally.")
    try:
        yield parse_document(file.read_text(encoding="utf-8"), source="What you saved")
    except Exception:
        typer.echo(f"Your text is kept in {name}", err=True)
        raise
    file.unlink()


def _editor() -> list[str]:
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if command:
        return shlex.split(command)
    if not sys.stdin.isatty():
        message = "There is nothing to change, and no terminal to edit on."
        raise SetupError(message, fix="Give the options to change (see --help), or set EDITOR.")
    return ["notepad" if sys.platform == "win32" else "vi"]


def spec_of(document: Document) -> Document:
    """Return the part of a schedule's document that people write, without what only answers have."""
    return {key: value for key, value in document.items() if key not in _ONLY_IN_ANSWERS}


def merge_patch(before: Any, after: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON merge patch (RFC 7396) that makes `after` of `before`; an empty object when they are equal."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return after
    removed: dict[str, Any] = {key: None for key in before if key not in after}
    changed = {
        key: merge_patch(before.get(key), value)
        for key, value in after.items()
        if key not in before or before[key] != value
    }
    return removed | changed


def spec_patch(before: Document, after: Document) -> Document:
    """Return the merge patch from one spec to another; a changed trigger is sent as a whole, as the API wants it.

    Raises BadParameter for a keyword argument that becomes null: in a merge patch, null would remove it.
    """
    lost = list(_new_nulls(before.get("kwargs"), after.get("kwargs"), "kwargs"))
    if lost:
        message = f"{lost[0]} cannot be changed to null: null removes a value. Leave the line out to remove it."
        raise typer.BadParameter(message)
    patch: Document = merge_patch(before, after)
    if "trigger" in patch and "trigger" in after:
        patch["trigger"] = after["trigger"]
    return patch


def _new_nulls(before: Any, after: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in after.items():
            if value is None and (key not in before or before[key] is not None):
                yield f"{path}.{key}"
            yield from _new_nulls(before.get(key), value, f"{path}.{key}")


def _no_number(text: str) -> NoReturn:
    message = f"{text} is no JSON number"
    raise ValueError(message)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        _no_number(text)
    return number
