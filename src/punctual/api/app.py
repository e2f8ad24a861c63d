"""The API as one ASGI application."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, FastAPI

from punctual.api.deps import API_PREFIX, Services, require_actor
from punctual.api.errors import install_error_handlers
from punctual.api.middleware import RequestMiddleware
from punctual.api.openapi import install_openapi, operation_id, problems
from punctual.api.routes import (
    backfills,
    calendars,
    forecast,
    health,
    locks,
    operations,
    preview,
    queues,
    runs,
    schedules,
    session,
    system,
    tasks,
    workers,
)

_VERSION = "1"


def create_api(services: Services) -> FastAPI:
    """Return the API that works with these services; mount it at `API_PREFIX`."""
    app = _without_services()
    app.state.services = services
    return app


def describe_api() -> dict[str, Any]:
    """Return the OpenAPI document of the API."""
    return _without_services().openapi()


def _without_services() -> FastAPI:
    app = FastAPI(
        title="Punctual",
        version=_VERSION,
        openapi_url="/openapi.json",
        docs_url=None,  # the pages that FastAPI offers load their code from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": API_PREFIX}],
        generate_unique_id_function=operation_id,
    )
    app.add_middleware(RequestMiddleware)
    install_error_handlers(app)
    app.include_router(_protected())
    app.include_router(_open())
    install_openapi(app)
    return app


def _protected() -> APIRouter:
    router = APIRouter(
        dependencies=[Depends(require_actor)],
        responses=problems(
            HTTPStatus.UNAUTHORIZED,
            HTTPStatus.UNPROCESSABLE_ENTITY,
            HTTPStatus.INTERNAL_SERVER_ERROR,
            HTTPStatus.SERVICE_UNAVAILABLE,
        ),
    )
    for resource in (schedules, operations, preview, calendars, forecast, runs, backfills):
        router.include_router(resource.router)
    for resource in (tasks, workers, queues, locks, session, system):
        router.include_router(resource.router)
    return router


def _open() -> APIRouter:
    router = APIRouter(responses=problems(HTTPStatus.INTERNAL_SERVER_ERROR))
    router.include_router(health.router)
    router.include_router(session.open_router)
    return router
