"""What Celery tasks take, as JSON Schema, read from their Python functions."""

import inspect
import json
import logging
import re
import sys
import typing
from collections.abc import Callable, Iterator
from types import MethodType, SimpleNamespace
from typing import Any

from celery import Celery, Task
from pydantic import ConfigDict, JsonValue, PydanticUserError, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import CoreSchema

if sys.version_info >= (3, 14):
    import annotationlib

_log = logging.getLogger(__name__)

Schema = dict[str, JsonValue]

_ARGUMENTS_HEADING = re.compile(r"(Args|Arguments|Parameters):\s*")
_ARGUMENT = re.compile(r"\*{0,2}(?P<name>\w+)\s*(\([^)]*\))?\s*:\s*(?P<text>.*)")
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def served_tasks(app: Celery) -> list[tuple[str, str, Schema | None]]:
    """Return name, description and signature of each task of the app, by name, without Celery's own."""
    return [
        (name, task_description(task), task_signature(task))
        for name, task in sorted(app.tasks.items())
        if not name.startswith("celery.")
    ]


def task_description(task: Task) -> str:
    """Return the task's docstring without the part on its arguments; empty where there is none."""
    return _split_docstring(task)[0]


def task_signature(task: Task) -> Schema | None:
    """Return the JSON Schema of the task's arguments as one object; see `punctual.domain.signature`.

    None, with the reason in the log, for a task whose parameters cannot be read. Never raises.
    """
    try:
        return _Signature(task).schema()
    except Exception as error:  # noqa: BLE001 - foreign code and its annotations may raise anything
        _log.warning(
            "The arguments of the task %s cannot be checked: %s: %s",
            task.name,
            type(error).__name__,
            error,
            extra={"action": "task_signature_unknown", "task": task.name},
        )
        return None


class _Signature:
    """The parameters of one task's function."""

    def __init__(self, task: Task) -> None:
        function = _function(task)
        parameters = _parameters(function)
        self._kinds = {p.kind for p in parameters}
        self._parameters = [p for p in parameters if p.kind not in _VARIADIC]
        # A decorator that takes anything may add or change arguments. What it wraps is worth showing, but nothing
        # more than the names and types that are given by name can be asked for.
        own = {p.name for p in parameters}
        behind = _wrapped_parameters(function) if self._kinds.issuperset(_VARIADIC) else []
        self._behind = [p for p in behind if p.name not in own and p.kind not in {*_VARIADIC, p.POSITIONAL_ONLY}]
        names = getattr(inspect.unwrap(function), "__globals__", {})
        self._types = {p.name: _resolved(p.annotation, names) for p in (*self._parameters, *self._behind)}
        self._help = _split_docstring(task)[1]

    def schema(self) -> Schema:
        shown = [*self._parameters, *self._behind]
        types, definitions = _type_schemas(self._types)
        schema: Schema = {
            "type": "object",
            "properties": {p.name: _property(p, types[p.name], self._help.get(p.name)) for p in shown},
            "required": [p.name for p in self._parameters if p.default is p.empty],
            "additionalProperties": inspect.Parameter.VAR_KEYWORD in self._kinds,
            "x-positional": [p.name for p in self._parameters if p.kind in _BY_POSITION],
        }
        if only := [p.name for p in self._parameters if p.kind is p.POSITIONAL_ONLY]:
            schema["x-positional-only"] = [*only]
        if inspect.Parameter.VAR_POSITIONAL in self._kinds:
            schema["x-var-positional"] = True
        if definitions:
            schema["$defs"] = definitions
        return schema


def _function(task: Task) -> Callable[..., Any]:
    """Return what the task's author wrote, bound to the task where Celery binds it.

    A decorated task keeps its function as `__wrapped__`; a class-based one has only `run`. Celery wraps them in turn,
    for `pydantic=True` and `autoretry_for`; a decorator of the author's own is left in place.
    """
    function: Callable[..., Any] = getattr(task, "__wrapped__", None) or task.run
    while True:
        plain = getattr(function, "__func__", function)
        module = getattr(plain, "__globals__", {}).get("__name__", "")
        inner = getattr(plain, "__wrapped__", None)
        if inner is None or not module.startswith("celery."):
            return function
        function = MethodType(inner, function.__self__) if inspect.ismethod(function) else inner


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return what callers may pass: a wrapper's own parameters, not those of what it wraps, and no bound `self`."""
    if sys.version_info >= (3, 14):
        # Names that exist for type checkers only must not raise here.
        form = annotationlib.Format.FORWARDREF
        signature = inspect.signature(function, follow_wrapped=False, annotation_format=form)
    else:
        signature = inspect.signature(function, follow_wrapped=False)
    return list(signature.parameters.values())


def _wrapped_parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    plain = getattr(function, "__func__", function)
    inner = inspect.unwrap(plain)
    if inner is plain:
        return []
    return _parameters(inner)[1 if inspect.ismethod(function) else 0 :]


