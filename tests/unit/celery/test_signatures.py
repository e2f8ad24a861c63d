import enum
import functools
import json
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from celery import Celery, Task, shared_task
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, JsonValue

from punctual.celery.signatures import served_tasks, task_description, task_signature
from punctual.domain.signature import check_arguments

Schema = dict[str, Any]


@pytest.fixture
def app() -> Celery:
    app = Celery("signatures", set_as_current=False)
    app.task = functools.partial(app.task, shared=False)  # else every other app of the process gets the task too
    return app


def signature(task: Task) -> Schema:
    found = task_signature(task)
    assert found is not None
    Draft202012Validator.check_schema(found)
    assert json.loads(json.dumps(found)) == found
    return found


def plain(a: int, /, b: str = "x", *, c: float) -> None:
    """Do it."""


class Item(BaseModel):
    name: str
    size: int = Field(default=1, ge=1, description="How big.")


class Colour(enum.StrEnum):
    RED = "red"


class Custom:
    pass


def test_parameters_become_properties_with_title_default_and_order(app: Celery) -> None:
    def move_files(source_folder: str, limit: int = 5, *, dry_run: bool = False) -> None: ...

    assert signature(app.task(move_files)) == {
        "type": "object",
        "properties": {
            "source_folder": {"type": "string", "title": "Source folder"},
            "limit": {"type": "integer", "title": "Limit", "default": 5},
            "dry_run": {"type": "boolean", "title": "Dry run", "default": False},
        },
        "required": ["source_folder"],
        "additionalProperties": False,
        "x-positional": ["source_folder", "limit"],
    }


def test_a_bound_task_shows_no_self(app: Celery) -> None:
    def work(self: Task, a: int) -> None: ...

    assert signature(app.task(work, bind=True))["x-positional"] == ["a"]


def test_parameters_by_position_only_and_variadic_ones_are_marked(app: Celery) -> None:
    def variadic(a: int, *args: int, b: str = "", **kwargs: str) -> None: ...

    assert signature(app.task(plain))["x-positional-only"] == ["a"]
    assert signature(app.task(plain))["required"] == ["a", "c"]
    found = signature(app.task(variadic))
    assert list(found["properties"]) == ["a", "b"]
    assert found["x-var-positional"] is True
    assert found["additionalProperties"] is True


def pydantic_task(item: Item, count: int = 1) -> None: ...


def bound_pydantic_task(self: Task, item: Item) -> None: ...


@pytest.mark.parametrize("options", [{}, {"pydantic": True}, {"autoretry_for": (OSError,)}])
@pytest.mark.parametrize("bind", [False, True])
def test_celerys_own_wrappers_are_seen_through(app: Celery, options: dict[str, Any], *, bind: bool) -> None:
    function: Callable[..., None] = bound_pydantic_task if bind else pydantic_task
    found = signature(app.task(function, bind=bind, **options))
    assert next(iter(found["properties"])) == "item"
    assert "self" not in found["properties"]
    faults = check_arguments(found, [{"name": "x", "size": 0}], {})
    assert [fault.path for fault in faults] == ["args[0].size"]


def test_class_based_tasks_are_read_from_their_run_method(app: Celery) -> None:
    class Export(Task):  # type: ignore[misc] # celery has no types
        """Export the things."""

        name = "export"

        def run(self, target: str, limit: int = 3) -> None:
            """Run it.

            Args:
                target: Where to.
            """

    class Retried(Export):
        name = "retried"
        autoretry_for = (OSError,)

    for task in (app.register_task(Export()), app.register_task(Retried())):
        found = signature(task)
        assert found["x-positional"] == ["target", "limit"]
        assert found["properties"]["target"]["description"] == "Where to."
    assert task_description(app.tasks["export"]) == "Export the things."


def test_a_custom_base_and_shared_tasks_make_no_difference(app: Celery) -> None:
    class Base(Task):  # type: ignore[misc] # celery has no types
        """Not the task's own text."""

        abstract = True

        def __call__(self, *args: Any, **kwargs: Any) -> Any:
            return super().__call__(*args, **kwargs)

    task = app.task(base=Base, name="with-base")(plain)
    assert signature(task)["x-positional"] == ["a", "b"]

    def undocumented() -> None: ...

    assert task_description(app.task(base=Base)(undocumented)) == ""
    shared = shared_task(name="test-signatures.shared")(plain)
    assert signature(shared) == signature(task)


