"""One ASGI application out of the API and the web UI."""

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from punctual.api.app import create_api
from punctual.api.deps import API_PREFIX, Services
from punctual.api.errors import answer_unknown_path
from punctual.api.metrics import metrics_endpoint
from punctual.domain.clock import Clock
from punctual.settings import Settings
from punctual.store.database import Database
from punctual.web.app import create_web_app


def create_app(settings: Settings, database: Database, clock: Clock) -> Starlette:
    """Return the API at `/api/v1`, the metrics at `/metrics`, the web UI at `/`, on `database` by the time of `clock`.

    The caller opens and closes the database, and may mount the application in its own: the API works under any prefix,
    the web UI at the root of a host only.
    """
    services = Services.of(settings, database, clock)
    return Starlette(
        routes=[
            Mount(API_PREFIX, app=create_api(services)),
            Mount("/api", app=answer_unknown_path),  # a program that errs gets a problem, not the UI's page
            Route("/metrics", metrics_endpoint(services), methods=["GET"]),
            Mount("/", app=create_web_app()),
        ]
    )
