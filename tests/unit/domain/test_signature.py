from typing import Any

import pytest

from punctual.domain.errors import Fault
from punctual.domain.signature import check_arguments

COPY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "source": {"type": "string", "minLength": 1},
        "destination": {"type": "string"},
        "keep": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10},
        "headers": {"anyOf": [{"type": "object", "additionalProperties": {"type": "string"}}, {"type": "null"}]},
        "mode": {"enum": ["fast", "safe"]},
    },
    "required": ["source", "destination"],
    "additionalProperties": False,
    "x-positional": ["source", "destination", "keep"],
}


def paths(faults: list[Fault]) -> list[str]:
    return [fault.path for fault in faults]


def one_value(schema: dict[str, Any], value: Any) -> list[Fault]:
    return check_arguments({"properties": {"v": schema}, "x-positional": ["v"]}, [value], {})


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        (["a", "b"], {}),
        (["a"], {"destination": "b", "keep": 1}),
        (["a", "b", 100], {"headers": None, "mode": "fast"}),
        ([], {"source": "a", "destination": "b", "headers": {"x": "y"}}),
    ],
)
def test_a_call_that_fits_has_no_faults(args: list[Any], kwargs: dict[str, Any]) -> None:
    assert check_arguments(COPY, args, kwargs) == []


@pytest.mark.parametrize(
    ("args", "kwargs", "path", "code", "message", "fix"),
    [
        (["a"], {}, "kwargs.destination", "missing", "is required", "Give this argument a value."),
        (
            ["a", "b", 1, 2, 3],
            {},
            "args[3]",
            "too_many",
            "takes at most 3 positional arguments, got 5",
            "The task takes `source`, `destination`, `keep`, `headers`, `mode`.",
        ),
        (
            ["a", "b"],
            {"source": "c"},
            "kwargs.source",
            "given_twice",
            "is given twice: it is also args[0]",
            "Remove one of the two.",
        ),
        (["a", "b"], {"kep": 1}, "kwargs.kep", "unexpected", "is not an argument of this task", "Did you mean `keep`?"),
        (
            ["a", "b"],
            {"zzz": 1},
            "kwargs.zzz",
            "unexpected",
            "is not an argument of this task",
            "The task takes `source`, `destination`, `keep`, `headers`, `mode`.",
        ),
        (["a", "b", "ten"], {}, "args[2]", "wrong_type", 'must be an integer, got "ten"', ""),
        (["a", "b"], {"keep": 0}, "kwargs.keep", "wrong_value", "must be at least 1, got 0", ""),
        (["a", "b"], {"keep": True}, "kwargs.keep", "wrong_type", "must be an integer, got true", ""),
        (["", "b"], {}, "args[0]", "wrong_value", "must have at least 1 character, got 0", ""),
        (["a", "b"], {"headers": {"x": 1}}, "kwargs.headers.x", "wrong_type", "must be a string, got 1", ""),
        (["a", "b"], {"headers": [1]}, "kwargs.headers", "wrong_type", "must be an object or null, got [1]", ""),
        (["a", "b"], {"mode": "slow"}, "kwargs.mode", "wrong_value", 'must be one of "fast", "safe", got "slow"', ""),
    ],
)
def test_each_fault_is_told_with_its_place_and_what_to_do(
    args: list[Any], kwargs: dict[str, Any], path: str, code: str, message: str, fix: str
) -> None:
    assert check_arguments(COPY, args, kwargs) == [Fault(path, code, message, fix)]


def test_all_faults_are_told_at_once() -> None:
    faults = check_arguments(COPY, [1], {"sorce": "x", "keep": "ten"})
    assert paths(faults) == ["kwargs.sorce", "kwargs.destination", "args[0]", "kwargs.keep"]


def test_variadic_tasks_take_more_than_they_name() -> None:
    signature = {**COPY, "additionalProperties": True, "x-var-positional": True}
    assert check_arguments(signature, ["a", "b", 1, "more"], {"other": 1}) == []
    assert paths(check_arguments(signature, ["a", "b"], {"source": "c"})) == ["kwargs.source"]


