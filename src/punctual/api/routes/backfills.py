"""Backfills: the fire times of a span of the past, run because somebody asks for them."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from punctual.api.body import parsed_as
from punctual.api.deps import Actor, ServicesDep
from punctual.api.openapi import body_of, problems
from punctual.api.paging import PageQuery
from punctual.api.routes.schedules import Ref
from punctual.api.schemas_backfills import (
    BackfillIn,
    BackfillOut,
    BackfillPageOut,
    BackfillPreviewOut,
    CancelBackfillIn,
)
from punctual.domain.backfill import BackfillState

router = APIRouter(tags=["backfills"])


class BackfillQuery(PageQuery):
    """Which backfills to list."""

    schedule: Annotated[str, Field(max_length=600)] | None = Field(
        default=None, description="The id or the name of a schedule."
    )
    state: BackfillState | None = None


@router.post(
    "/schedules/{ref}/backfills",
    status_code=HTTPStatus.CREATED,
    response_model=BackfillOut,
    summary="Backfill a schedule",
    responses=problems(HTTPStatus.NOT_FOUND)
    | {200: {"model": BackfillPreviewOut, "description": "What it would do, for a dry run."}},
    openapi_extra=body_of(BackfillIn),
)
def start_backfill(
    request: Request,
    response: Response,
    services: ServicesDep,
    actor: Actor,
    ref: Ref,
    body: Annotated[BackfillIn, Depends(parsed_as(BackfillIn))],
) -> BackfillOut | Response:
    """Begin to run the fire times of a span of the past, by the present version of the schedule, paused or not.

    With `dry_run` nothing is written, and the answer tells what would become of the span.
    """
    if body.dry_run:
        preview = BackfillPreviewOut.of(services.backfills.preview(ref, body.request))
        return Response(preview.model_dump_json(), media_type="application/json")
    view = services.backfills.start(ref, body.request, actor=actor)
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/backfills/{view.backfill.id}"
    return BackfillOut.of(view)


@router.get("/backfills", summary="List backfills", responses=problems(HTTPStatus.NOT_FOUND))
def list_backfills(services: ServicesDep, query: Annotated[BackfillQuery, Query()]) -> BackfillPageOut:
    """Return backfills, the newest first."""
    page = services.backfills.list(schedule=query.schedule, state=query.state, limit=query.limit, cursor=query.cursor)
    return BackfillPageOut(items=[BackfillOut.of(item) for item in page.items], next_cursor=page.next_cursor)


@router.get("/backfills/{backfill_id}", summary="Get a backfill", responses=problems(HTTPStatus.NOT_FOUND))
def get_backfill(services: ServicesDep, backfill_id: UUID) -> BackfillOut:
    """Return one backfill, with its progress."""
    return BackfillOut.of(services.backfills.get(backfill_id))


@router.post(
    "/backfills/{backfill_id}/cancel",
    summary="Cancel a backfill",
    responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    openapi_extra=body_of(CancelBackfillIn, required=False),
)
def cancel_backfill(
    services: ServicesDep,
    actor: Actor,
    backfill_id: UUID,
    body: Annotated[CancelBackfillIn, Depends(parsed_as(CancelBackfillIn))],
) -> BackfillOut:
    """Make no more runs, and cancel those that no worker has started; asked again with `terminate`, stop the others."""
    return BackfillOut.of(services.backfills.cancel(backfill_id, terminate=body.terminate, actor=actor))
