"""Runs: what happened at each fire time, and why."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from punctual.api.answers import run_out, runs_out
from punctual.api.body import parsed_as
from punctual.api.deps import Actor, ServicesDep
from punctual.api.openapi import body_of, problems
from punctual.api.paging import PageQuery
from punctual.api.schemas_runs import ArgumentsIn, CancelIn, CancellationOut, LogPageOut, RunOut, RunPageOut
from punctual.domain.run import Cause, RunState

router = APIRouter(prefix="/runs", tags=["runs"])


class RunQuery(PageQuery):
    """Which runs to list."""

    schedule: Annotated[str, Field(max_length=600)] | None = Field(
        default=None, description="The id or the name of a schedule."
    )
    state: list[RunState] = Field(default=[], description="May be repeated: runs in any of these states.")
    cause: Cause | None = None
    task: Annotated[str, Field(max_length=255)] | None = Field(
        default=None, description="The name of the task that was called."
    )
    backfill: UUID | None = Field(default=None, description="Only the runs of this backfill.")
    since: AwareDatetime | None = Field(
        default=None, alias="from", description="The first fire time (RFC 3339); a record of many counts by its first."
    )
    until: AwareDatetime | None = Field(default=None, description="Fire times before this (RFC 3339).")


@router.get("", summary="List runs", responses=problems(HTTPStatus.NOT_FOUND))
def list_runs(services: ServicesDep, query: Annotated[RunQuery, Query()]) -> RunPageOut:
    """Return runs, the newest fire time first."""
    page = services.runs.list(
        schedule=query.schedule,
        state=query.state,
        cause=query.cause,
        task=query.task,
        backfill=query.backfill,
        since=query.since,
        until=query.until,
        limit=query.limit,
        cursor=query.cursor,
    )
    return RunPageOut(items=runs_out(services, page.items), next_cursor=page.next_cursor)


@router.get("/{run_id}", summary="Get a run", responses=problems(HTTPStatus.NOT_FOUND))
def get_run(services: ServicesDep, run_id: UUID) -> RunOut:
    """Return one run."""
    return run_out(services, services.runs.get(run_id))


class LogQuery(BaseModel):
    """Which lines of a run's log."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=1000, description="How many lines at most.")] = 200
    after: Annotated[str, Field(max_length=1000)] | None = Field(
        default=None, description="`after` of an earlier answer: only what came since; without it, from the start."
    )


@router.get("/{run_id}/log", summary="Read the log of a run", responses=problems(HTTPStatus.NOT_FOUND))
def read_log(services: ServicesDep, run_id: UUID, query: Annotated[LogQuery, Query()]) -> LogPageOut:
    """Return what the task kept with `punctual.current_run().log(...)`, attempt by attempt.

    To follow a run, ask again with `after`; new lines are there within a second.
    """
    return LogPageOut.of(services.runs.log(run_id, limit=query.limit, after=query.after))


@router.post(
    "/{run_id}/rerun",
    status_code=HTTPStatus.ACCEPTED,
    summary="Do a run again",
    responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    openapi_extra=body_of(ArgumentsIn, required=False),
)
def rerun(
    request: Request,
    response: Response,
    services: ServicesDep,
    actor: Actor,
    run_id: UUID,
    body: Annotated[ArgumentsIn, Depends(parsed_as(ArgumentsIn))],
) -> RunOut:
    """Record a run that does one that has ended again: for the same fire time, by the same version of the schedule.

    Its arguments are the same, or changed as asked. Where the fire time is taken by another rerun, it has the first
    free microsecond after it.
    """
    run = services.runs.rerun(run_id, actor=actor, changes=body.changes)
    response.headers["Location"] = f"{request.scope.get('root_path', '')}/runs/{run.id}"
    return RunOut.of(run)


@router.post(
    "/{run_id}/cancel",
    summary="Cancel a run",
    responses=problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    openapi_extra=body_of(CancelIn, required=False),
)
def cancel_run(
    services: ServicesDep, actor: Actor, run_id: UUID, body: Annotated[CancelIn, Depends(parsed_as(CancelIn))]
) -> CancellationOut:
    """End a run that has not started at once; ask the worker of one that runs to stop it.

    A task is interrupted where its worker's pool can (prefork, gevent, eventlet); with threads and solo it runs on. The
    answer says which. A run that has ended is refused with 409.
    """
    return CancellationOut.of(services.runs.cancel(run_id, actor=actor, terminate=body.terminate, note=body.note))
