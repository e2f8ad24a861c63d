"""What the OpenAPI document says beyond FastAPI's own reading of the handlers: bodies and problems."""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema, to_jsonable_python
from starlette.routing import compile_path

from punctual.api.problem import PROBLEM_MEDIA_TYPE, ProblemOut, title_of
from punctual.api.schemas import PauseIn, SkipIn
from punctual.api.schemas_backfills import BackfillIn, CancelBackfillIn
from punctual.api.schemas_calendars import CalendarImportIn, StretchesIn
from punctual.api.schemas_preview import ExplainIn, PreviewIn
from punctual.api.schemas_runs import ArgumentsIn, CancelIn
from punctual.api.schemas_system import SignInIn
from punctual.domain.calendars.calendar import Calendar
from punctual.domain.schedule import ScheduleSpec

_COMPONENTS = "#/components/schemas/{model}"
_DESCRIPTION = """\
Schedules for Celery, kept in a database, edited live.

Times are RFC 3339 in UTC with `Z`; durations are numbers of seconds. Every failure is a problem document (RFC 9457)
with a stable `code`. Lists come in pages: pass `next_cursor` as `cursor` for the next one.
"""
_TAGS = [
    {"name": "schedules", "description": "What should run and when."},
    {"name": "runs", "description": "What happened at each fire time, and why."},
    {"name": "backfills", "description": "Spans of the past that are run again."},
    {"name": "calendars", "description": "Times that schedules keep out of, or keep to."},
    {"name": "tasks", "description": "The Celery tasks that workers have announced."},
    {"name": "workers", "description": "The Celery workers with the plug-in, and the queues that they consume."},
    {"name": "locks", "description": "What tasks hold that must not run side by side."},
    {"name": "sessions", "description": "Who sends a request, and ways for people to sign in."},
    {"name": "system", "description": "What runs, and whether it works."},
]


_PART_OF_TRIGGER = {
    "type": "object",
    "not": {"required": ["kind"]},
    "description": "Without a kind: some fields of the present trigger; the others stay.",
}


class _DurationsInSeconds(GenerateJsonSchema):
    """Describes durations as the numbers of seconds that the API speaks of."""

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:
        """Return the schema of a duration, within its bounds."""
        bounds = {"minimum": schema.get("ge"), "maximum": schema.get("le")}
        given = {name: bound.total_seconds() for name, bound in bounds.items() if bound is not None}
        return {"type": "number", **given, "description": "Seconds."}

    def encode_default(self, dft: object) -> object:
        """Return a default as the API would take it."""
        return to_jsonable_python(dft, timedelta_mode="float")


def _each_field_optional(schema: dict[str, Any]) -> None:
    schema["properties"]["trigger"] = {"anyOf": [schema["properties"]["trigger"], _PART_OF_TRIGGER]}
    required = set(schema.pop("required", ()))
    for name, field in schema["properties"].items():
        field.pop("default", None)
        if name not in required and {"type": "null"} not in field.get("anyOf", ()):
            schema["properties"][name] = {"anyOf": [field, {"type": "null"}], "description": "null: the default."}


class SchedulePatch(ScheduleSpec):
    """A JSON merge patch (RFC 7396) of a spec: the fields to change; null brings a field's default back."""

    model_config = ConfigDict(json_schema_extra=_each_field_optional)


def _each_optional(schema: dict[str, Any]) -> None:
    schema.pop("required", None)
    for field in schema["properties"].values():
        field.pop("default", None)


class CalendarPatch(Calendar):
    """A JSON merge patch (RFC 7396) of a calendar: the fields to change; a list is given as a whole."""

    model_config = ConfigDict(json_schema_extra=_each_optional)


_BODIES: tuple[type[BaseModel], ...] = (
    ScheduleSpec,
    SchedulePatch,
    PauseIn,
    ArgumentsIn,
    CancelIn,
    SkipIn,
    PreviewIn,
    ExplainIn,
    SignInIn,
    Calendar,
    CalendarPatch,
    CalendarImportIn,
    StretchesIn,
    BackfillIn,
    CancelBackfillIn,
)
"""The models of request bodies, which handlers read by themselves (see `punctual.api.body`)."""


