"""Checks the arguments of a task call against the task's signature.

A signature is a JSON Schema (draft 2020-12) of all arguments as one object, with three additions:

- `x-positional`: the names that may be given by position, in their order (all properties, where it is missing);
- `x-positional-only`: those of them that may not be given by name;
- `x-var-positional`: true where further positional arguments are taken, of any kind.
"""

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import JsonValue
from referencing import Registry

from punctual.domain.errors import Fault

_LONGEST_VALUE = 60
_MOST_NAMES = 20

_ARTICLES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}

_BOUNDS = {
    "minimum": "must be at least {0}, got {1}",
    "exclusiveMinimum": "must be more than {0}, got {1}",
    "maximum": "must be at most {0}, got {1}",
    "exclusiveMaximum": "must be less than {0}, got {1}",
    "multipleOf": "must be a multiple of {0}, got {1}",
    "const": "must be {0}, got {1}",
    "pattern": "must match the pattern {0}, got {1}",
    "format": "must be a valid {0}, got {1}",
    "uniqueItems": "must not have the same item twice, got {1}",
}

_LENGTHS = {
    "minLength": ("at least", "character"),
    "maxLength": ("at most", "character"),
    "minItems": ("at least", "item"),
    "maxItems": ("at most", "item"),
    "minProperties": ("at least", "entry"),
    "maxProperties": ("at most", "entry"),
}


def check_arguments(
    signature: Mapping[str, Any], args: Sequence[JsonValue], kwargs: Mapping[str, JsonValue]
) -> list[Fault]:
    """Return what is wrong with a task call: first what Python itself would refuse, then each value that does not fit.

    Paths are `args[0]`, `kwargs.keep`, and below them `kwargs.headers.x` and `args[0][2].name`; a missing argument is
    at `kwargs.<name>`. A signature that is itself broken gives no faults for values: what cannot be checked may pass.
    """
    call = _Call(signature, args, kwargs)
    return [*call.binding_faults(), *_value_faults(signature, call)]


class _Call:
    """The arguments bound to the parameters' names, as Python would bind them."""

    def __init__(
        self, signature: Mapping[str, Any], args: Sequence[JsonValue], kwargs: Mapping[str, JsonValue]
    ) -> None:
        self._args = args
        self._kwargs = kwargs
        self._known: Mapping[str, Any] = signature.get("properties", {})
        self._required: Sequence[str] = signature.get("required", [])
        self._positional: Sequence[str] = signature.get("x-positional", list(self._known))
        self._positional_only = frozenset(signature.get("x-positional-only", []))
        self._takes_more_args = signature.get("x-var-positional") is True
        self._takes_more_kwargs = signature.get("additionalProperties", True) is not False
        by_position = zip(self._positional, args, strict=False)
        self.paths = {name: f"args[{index}]" for index, (name, _) in enumerate(by_position)}
        self.values = dict(zip(self._positional, args, strict=False))
        for name, value in kwargs.items():
            if name not in self.values and name in self._known and name not in self._positional_only:
                self.values[name] = value
                self.paths[name] = f"kwargs.{name}"

    def binding_faults(self) -> Iterator[Fault]:
        """Give a fault for each argument too many, given twice, not expected or missing."""
        allowed = len(self._positional)
        if len(self._args) > allowed and not self._takes_more_args:
            message = f"takes at most {_count(allowed, 'positional argument')}, got {len(self._args)}"
            yield Fault(f"args[{allowed}]", "too_many", message, self._known_names())
        for name in self._kwargs:
            path = f"kwargs.{name}"
            if self._takes_more_kwargs and (name in self._positional_only or name not in self._known):
                continue
            if name in self._positional_only:
                yield Fault(path, "positional_only", "can be given by position only", "Move it to `args`.")
            elif name not in self._known:
                yield Fault(path, "unexpected", "is not an argument of this task", self._did_you_mean(name))
            elif self.paths[name] != path:
                message = f"is given twice: it is also {self.paths[name]}"
                yield Fault(path, "given_twice", message, "Remove one of the two.")
        for name in self._required:
            if name not in self.values:
                yield Fault(f"kwargs.{name}", "missing", "is required", "Give this argument a value.")

    def _did_you_mean(self, name: str) -> str:
        names = [known for known in self._known if known not in self._positional_only]
        return _did_you_mean(name, names) or self._known_names()

    def _known_names(self) -> str:
        if not self._known:
            return "The task takes no named arguments."
        return f"The task takes {_listed(self._known)}."


