"""Locks that tasks hold."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query

from punctual.api.deps import Actor, ServicesDep
from punctual.api.openapi import problems
from punctual.api.paging import PageQuery
from punctual.api.schemas_locks import LockOut, LockPageOut

router = APIRouter(prefix="/locks", tags=["locks"])

LockId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("", summary="List locks")
def list_locks(services: ServicesDep, query: Annotated[PageQuery, Query()]) -> LockPageOut:
    """Return the locks that tasks hold, the one held for longest first."""
    page = services.locks.list(limit=query.limit, cursor=query.cursor)
    return LockPageOut(items=[LockOut.of(item) for item in page.items], next_cursor=page.next_cursor)


@router.delete(
    "/{lock_id}",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Release a lock",
    responses=problems(HTTPStatus.NOT_FOUND),
)
def release_lock(services: ServicesDep, actor: Actor, lock_id: LockId) -> None:
    """Let others take a lock that is stuck. A task that still holds it is not stopped, and is told that it lost it."""
    services.locks.release(lock_id, actor=actor)
