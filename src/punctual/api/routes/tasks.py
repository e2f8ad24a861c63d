"""Tasks: what workers have announced that they can run."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query

from punctual.api.deps import ServicesDep
from punctual.api.openapi import problems
from punctual.api.paging import PageQuery
from punctual.api.schemas import TaskOut, TaskPageOut

router = APIRouter(prefix="/tasks", tags=["tasks"])


@router.get("", summary="List tasks")
def list_tasks(services: ServicesDep, query: Annotated[PageQuery, Query()]) -> TaskPageOut:
    """Return tasks by name."""
    page = services.tasks.list(limit=query.limit, cursor=query.cursor)
    return TaskPageOut(items=[TaskOut.of(item) for item in page.items], next_cursor=page.next_cursor)


# A task may have any name that Celery takes, slashes included.
@router.get("/{name:path}", summary="Get a task", responses=problems(HTTPStatus.NOT_FOUND))
def get_task(services: ServicesDep, name: Annotated[str, Path(description="The name of the task.")]) -> TaskOut:
    """Return one task."""
    return TaskOut.of(services.tasks.get(name))
