"""Queues: how much waits in the broker, and who takes it."""

from typing import Annotated

from fastapi import APIRouter, Query

from punctual.api.deps import ServicesDep
from punctual.api.paging import PageQuery
from punctual.api.schemas_workers import QueuePageOut

router = APIRouter(prefix="/queues", tags=["workers"])


@router.get("", summary="List queues")
def list_queues(services: ServicesDep, query: Annotated[PageQuery, Query()]) -> QueuePageOut:
    """Return queues by name, as a node measured them last.

    They are those that living workers consume or schedules send to, and the app's default one. A node measures about
    every ten seconds, and makes and takes nothing by it.
    """
    page = services.queues.list(limit=query.limit, cursor=query.cursor)
    return QueuePageOut.of(page.items, page.next_cursor)