_EXAMPLES: dict[type[BaseModel], dict[str, dict[str, Any]]] = {
    ScheduleSpec: {
        "plain": {
            "summary": "Every two hours",
            "value": {"name": "sync", "task": "app.sync", "trigger": "every 2h", "kwargs": {"region": "north"}},
        },
        "policies": {
            "summary": "Never two at once, tried three times, stopped after an hour",
            "value": {
                "name": "backup",
                "task": "app.backup",
                "trigger": "0 2 * * * Europe/Berlin",
                "overlap": "skip",
                "concurrency": {"key": "storage", "limit": 2},
                "retry": {"attempts": 3, "delay": "1m", "backoff": 2, "max_delay": "10m"},
                "timeout": "1h",
                "expires": "30m",
                "pause_after_failures": 5,
                "on_lost": "rerun",
            },
        },
    },
    SchedulePatch: {
        "set": {"summary": "Two attempts more", "value": {"retry": {"attempts": 5}}},
        "clear": {"summary": "No limit of time or number any more", "value": {"timeout": None, "concurrency": None}},
    },
    CancelIn: {
        "cancel": {"summary": "Let the task clean up", "value": {"note": "The source is being moved."}},
        "terminate": {"summary": "End it at once", "value": {"terminate": True}},
    },
}


def body_of(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """Return the `openapi_extra` of a route whose body is `model`, with the ways in which a body is refused."""
    if model not in _BODIES:
        msg = f"{model.__name__} is not among the documented bodies"
        raise ValueError(msg)
    content: dict[str, Any] = {"schema": {"$ref": _COMPONENTS.format(model=model.__name__)}}
    if model in _EXAMPLES:
        content["examples"] = _EXAMPLES[model]
    refused = problems(HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return {
        "requestBody": {"required": required, "content": {"application/json": content}},
        "responses": {str(status): problem for status, problem in refused.items()},
    }


def problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that can fail in these ways."""
    schema = {"$ref": _COMPONENTS.format(model=ProblemOut.__name__)}
    return {
        int(status): {"description": title_of(status), "content": {PROBLEM_MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def operation_id(route: APIRoute) -> str:
    """Return a stable operation id: the handler's name in camel case."""
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """Return the methods that the documented paths of `app` take at `path`, in upper case and in order."""
    paths: dict[str, dict[str, Any]] = app.openapi()["paths"]
    matching = (operations for template, operations in paths.items() if compile_path(template)[0].match(path))
    return sorted({method.upper() for operations in matching for method in operations})


def install_openapi(app: FastAPI) -> None:
    """Make `app` document itself with `document`."""
    app.openapi = partial(_document, app)  # type: ignore[method-assign] # the way that FastAPI documents


def _document(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            openapi_version=app.openapi_version,
            description=_DESCRIPTION,
            routes=app.routes,
            tags=_TAGS,
            servers=app.servers,
        )
        _add_components(document["components"]["schemas"])
        _complete_responses(document["paths"])
        app.openapi_schema = document
    return app.openapi_schema


def _add_components(schemas: dict[str, Any]) -> None:
    documented: tuple[type[BaseModel], ...] = (*_BODIES, ProblemOut)
    _, generated = models_json_schema(
        [(model, "validation") for model in documented],
        ref_template=_COMPONENTS,
        schema_generator=_DurationsInSeconds,
    )
    own: Mapping[str, Any] = generated["$defs"]
    for name, schema in own.items():
        if schemas.setdefault(name, schema) != schema:
            msg = f"two different schemas are named {name}"
            raise ValueError(msg)


def _complete_responses(paths: dict[str, dict[str, Any]]) -> None:
    """Add the refusal that any write with a cookie may get, and put the responses in order."""
    refusal = {str(status): problem for status, problem in problems(HTTPStatus.FORBIDDEN).items()}
    for operations in paths.values():
        for method, operation in operations.items():
            given = operation["responses"] | ({} if method == "get" else refusal)
            operation["responses"] = {status: given[status] for status in sorted(given)}