def test_a_decorator_that_takes_anything_keeps_the_help_but_asks_for_nothing(app: Celery) -> None:
    def with_session(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> None:
            function("session", *args, **kwargs)

        return wrapper

    @with_session
    def work(session: object, a: int) -> None:
        """Work.

        Args:
            a: A number.
        """

    found = signature(app.task(work))
    assert found["properties"]["a"] == {"type": "integer", "title": "A", "description": "A number."}
    assert found["required"] == found["x-positional"] == []
    assert check_arguments(found, [1], {"b": 2}) == []


@pytest.mark.parametrize(
    ("annotation", "schema"),
    [
        (
            Annotated[int, Field(ge=1, le=9, title="N", description="D")],
            {"type": "integer", "minimum": 1, "maximum": 9},
        ),
        (list[str], {"type": "array", "items": {"type": "string"}}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (datetime, {"type": "string", "format": "date-time"}),
        (Path, {"type": "string", "format": "path"}),
        (Any, {}),
        (object, {}),
        (JsonValue, {}),
        (Custom, {}),
        (list[Custom], {"type": "array", "items": {}}),
        (Callable[[], int], {}),
        ("NoSuchName", {}),
        ("OnlyForCheckers", {}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("not python", {}),
    ],
)
def test_types_become_json_schema_and_unknown_ones_any_value(app: Celery, annotation: Any, schema: Schema) -> None:
    def work(value: int) -> None: ...

    work.__annotations__["value"] = annotation
    found = signature(app.task(work))["properties"]["value"]
    if "minimum" in schema:
        assert (found.pop("title"), found.pop("description")) == ("N", "D")
    else:
        assert found.pop("title") == "Value"
    assert found == schema


def test_models_share_their_definitions(app: Celery) -> None:
    def work(item: Item, others: list[Item], colour: Colour = Colour.RED) -> None: ...

    found = signature(app.task(work))
    assert set(found["$defs"]) == {"Item", "Colour"}
    assert found["properties"]["colour"]["default"] == "red"
    faults = check_arguments(found, [{"name": "x"}, [{"name": 1}], "blue"], {})
    assert [fault.path for fault in faults] == ["args[1][0].name", "args[2]"]


def test_a_default_that_is_no_json_is_left_out_and_the_parameter_stays_optional(app: Celery) -> None:
    def work(a: Any = Custom(), b: float = float("nan"), c: tuple[int, ...] = (1, 2)) -> None: ...  # noqa: B008 - the case

    found = signature(app.task(work))
    assert "default" not in found["properties"]["a"]
    assert "default" not in found["properties"]["b"]
    assert found["properties"]["c"]["default"] == [1, 2]
    assert found["required"] == []


def test_a_default_of_none_makes_null_fit(app: Celery) -> None:
    def work(a: int = None, b: Item | None = None) -> None: ...  # type: ignore[assignment] # noqa: RUF013 - the case

    found = signature(app.task(work))
    assert check_arguments(found, [None, None], {}) == []
    assert [fault.path for fault in check_arguments(found, ["x"], {})] == ["args[0]"]


def test_the_docstring_gives_the_description_and_the_help_of_each_parameter(app: Celery) -> None:
    def work(a: int, b: Annotated[int, Field(description="From the type.")], *c: int, d: int = 0) -> None:
        """Do the work.

        At length.

        Args:
            a (int): First line
                and second line.
            b: Overruled.
            *c: Rest: all of it.
            unknown: Ignored.
            d:
                On its own line.

        Returns:
            Nothing.

        """

    task = app.task(work)
    found = signature(task)["properties"]
    assert found["a"]["description"] == "First line and second line."
    assert found["b"]["description"] == "From the type."
    assert found["d"]["description"] == "On its own line."
    assert task_description(task) == "Do the work.\n\nAt length.\n\nReturns:\n    Nothing."


def test_a_task_that_cannot_be_read_has_no_signature_and_the_log_says_why(
    app: Celery, caplog: pytest.LogCaptureFixture
) -> None:
    task = app.task(name="broken")(plain)
    task.__class__.__wrapped__ = staticmethod(type)  # a callable without a readable signature
    with caplog.at_level(logging.WARNING):
        assert task_signature(task) is None
    assert caplog.records[0].__dict__["action"] == "task_signature_unknown"
    assert "broken" in caplog.text


def test_the_served_tasks_are_the_apps_own_by_name(app: Celery) -> None:
    app.task(name="zeta")(plain)
    app.task(name="alpha")(plain)
    found = served_tasks(app)
    names = [name for name, _, _ in found]  # with the shared tasks of every module that is imported
    assert names == sorted(names)
    assert {"alpha", "zeta"} <= set(names)
    assert not [name for name in names if name.startswith("celery.")]
    assert ("alpha", "Do it.", task_signature(app.tasks["alpha"])) in found
