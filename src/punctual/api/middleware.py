"""Around every request: its log line, the headers of every answer, and a last resort for unforeseen errors."""

import logging
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from punctual.api.errors import MalformedAddressError, refusal_response, unexpected_response
from punctual.domain.clock import monotonic

_log = logging.getLogger(__name__)
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestMiddleware:
    """Logs each request (writes at INFO, reads at DEBUG) and answers with a problem when the app raises."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = monotonic()
        status: int | None = None

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["Cache-Control"] = "no-store"
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        app = _refuse_address if _has_null(scope) else self._app
        try:
            await app(scope, receive, send_marked)
        except ClientDisconnect:
            status = status or HTTPStatus.BAD_REQUEST
        except Exception as error:
            response = unexpected_response(error, method=scope["method"], path=scope["path"])
            if status is not None:  # the answer is on its way: only the server can break it off
                raise
            await response(scope, receive, send_marked)
        finally:
            _log_request(scope, status, milliseconds=round((monotonic() - started) * 1000, 1))


def _has_null(scope: Scope) -> bool:
    # PostgreSQL keeps no text with a null character, so nothing could ever be found by one.
    return "\x00" in scope["path"] or b"%00" in scope["query_string"]


async def _refuse_address(scope: Scope, receive: Receive, send: Send) -> None:
    error = MalformedAddressError("The address holds a null character.", fix="Leave the character %00 out.")
    response = refusal_response(error, method=scope["method"], path=scope["path"])
    await response(scope, receive, send)


def _log_request(scope: Scope, status: int | None, *, milliseconds: float) -> None:
    method, path = scope["method"], scope["path"]
    _log.log(
        logging.DEBUG if method in _READS else logging.INFO,
        "%s %s: %s in %s ms",
        method,
        path,
        status,
        milliseconds,
        extra={"action": "http_request", "method": method, "path": path, "status": status, "ms": milliseconds},
    )