def test_a_parameter_by_position_only_is_refused_by_name() -> None:
    signature = {**COPY, "x-positional-only": ["source"]}
    faults = check_arguments(signature, [], {"source": "a", "destination": "b"})
    assert [(fault.path, fault.code) for fault in faults] == [
        ("kwargs.source", "positional_only"),
        ("kwargs.source", "missing"),
    ]


def test_without_an_order_the_properties_order_counts() -> None:
    signature = {"properties": {"a": {"type": "string"}, "b": {"type": "integer"}}}
    assert paths(check_arguments(signature, ["x", "y"], {})) == ["args[1]"]


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"type": ["string", "null"]}, 1, "must be a string or null, got 1"),
        ({"type": "boolean"}, "yes", 'must be true or false, got "yes"'),
        ({"type": "array"}, {}, "must be a list, got {}"),
        (
            {"anyOf": [{"type": "integer"}, {"type": "string"}, {"type": "null"}]},
            [],
            "must be an integer, a string or null, got []",
        ),
        ({"exclusiveMinimum": 0}, 0, "must be more than 0, got 0"),
        ({"maximum": 3}, 4, "must be at most 3, got 4"),
        ({"exclusiveMaximum": 3}, 3, "must be less than 3, got 3"),
        ({"multipleOf": 5}, 7, "must be a multiple of 5, got 7"),
        ({"const": "x"}, "y", 'must be "x", got "y"'),
        ({"pattern": "^a"}, "b", 'must match the pattern ^a, got "b"'),
        ({"format": "uuid"}, "b", 'must be a valid uuid, got "b"'),
        ({"minItems": 2}, [1], "must have at least 2 items, got 1"),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, "must have at most 1 entry, got 2"),
        ({"minProperties": 2}, {}, "must have at least 2 entries, got 0"),
        ({"uniqueItems": True}, [1, 1], "must not have the same item twice, got [1, 1]"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, [], "must be an integer or null, got []"),
        ({"anyOf": [{"minimum": 5}, {"maximum": 1}]}, 3, "fits none of the allowed forms, got 3"),
        ({"type": "integer"}, "x" * 200, 'must be an integer, got "' + "x" * 58 + "…"),
    ],
)
def test_rules_are_told_in_words(schema: dict[str, Any], value: Any, message: str) -> None:
    assert [fault.message for fault in one_value(schema, value)] == [message]


def test_faults_in_nested_values_name_the_place() -> None:
    signature = {
        "properties": {"config": {"anyOf": [{"$ref": "#/$defs/Config"}, {"type": "null"}]}},
        "$defs": {
            "Config": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "parts": {"type": "array", "items": {"type": "integer"}}},
                "required": ["name", "parts"],
                "additionalProperties": False,
            }
        },
    }
    faults = check_arguments(signature, [], {"config": {"nam": "x", "parts": [1, "2"]}})
    assert sorted((fault.path, fault.code, fault.fix) for fault in faults) == [
        ("kwargs.config.nam", "unexpected", "Did you mean `name`?"),
        ("kwargs.config.name", "missing", "Add it."),
        ("kwargs.config.parts[1]", "wrong_type", ""),
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:1/schema.json"},
        {"$ref": "#/$defs/Missing"},
        {"type": "no-such-type"},
        {"pattern": "("},
        {"$ref": "#/$defs/Loop"},
    ],
)
def test_a_broken_part_of_a_signature_checks_nothing_and_spoils_nothing_else(schema: dict[str, Any]) -> None:
    signature = {
        "properties": {"broken": schema, "sound": {"type": "integer"}},
        "$defs": {"Loop": {"$ref": "#/$defs/Loop"}},
        "required": ["sound"],
    }
    assert paths(check_arguments(signature, ["x", "y"], {})) == ["args[1]"]


def test_an_empty_signature_lets_everything_pass_by_name() -> None:
    assert check_arguments({}, [], {"a": 1}) == []
