"""Workers: which live, what they do, and what they cannot do."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query

from punctual.api.deps import ServicesDep
from punctual.api.openapi import problems
from punctual.api.paging import PageQuery
from punctual.api.schemas_workers import WorkerOut, WorkerPageOut

router = APIRouter(prefix="/workers", tags=["workers"])


@router.get("", summary="List workers")
def list_workers(services: ServicesDep, query: Annotated[PageQuery, Query()]) -> WorkerPageOut:
    """Return workers by name: those that live, and those that fell silent within the last day."""
    page = services.workers.list(limit=query.limit, cursor=query.cursor)
    return WorkerPageOut.of(page.items, page.next_cursor)


# A worker may have any name, slashes included.
@router.get("/{name:path}", summary="Get a worker", responses=problems(HTTPStatus.NOT_FOUND))
def get_worker(services: ServicesDep, name: Annotated[str, Path(description="Its Celery node name.")]) -> WorkerOut:
    """Return one worker."""
    return WorkerOut.of(services.workers.get(name))
