"""Schedules: create, list, read, change, delete and restore."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator, Field

from punctual.api.answers import schedule_out, schedules_out
from punctual.api.body import DocumentBody
from punctual.api.deps import Actor, ServicesDep
from punctual.api.openapi import SchedulePatch, body_of, problems
from punctual.api.paging import PageQuery
from punctual.api.preconditions import IfMatch, etag, expected_version
from punctual.api.schemas import ScheduleOut, SchedulePageOut
from punctual.domain.names import ServiceName
from punctual.domain.schedule import ScheduleSpec, ScheduleState

router = APIRouter(prefix="/schedules", tags=["schedules"])

Ref = Annotated[str, Path(description="The id or the name of a schedule, URL-encoded.", max_length=600)]
AllowUnknownTask = Annotated[
    bool, Query(description="Take a task that no worker has announced; its arguments are not checked then.")
]


def _is_label(text: str) -> str:
    if "=" not in text:
        msg = "must be key=value"
        raise ValueError(msg)
    return text


LabelText = Annotated[str, Field(max_length=200), AfterValidator(_is_label)]


class ScheduleQuery(PageQuery):
    """Which schedules to list."""

    q: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="Text to look for in name and task, case aside."
    )
    state: ScheduleState | None = None
    calendar: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="Only those that use the calendar of this name."
    )
    service: ServiceName | None = Field(default=None, description="Only those of this service.")
    label: list[LabelText] = Field(
        default=[], max_length=32, description="May be repeated: `key=value`, only those that have all of these labels."
    )


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a schedule",
    responses=problems(HTTPStatus.CONFLICT),
    openapi_extra=body_of(ScheduleSpec),
)
def create_schedule(
    request: Request,
    response: Response,
    services: ServicesDep,
    actor: Actor,
    document: DocumentBody,
    *,
    allow_unknown_task: AllowUnknownTask = False,
) -> ScheduleOut:
    """Store a schedule; it fires from the next fire time after now."""
    schedule = services.schedules.create(document, actor=actor, allow_unknown_task=allow_unknown_task)
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/schedules/{schedule.id}"
    response.headers["ETag"] = etag(schedule.version)
    return schedule_out(services, schedule)


@router.get("", summary="List schedules")
def list_schedules(services: ServicesDep, query: Annotated[ScheduleQuery, Query()]) -> SchedulePageOut:
    """Return schedules by name."""
    page = services.schedules.list(
        query=query.q,
        state=query.state,
        calendar=query.calendar,
        service=query.service,
        labels=[(key, value) for key, _, value in (text.partition("=") for text in query.label)],
        limit=query.limit,
        cursor=query.cursor,
    )
    return SchedulePageOut(items=schedules_out(services, page.items), next_cursor=page.next_cursor)


@router.get("/{ref}", summary="Get a schedule", responses=problems(HTTPStatus.NOT_FOUND))
def get_schedule(response: Response, services: ServicesDep, ref: Ref) -> ScheduleOut:
    """Return one schedule."""
    schedule = services.schedules.get(ref)
    response.headers["ETag"] = etag(schedule.version)
    return schedule_out(services, schedule)


@router.patch(
    "/{ref}",
    summary="Change a schedule",
    responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
    openapi_extra=body_of(SchedulePatch),
)
def change_schedule(
    response: Response,
    services: ServicesDep,
    actor: Actor,
    ref: Ref,
    patch: DocumentBody,
    if_match: IfMatch = None,
    *,
    allow_unknown_task: AllowUnknownTask = False,
) -> ScheduleOut:
    """Apply a JSON merge patch to the spec; fire times before the change are never fired by the new definition."""
    expected = expected_version(lambda: services.schedules.get(ref).version, if_match)
    schedule = services.schedules.change(
        ref, patch, actor=actor, expected_version=expected, allow_unknown_task=allow_unknown_task
    )
    response.headers["ETag"] = etag(schedule.version)
    return schedule_out(services, schedule)


@router.delete(
    "/{ref}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a schedule",
    responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
)
def delete_schedule(services: ServicesDep, actor: Actor, ref: Ref, if_match: IfMatch = None) -> None:
    """Delete a schedule; its runs stay, and it can be restored."""
    expected = expected_version(lambda: services.schedules.get(ref).version, if_match)
    services.schedules.delete(ref, actor=actor, expected_version=expected)


@router.post(
    "/{schedule_id}/restore",
    summary="Restore a deleted schedule",
    responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def restore_schedule(response: Response, services: ServicesDep, actor: Actor, schedule_id: UUID) -> ScheduleOut:
    """Bring a deleted schedule back; it fires from the next fire time after now."""
    schedule = services.schedules.restore(str(schedule_id), actor=actor)
    response.headers["ETag"] = etag(schedule.version)
    return schedule_out(services, schedule)
