"""What is done to a schedule beside its spec: pause, resume, run now, preview."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime

from punctual.api.answers import schedule_out
from punctual.api.body import parsed_as
from punctual.api.deps import Actor, ServicesDep
from punctual.api.openapi import body_of, problems
from punctual.api.preconditions import etag
from punctual.api.routes.schedules import Ref
from punctual.api.schemas import PauseIn, ScheduleOut, SkipIn
from punctual.api.schemas_preview import PreviewOut, ScheduleExplanationOut
from punctual.api.schemas_runs import ArgumentsIn, RunOut

router = APIRouter(prefix="/schedules", tags=["schedules"])


@router.post(
    "/{ref}/pause",
    summary="Pause a schedule",
    responses=problems(HTTPStatus.NOT_FOUND),
    openapi_extra=body_of(PauseIn, required=False),
)
def pause_schedule(
    response: Response,
    services: ServicesDep,
    actor: Actor,
    ref: Ref,
    body: Annotated[PauseIn, Depends(parsed_as(PauseIn))],
) -> ScheduleOut:
    """Stop a schedule from firing until it is resumed; it can still be run now."""
    schedule = services.schedules.pause(ref, note=body.note, actor=actor)
    response.headers["ETag"] = etag(schedule.version)
    return schedule_out(services, schedule)


@router.post("/{ref}/resume", summary="Resume a schedule", responses=problems(HTTPStatus.NOT_FOUND))
def resume_schedule(response: Response, services: ServicesDep, actor: Actor, ref: Ref) -> ScheduleOut:
    """Let a paused schedule fire again, from the next fire time after now."""
    schedule = services.schedules.resume(ref, actor=actor)
    response.headers["ETag"] = etag(schedule.version)
    return schedule_out(services, schedule)


@router.post(
    "/{ref}/skip-next",
    summary="Skip the next run of a schedule",
    responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    openapi_extra=body_of(SkipIn, required=False),
)
def skip_next_run(
    response: Response,
    services: ServicesDep,
    actor: Actor,
    ref: Ref,
    body: Annotated[SkipIn, Depends(parsed_as(SkipIn))],
) -> ScheduleOut:
    """Let the next fire time that would run be skipped; asked again, the one after it.

    `status.skips` shows it until its time has come; then the ledger has a `skipped` record with the reason.
    """
    schedule = services.schedules.skip_next(ref, note=body.note, actor=actor)
    response.headers["ETag"] = etag(schedule.version)
    return schedule_out(services, schedule)


@router.post("/{ref}/unskip", summary="Skip nothing of a schedule", responses=problems(HTTPStatus.NOT_FOUND))
def unskip_runs(response: Response, services: ServicesDep, actor: Actor, ref: Ref) -> ScheduleOut:
    """Let the fire times run that were to be skipped, as far as they are still to come."""
    schedule = services.schedules.unskip(ref, actor=actor)
    response.headers["ETag"] = etag(schedule.version)
    return schedule_out(services, schedule)


@router.post(
    "/{ref}/run-now",
    status_code=HTTPStatus.ACCEPTED,
    summary="Run a schedule now",
    responses=problems(HTTPStatus.NOT_FOUND),
    openapi_extra=body_of(ArgumentsIn, required=False),
)
def run_schedule_now(
    request: Request,
    response: Response,
    services: ServicesDep,
    actor: Actor,
    ref: Ref,
    body: Annotated[ArgumentsIn, Depends(parsed_as(ArgumentsIn))],
) -> RunOut:
    """Record a run of the schedule's task for this instant, if so with changed arguments; a node sends it at once."""
    run = services.schedules.run_now(ref, actor=actor, changes=body.changes)
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/runs/{run.id}"
    return RunOut.of(run)


@router.get("/{ref}/preview", summary="Preview a schedule", responses=problems(HTTPStatus.NOT_FOUND))
def preview_schedule(
    services: ServicesDep,
    ref: Ref,
    after: Annotated[
        AwareDatetime | None, Query(description="Fire times after this (RFC 3339); without it, now.")
    ] = None,
    count: Annotated[int, Query(ge=1, le=100)] = 5,
    previous: Annotated[int, Query(ge=0, le=100, description="How many fire times before that instant.")] = 0,
) -> PreviewOut:
    """Return the next fire times, paused or not, and those before; with what calendars and jitter do to them."""
    return PreviewOut.of(services.previews.of_schedule(ref, after=after, count=count, previous=previous))


@router.get("/{ref}/explain", summary="Explain an instant of a schedule", responses=problems(HTTPStatus.NOT_FOUND))
def explain_schedule(
    services: ServicesDep, ref: Ref, instant: Annotated[AwareDatetime, Query(description="RFC 3339.")]
) -> ScheduleExplanationOut:
    """Return whether the schedule fires at an instant, and if not, exactly why; and what happened then, or instead."""
    explained = services.previews.explain_schedule(ref, instant)
    return ScheduleExplanationOut.with_records(
        explained, services.previews.records_at(ref, explained.explanation.instant)
    )
