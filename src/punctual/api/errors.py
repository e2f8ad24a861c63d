"""Every failure leaves as one shape: a problem document (RFC 9457) with a stable code, a sentence and the fix."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from punctual.api.openapi import allowed_methods
from punctual.api.problem import FaultOut, ProblemOut, problem_response, title_of
from punctual.control.faults import path_of
from punctual.domain.errors import (
    BrokerUnavailableError,
    ConflictError,
    DatabaseUnavailableError,
    Fault,
    InvalidInputError,
    NotFoundError,
    PunctualError,
    StaleVersionError,
    TriggerError,
    UnauthenticatedError,
)
from punctual.domain.identity import new_id

RETRY_AFTER_SECONDS = 5

_log = logging.getLogger(__name__)


class RequestRefusedError(PunctualError):
    """The HTTP request itself cannot be taken; each kind has its own status."""

    status: ClassVar[HTTPStatus]


class MalformedAddressError(RequestRefusedError):
    """The path or the query holds a null character, which is no text."""

    code = "malformed_address"
    status = HTTPStatus.BAD_REQUEST


class MalformedBodyError(RequestRefusedError):
    """The body is not one JSON object."""

    code = "malformed_body"
    status = HTTPStatus.BAD_REQUEST


class BodyTooLargeError(RequestRefusedError):
    """The body is larger than any request needs."""

    code = "body_too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaTypeError(RequestRefusedError):
    """The body is not declared as JSON."""

    code = "unsupported_media_type"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class CrossSiteRequestError(RequestRefusedError):
    """A browser sent a write with the session cookie from a page of another site."""

    code = "cross_site_request"
    status = HTTPStatus.FORBIDDEN


_STATUS: dict[type[PunctualError], HTTPStatus] = {
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TriggerError: HTTPStatus.UNPROCESSABLE_ENTITY,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    StaleVersionError: HTTPStatus.PRECONDITION_FAILED,
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    DatabaseUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    BrokerUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}

_HEADERS: dict[HTTPStatus, dict[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": 'Bearer realm="punctual"'},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_SECONDS)},
}

_UNKNOWN_PATH = ProblemOut(
    title=HTTPStatus.NOT_FOUND.phrase,
    status=HTTPStatus.NOT_FOUND,
    code="unknown_path",
    detail="The API has no such path.",
    fix="The paths are listed in /api/v1/openapi.json.",
)


def unexpected_response(error: Exception, *, method: str, path: str) -> Response:
    """Log an error nobody foresaw, and return a problem that tells its log id and nothing of the inside."""
    error_id = new_id().hex[:12]
    _log.error(
        "Request failed, error %s: %s %s",
        error_id,
        method,
        path,
        exc_info=error,
        extra={"action": "http_request_failed", "error_id": error_id, "method": method, "path": path},
    )
    return problem_response(
        ProblemOut(
            title=title_of(HTTPStatus.INTERNAL_SERVER_ERROR),
            status=HTTPStatus.INTERNAL_SERVER_ERROR,
            code="internal_error",
            detail=f"The server met an error it did not foresee. Its log has the details under {error_id}.",
            fix=f"Look for {error_id} in the server's log, and report it as a bug.",
        )
    )


async def answer_unknown_path(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer any request, as an ASGI app, that the API has no such path."""
    await problem_response(_UNKNOWN_PATH)(scope, receive, send)


def install_error_handlers(app: FastAPI) -> None:
    """Make every error of `app` leave as a problem; errors nobody foresaw are the middleware's."""
    app.add_exception_handler(PunctualError, _on_punctual_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_parameters)
    app.add_exception_handler(HTTPException, _on_http_error)


def refusal_response(error: PunctualError, *, method: str, path: str) -> Response:
    """Return the problem for an error raised on purpose; one that no request should meet is logged as unforeseen."""
    status = _status_of(error)
    detail = error.message
    if isinstance(error, DatabaseUnavailableError):
        # The driver's words may name hosts and users, and this answer is given before anyone is authenticated.
        detail = error.sentence
        _log.warning("%s", error.message, extra={"action": "database_unavailable", "code": error.code})
    if status is None:
        return unexpected_response(error, method=method, path=path)
    faults = _faults_in(error)
    problem = ProblemOut(
        title=title_of(status),
        status=status,
        code=error.code,
        detail=detail,
        fix=error.fix,
        errors=[FaultOut.of(fault) for fault in faults] or None,
    )
    return problem_response(problem, _HEADERS.get(status))


def _on_punctual_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, PunctualError):
        raise error
    return refusal_response(error, method=request.method, path=request.url.path)


def _on_invalid_parameters(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return _on_punctual_error(request, InvalidInputError([_parameter_fault(detail) for detail in error.errors()]))


def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == HTTPStatus.NOT_FOUND:
        return problem_response(_UNKNOWN_PATH)
    headers: dict[str, str] = dict(error.headers or {})
    fix = ""
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The router names the methods of the first route alone; a path may have several.
        path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        headers["Allow"] = ", ".join(allowed_methods(request.app, path) or [headers["Allow"]])
        fix = f"This path takes {headers['Allow']}."
    return problem_response(
        ProblemOut(
            title=title_of(error.status_code),
            status=error.status_code,
            code=title_of(error.status_code).lower().replace(" ", "_"),
            detail=f"{request.method} is not possible here." if fix else f"{error.detail}.",
            fix=fix,
        ),
        headers,
    )


def _status_of(error: PunctualError) -> HTTPStatus | None:
    if isinstance(error, RequestRefusedError):
        return error.status
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), None)


def _faults_in(error: PunctualError) -> Sequence[Fault]:
    if isinstance(error, InvalidInputError):
        return error.faults
    if isinstance(error, TriggerError):
        return [error.fault_at(f"trigger.{error.field}" if error.field else "trigger")]
    return ()


def _parameter_fault(detail: Mapping[str, Any]) -> Fault:
    place, *path = detail["loc"]  # the place is query, path or header
    if detail["type"] == "extra_forbidden":
        return Fault(path_of(path), "unknown_parameter", f"is no {place} parameter here", "Leave it out.")
    message: str = detail["msg"]
    return Fault(path_of(path), detail["type"], message[:1].lower() + message[1:])
