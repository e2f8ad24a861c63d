"""Sessions: sign-in links for people, and the cookie that a link opens."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from punctual.api.body import parsed_as
from punctual.api.deps import (
    SESSION_COOKIE,
    Actor,
    ServicesDep,
    base_url,
    comes_from_a_browser,
    cross_site,
    sent_from_own_page,
)
from punctual.api.openapi import body_of, problems
from punctual.api.schemas_system import SignInIn, SignInLinkOut, WhoamiOut

router = APIRouter(tags=["sessions"])
open_router = APIRouter(tags=["sessions"])


@router.get("/whoami", summary="Tell who I am")
def whoami(actor: Actor) -> WhoamiOut:
    """Return who the request comes from."""
    return WhoamiOut(actor=actor)


@router.post("/sign-in-links", status_code=HTTPStatus.CREATED, summary="Create a sign-in link")
def create_sign_in_link(request: Request, services: ServicesDep, actor: Actor) -> SignInLinkOut:
    """Return an address that opens one session in a browser, once and for a short time."""
    link = services.access.create_sign_in_link(actor=actor)
    url = f"{base_url(request, services.settings)}/sign-in#code={link.code}"
    return SignInLinkOut(url=url, expires_at=link.expires_at)


@open_router.post(
    "/session",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Open a session",
    responses=problems(HTTPStatus.UNAUTHORIZED, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.SERVICE_UNAVAILABLE),
    openapi_extra=body_of(SignInIn),
)
def open_session(
    request: Request,
    response: Response,
    services: ServicesDep,
    body: Annotated[SignInIn, Depends(parsed_as(SignInIn))],
) -> None:
    """Use up the code of a sign-in link and set the session cookie."""
    if comes_from_a_browser(request) and not sent_from_own_page(request, services.settings):
        raise cross_site()
    session = services.access.open_session(body.code)
    response.set_cookie(
        SESSION_COOKIE,
        session.cookie,
        max_age=int((session.expires_at - services.clock.now()).total_seconds()),  # by our clock, not the browser's
        path="/",
        secure=base_url(request, services.settings).startswith("https:"),
        httponly=True,
        samesite="strict",
    )


@router.delete("/session", status_code=HTTPStatus.NO_CONTENT, summary="Close the session")
def close_session(request: Request, response: Response, services: ServicesDep) -> None:
    """End the session of the cookie, for every copy of it, and clear the cookie."""
    if cookie := request.cookies.get(SESSION_COOKIE):
        services.access.close_session(cookie)
    response.delete_cookie(
        SESSION_COOKIE,
        path="/",
        secure=base_url(request, services.settings).startswith("https:"),
        httponly=True,
        samesite="strict",
    )