def _value_faults(signature: Mapping[str, Any], call: _Call) -> list[Fault]:
    root = {"$defs": signature.get("$defs", {})}
    # An empty registry: a reference to anywhere else is never fetched.
    validator = Draft202012Validator(root, registry=Registry(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    faults: dict[tuple[str, str, str], Fault] = {}
    for name, value in call.values.items():
        try:
            errors = list(validator.descend(value, signature["properties"][name]))
        except Exception:  # noqa: BLE001, S112 - a signature comes from foreign code: what it cannot tell may pass
            continue
        for error in errors:
            for fault in _faults(error, _below(call.paths[name], error.relative_path)):
                faults.setdefault((fault.path, fault.code, fault.message), fault)
    return list(faults.values())


def _below(path: str, parts: Iterable[str | int]) -> str:
    return path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def _faults(error: ValidationError, path: str) -> Iterator[Fault]:
    """Give the faults of one error of the schema library, in words for people."""
    rule = str(error.validator)
    wanted: Any = error.validator_value
    value: Any = error.instance
    if rule in {"anyOf", "oneOf"}:
        yield from _alternatives(error, path)
    elif rule == "required":
        for name in wanted:
            if name not in value:
                yield Fault(f"{path}.{name}", "missing", "is required", "Add it.")
    elif rule == "additionalProperties" and wanted is False:
        known = list(error.schema.get("properties", {})) if isinstance(error.schema, Mapping) else []
        for name in value:
            if name not in known:
                fix = _did_you_mean(name, known) or f"Known are {_listed(known)}."
                yield Fault(f"{path}.{name}", "unexpected", "is not known here", fix)
    else:
        yield Fault(path, _code(rule), _sentence(error, rule, wanted, value))


def _alternatives(error: ValidationError, path: str) -> Iterator[Fault]:
    """Explain a value that fits none of several forms: by the one form of its own type, else by all their types."""
    forms: dict[int, list[ValidationError]] = {}
    for inner in error.context or []:
        forms.setdefault(int(inner.schema_path[0]), []).append(inner)
    of_other_type = {
        index: errors[0].validator_value
        for index, errors in forms.items()
        if len(errors) == 1 and errors[0].validator == "type" and not errors[0].relative_path
    }
    value: Any = error.instance
    near = [errors for index, errors in forms.items() if index not in of_other_type]
    if not near and of_other_type:
        types = [kind for wanted in of_other_type.values() for kind in _as_list(wanted)]
        yield Fault(path, "wrong_type", f"must be {_types(types)}, got {_shown(value)}")
    elif len(near) == 1:
        for inner in near[0]:
            yield from _faults(inner, _below(path, inner.relative_path))
    else:
        yield Fault(path, "wrong_value", f"fits none of the allowed forms, got {_shown(value)}")


def _code(rule: str) -> str:
    return "wrong_type" if rule == "type" else "wrong_value"


def _sentence(error: ValidationError, rule: str, wanted: Any, value: JsonValue) -> str:  # noqa: ANN401 - any rule's operand
    if rule == "type":
        return f"must be {_types(_as_list(wanted))}, got {_shown(value)}"
    if rule == "enum":
        return f"must be one of {', '.join(_shown(item) for item in wanted)}, got {_shown(value)}"
    if rule in _BOUNDS:
        operand = wanted if rule in {"pattern", "format"} else _shown(wanted)
        return _BOUNDS[rule].format(operand, _shown(value))
    if rule in _LENGTHS and isinstance(value, str | list | dict):
        limit, unit = _LENGTHS[rule]
        return f"must have {limit} {_count(wanted, unit)}, got {len(value)}"
    return error.message


def _types(types: Iterable[str]) -> str:
    words = [_ARTICLES.get(kind, kind) for kind in dict.fromkeys(types)]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _as_list(value: Any) -> list[str]:  # noqa: ANN401 - JSON Schema allows one type or a list
    return list(value) if isinstance(value, list) else [str(value)]


def _shown(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _count(number: int, unit: str) -> str:
    plural = f"{unit[:-1]}ies" if unit.endswith("y") else f"{unit}s"
    return f"{number} {unit if number == 1 else plural}"


def _listed(names: Iterable[str]) -> str:
    shown = [f"`{name}`" for name in names]
    more = len(shown) - _MOST_NAMES
    return ", ".join(shown[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _did_you_mean(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean `{close[0]}`?" if close else ""