def _resolved(annotation: Any, names: dict[str, Any]) -> Any:  # noqa: ANN401 - annotations are any objects
    """Return the type behind an annotation, with names in quotes looked up; Any for none and for unknown ones."""
    if annotation is inspect.Parameter.empty:
        return Any
    holder = SimpleNamespace(__annotations__={"it": annotation})
    try:
        return typing.get_type_hints(holder, globalns=names, include_extras=True)["it"]
    except Exception:  # noqa: BLE001 - evaluates foreign code
        return Any


class _Generator(GenerateJsonSchema):
    """Lets types that JSON Schema cannot tell stand for any value, without a warning."""

    def handle_invalid_for_json_schema(self, schema: CoreSchema, error_info: str) -> JsonSchemaValue:  # noqa: ARG002 - pydantic's signature
        return {}

    def emit_warning(self, kind: object, detail: str) -> None:
        pass


def _type_schemas(types: dict[str, Any]) -> tuple[dict[str, Schema], Schema]:
    """Return the JSON Schema of each type (`{}` for one that has none) and the definitions they share."""
    adapters = {name: adapter for name, kind in types.items() if (adapter := _adapter(kind)) is not None}
    schemas, shared = TypeAdapter.json_schemas(
        [(name, "validation", adapter) for name, adapter in adapters.items()], schema_generator=_Generator
    )
    definitions = shared.get("$defs", {})
    found = {name: schema for (name, _), schema in schemas.items()}
    for schema in found.values():
        if definitions.get(str(schema.get("$ref")).removeprefix("#/$defs/")) == {}:
            del schema["$ref"]  # any value
    return {name: found.get(name, {}) for name in types}, definitions


def _adapter(kind: Any) -> TypeAdapter[Any] | None:  # noqa: ANN401 - annotations are any objects
    try:
        try:
            adapter = TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True))
        except PydanticUserError:  # models, dataclasses and typed dicts bring their own configuration
            adapter = TypeAdapter(kind)
        adapter.json_schema(schema_generator=_Generator)
    except Exception:  # noqa: BLE001 - foreign types may raise anything
        return None
    return adapter


def _property(parameter: inspect.Parameter, kind: Schema, text: str | None) -> Schema:
    """Return a parameter's schema with title, description and, where JSON can hold it, the default."""
    schema = dict(kind)
    if parameter.default is None and not _takes_null(kind):  # `count: int = None`
        schema = {"anyOf": [kind, {"type": "null"}]}
        schema |= {key: kind[key] for key in ("title", "description") if key in kind}
    schema.setdefault("title", parameter.name.strip("_").replace("_", " ").capitalize())
    if text:
        schema.setdefault("description", text)
    if parameter.default is not parameter.empty:
        try:
            schema["default"] = json.loads(json.dumps(parameter.default, allow_nan=False))
        except (TypeError, ValueError, RecursionError):
            schema.pop("default", None)
    return schema


def _takes_null(schema: Schema) -> bool:
    if not schema.keys() - {"title", "description"}:
        return True
    options = schema.get("anyOf")
    kinds = [schema, *(options if isinstance(options, list) else [])]
    return any(isinstance(kind, dict) and kind.get("type") == "null" for kind in kinds)


def _split_docstring(task: Task) -> tuple[str, dict[str, str]]:
    """Return the docstring's text without its part on arguments, and the help of each argument (Google's style)."""
    # Not type(task): it is Celery's proxy where the task is not registered yet.
    documented = [text for text in (task.__class__.__doc__, task.run.__doc__) if text]
    texts, helps = [""], dict[str, str]()
    for text, arguments in map(_split, documented):
        texts.append(text)
        helps = {**arguments, **helps}
    return next(filter(None, texts), ""), helps


def _split(docstring: str) -> tuple[str, dict[str, str]]:
    text: list[str] = []
    block: list[str] = []
    inside = False
    for line in inspect.cleandoc(docstring).splitlines():
        if line and not line[0].isspace():
            inside = _ARGUMENTS_HEADING.fullmatch(line) is not None
            if inside:
                continue
        (block if inside else text).append(line)
    return "\n".join(text).strip(), dict(_arguments(block))


def _arguments(block: list[str]) -> Iterator[tuple[str, str]]:
    """Give the name and the help of each argument; deeper lines go on with the help of the one before."""
    lines = inspect.cleandoc("\n" + "\n".join(block)).splitlines()
    name, words = "", list[str]()
    for line in lines:
        entry = _ARGUMENT.fullmatch(line)
        if entry is not None:
            if name:
                yield name, " ".join(words)
            name, words = entry["name"], [entry["text"]] if entry["text"] else []
        elif line.strip():
            words.append(line.strip())
    if name:
        yield name, " ".join(words)
