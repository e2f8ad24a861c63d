"""Calendars: create, import, list, read, change, delete, and what they hold."""

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AwareDatetime

from punctual.api.body import DocumentBody, parsed_as
from punctual.api.deps import Actor, ServicesDep
from punctual.api.openapi import CalendarPatch, body_of, problems
from punctual.api.paging import PageQuery
from punctual.api.preconditions import IfMatch, etag, expected_version
from punctual.api.schemas_calendars import (
    CalendarImportIn,
    CalendarOut,
    CalendarPageOut,
    ImportedCalendarOut,
    StretchesIn,
    StretchesOut,
    StretchOut,
)
from punctual.control.calendars import stretches_of
from punctual.domain.calendars.calendar import Calendar
from punctual.domain.calendars.stretch import Stretch

router = APIRouter(prefix="/calendars", tags=["calendars"])

Name = Annotated[str, Path(description="The name of a calendar, URL-encoded.", max_length=600)]


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a calendar",
    responses=problems(HTTPStatus.CONFLICT),
    openapi_extra=body_of(Calendar),
)
def create_calendar(
    request: Request, response: Response, services: ServicesDep, actor: Actor, document: DocumentBody
) -> CalendarOut:
    """Store a calendar; it does nothing until a schedule names it."""
    stored = services.calendars.create(document, actor=actor)
    _place(request, response, stored.calendar.name)
    response.headers["ETag"] = etag(stored.version)
    return CalendarOut.of(stored)


@router.post(
    "/import",
    status_code=HTTPStatus.CREATED,
    summary="Import a calendar",
    responses=problems(HTTPStatus.CONFLICT),
    openapi_extra=body_of(CalendarImportIn),
)
def import_calendar(
    request: Request,
    response: Response,
    services: ServicesDep,
    actor: Actor,
    body: Annotated[CalendarImportIn, Depends(parsed_as(CalendarImportIn))],
) -> ImportedCalendarOut:
    """Store a calendar that holds the events of an iCalendar file."""
    imported = services.calendars.import_ics(
        body.ics, name=body.name, timezone=body.timezone, include_free=body.include_free, actor=actor
    )
    _place(request, response, imported.stored.calendar.name)
    response.headers["ETag"] = etag(imported.stored.version)
    return ImportedCalendarOut(calendar=CalendarOut.of(imported.stored), notes=list(imported.notes))


@router.post("/stretches", summary="Look at a calendar that is not stored", openapi_extra=body_of(StretchesIn))
def preview_stretches(body: Annotated[StretchesIn, Depends(parsed_as(StretchesIn))]) -> StretchesOut:
    """Return the stretches of a calendar that touch a window; nothing is stored."""
    return _stretches(stretches_of(body.calendar, *body.window))


@router.get("", summary="List calendars")
def list_calendars(services: ServicesDep, query: Annotated[PageQuery, Query()]) -> CalendarPageOut:
    """Return calendars by name."""
    page = services.calendars.list(limit=query.limit, cursor=query.cursor)
    return CalendarPageOut(items=[CalendarOut.of(item) for item in page.items], next_cursor=page.next_cursor)


@router.get("/{name}", summary="Get a calendar", responses=problems(HTTPStatus.NOT_FOUND))
def get_calendar(response: Response, services: ServicesDep, name: Name) -> CalendarOut:
    """Return one calendar."""
    stored = services.calendars.get(name)
    response.headers["ETag"] = etag(stored.version)
    return CalendarOut.of(stored)


@router.patch(
    "/{name}",
    summary="Change a calendar",
    responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.PRECONDITION_FAILED),
    openapi_extra=body_of(CalendarPatch),
)
def change_calendar(
    response: Response, services: ServicesDep, actor: Actor, name: Name, patch: DocumentBody, if_match: IfMatch = None
) -> CalendarOut:
    """Apply a JSON merge patch; the change holds for fire times after it. The name stays."""
    expected = expected_version(lambda: services.calendars.get(name).version, if_match)
    stored = services.calendars.change(name, patch, actor=actor, expected_version=expected)
    response.headers["ETag"] = etag(stored.version)
    return CalendarOut.of(stored)


@router.delete(
    "/{name}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Delete a calendar",
    responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED),
)
def delete_calendar(services: ServicesDep, name: Name, if_match: IfMatch = None) -> None:
    """Delete a calendar that no schedule uses."""
    expected = expected_version(lambda: services.calendars.get(name).version, if_match)
    services.calendars.delete(name, expected_version=expected)


@router.get("/{name}/stretches", summary="Look at a calendar", responses=problems(HTTPStatus.NOT_FOUND))
def list_stretches(
    services: ServicesDep,
    name: Name,
    start: Annotated[AwareDatetime, Query(alias="from", description="RFC 3339.")],
    until: Annotated[AwareDatetime, Query(description="RFC 3339; at most 400 days later.")],
) -> StretchesOut:
    """Return the stretches of a calendar that touch a window."""
    return _stretches(stretches_of(services.calendars.get(name).calendar, start, until))


def _stretches(found: list[Stretch]) -> StretchesOut:
    return StretchesOut(items=[StretchOut.of(stretch) for stretch in found])


def _place(request: Request, response: Response, name: str) -> None:
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/calendars/{quote(name, safe='')}"
