"""What handlers are given: the services, and the actor behind a request."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from punctual.api.errors import CrossSiteRequestError
from punctual.control.access import Access
from punctual.control.backfills import Backfills
from punctual.control.calendars import Calendars
from punctual.control.forecast import Forecasts
from punctual.control.locks import Locks
from punctual.control.preview import Previews
from punctual.control.queues import Queues
from punctual.control.runs import Runs
from punctual.control.schedules import Schedules
from punctual.control.serving import Served
from punctual.control.system import System
from punctual.control.tasks import Tasks
from punctual.control.workers import Workers
from punctual.domain.clock import Clock
from punctual.domain.errors import UnauthenticatedError
from punctual.ops.metrics import Metrics
from punctual.settings import Settings
from punctual.store.database import Database

API_PREFIX = "/api/v1"
"""Where the API is mounted, below whatever prefix the whole application is served under."""

SESSION_COOKIE = "punctual_session"

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers work with, made once per process."""

    settings: Settings
    clock: Clock
    schedules: Schedules
    calendars: Calendars
    previews: Previews
    forecasts: Forecasts
    runs: Runs
    backfills: Backfills
    tasks: Tasks
    workers: Workers
    locks: Locks
    queues: Queues
    served: Served
    access: Access
    system: System
    metrics: Metrics

    @classmethod
    def of(cls, settings: Settings, database: Database, clock: Clock) -> "Services":
        """Return the services that work on `database` by the time of `clock`."""
        return cls(
            settings=settings,
            clock=clock,
            schedules=Schedules(database, clock, settings.masking),
            calendars=Calendars(database, clock),
            previews=Previews(database, clock, settings.masking),
            forecasts=Forecasts(database, clock),
            runs=Runs(database, clock, settings.masking),
            backfills=Backfills(database, clock),
            tasks=Tasks(database, clock),
            workers=Workers(database, clock),
            locks=Locks(database, clock),
            queues=Queues(database, clock),
            served=Served(database, clock),
            access=Access(database, clock),
            system=System(database, clock),
            metrics=Metrics(database, clock, schedules=settings.metrics_schedules),
        )


# Dependencies without I/O are coroutines, which spares each request a hop to a thread.
async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(_services)]

# These two only document the ways in; both are read in `require_actor`, which gives errors the one shape.
_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="A token, for programs.")
_cookie = APIKeyCookie(
    name=SESSION_COOKIE, auto_error=False, scheme_name="session", description="A session, for people in a browser."
)


def require_actor(
    request: Request,
    services: ServicesDep,
    _token: Annotated[object, Depends(_bearer)],
    session: Annotated[str | None, Depends(_cookie)],
) -> str:
    """Return who sends the request: by its bearer token, else by its session cookie.

    Raises UnauthenticatedError without a good credential, CrossSiteRequestError for a write with the cookie that
    does not provably come from a page of this server.
    """
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return services.access.authenticate(_bearer_token(authorization))
    if session is None:
        raise _unauthenticated(found="neither a token nor a session")
    if request.method not in _SAFE_METHODS and not sent_from_own_page(request, services.settings):
        raise cross_site()
    return services.access.authenticate_session(session)


Actor = Annotated[str, Depends(require_actor)]


def require_token(request: Request, services: Services) -> None:
    """Return if the request has a good bearer token; raises UnauthenticatedError."""
    authorization = request.headers.get("authorization")
    if authorization is None:
        raise _unauthenticated(found="no token")
    services.access.authenticate(_bearer_token(authorization))


def _bearer_token(authorization: str) -> str:
    scheme, token = get_authorization_scheme_param(authorization)
    if scheme.lower() != "bearer" or not token:
        raise _unauthenticated(found="an Authorization header that is not `Bearer` with a token")
    return token


def sent_from_own_page(request: Request, settings: Settings) -> bool:
    """Tell whether a browser says that a page of this server sent the request.

    `Sec-Fetch-Site` decides where the browser sends it (it does not over plain HTTP, except to loopback); else the
    host of `Origin` must be the one that the request was sent to, or that of the public URL.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("origin")
    if origin is None:
        return False
    own_hosts = {request.headers.get("host", "").lower()}
    if settings.public_url is not None:
        own_hosts.add(urlsplit(settings.public_url).netloc.lower())
    return urlsplit(origin).netloc.lower() in own_hosts - {""}


def base_url(request: Request, settings: Settings) -> str:
    """Return the address that people reach this server at, without a slash at its end."""
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    root = request.scope.get("root_path", "").removesuffix(API_PREFIX)
    return f"{request.url.scheme}://{request.url.netloc}{root}"


def comes_from_a_browser(request: Request) -> bool:
    """Tell whether the request carries a header that browsers add to writes of pages."""
    return "sec-fetch-site" in request.headers or "origin" in request.headers


def cross_site() -> CrossSiteRequestError:
    """Return the refusal of a write sent by a page of another site."""
    return CrossSiteRequestError(
        "The request does not come from a page of this server.",
        fix="Programs send a bearer token instead of the session cookie. Behind a proxy, pass the Host header on, "
        "or set PUNCTUAL_PUBLIC_URL to the address that people use.",
    )


def _unauthenticated(*, found: str) -> UnauthenticatedError:
    return UnauthenticatedError(
        f"The request has {found}.", fix="Send `Authorization: Bearer TOKEN`, or open a session with a sign-in link."
    )
