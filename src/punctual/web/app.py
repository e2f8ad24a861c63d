"""Serves the built single-page UI: its files, and its one page for every address that is not a file."""

from pathlib import Path, PurePosixPath
from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DIST: Final = Path(__file__).parent / "dist"
"""Where `npm run build` in `ui/` writes, and where the wheel carries the built UI."""

_NOT_BUILT = """\
The web UI is not built, so there is nothing to show here. The API under /api/v1 works.

Run `python3 dev.py up` in a checkout (it builds the UI and starts everything),
or `npm ci && npm run build` in the folder `ui`, and load this page again.
"""

# The component library writes its theme variables and responsive styles as <style> elements, hence 'unsafe-inline'
# for styles, which run no code; scripts come from our own files only.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_SECURITY_HEADERS: Final = (
    (b"content-security-policy", _CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
)

_FOREVER = "public, max-age=31536000, immutable"  # names under assets/ carry a hash of their content
_NEVER = "no-store"
_A_WHILE = "public, max-age=3600"


def create_web_app(dist: Path = DIST) -> ASGIApp:
    """Return an ASGI app that serves the UI built into `dist`; mount it at `/`, after the API.

    Hashed files under `assets/` are cached for good; the page itself never is. An address that does not look like a
    file (no dot in its last part) is a place inside the UI and gets the page; a file that is not there is a 404. While
    `dist` holds no page, every address answers 503 and says how to build it; a later build is picked up at once.
    """
    root = dist.resolve()

    def serve(request: Request) -> Response:
        page = root / "index.html"
        if not page.is_file():
            return PlainTextResponse(_NOT_BUILT, status_code=503, headers={"cache-control": _NEVER})
        path = PurePosixPath(request.path_params["path"])
        found = _file_under(root, path)
        if found is not None and found != page:
            lifetime = _FOREVER if path.parts[0] == "assets" else _A_WHILE
            return FileResponse(found, headers={"cache-control": lifetime})
        if found is None and _looks_like_a_file(path):
            raise HTTPException(404, headers={"cache-control": _NEVER})
        return FileResponse(page, headers={"cache-control": _NEVER})

    return _WithSecurityHeaders(Starlette(routes=[Route("/{path:path}", serve, methods=["GET"])]))


def _file_under(root: Path, path: PurePosixPath) -> Path | None:
    """Return the file at `path` if it lies inside `root`, however the path is spelled, else None."""
    try:
        found = (root / path.relative_to("/" if path.is_absolute() else "")).resolve()
    except ValueError:  # a null byte is no file name
        return None
    return found if found.is_relative_to(root) and found.is_file() else None


def _looks_like_a_file(path: PurePosixPath) -> bool:
    """Tell a missing file from a place in the UI; names with dots are looked up under `/schedules/` and the like."""
    first = path.parts[0] if path.parts else ""
    return first == "assets" or (path.suffix != "" and first not in {"schedules", "calendars", "runs", "tasks"})


class _WithSecurityHeaders:
    """Adds the security headers to every answer of an app, its errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_SECURITY_HEADERS]
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
