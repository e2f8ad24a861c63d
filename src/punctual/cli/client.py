"""The management commands' way to the server: one REST client, and its failures in words."""

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from punctual.cli.configuration import process_settings
from punctual.cli.output import marked
from punctual.domain.clock import Clock, SystemClock
from punctual.domain.errors import PunctualError, SetupError

if TYPE_CHECKING:
    import httpx

    from punctual.settings import Settings

Document = dict[str, Any]
Query = Mapping[str, str | int | Sequence[str] | None]

_TIMEOUT_SECONDS = 30.0
_LARGEST_PAGE = 200
_UNAUTHENTICATED = 401


class ServerUnreachableError(PunctualError):
    """No Punctual server answers at the address, or something else does."""

    code = "server_unreachable"


class RefusedError(PunctualError):
    """The server refused the request; `status` is the HTTP status, `problem` the API's stable code."""

    code = "refused"

    def __init__(self, message: str, *, fix: str, status: int, problem: str) -> None:
        """Keep what a program may want to tell refusals apart by."""
        super().__init__(message, fix=fix)
        self.status = status
        self.problem = problem


@dataclass(frozen=True)
class Connection:
    """What a command takes from its surroundings, besides the settings.

    `url` wins over the settings. `transport` replaces the network; `clock` and `sleep` replace this machine's.
    """

    url: str | None = None
    transport: "httpx.BaseTransport | None" = None
    clock: Clock = SystemClock()  # noqa: RUF009 - it has no state to share
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True)
class _Token:
    value: str | None
    source: str


UrlOption = Annotated[
    str | None,
    typer.Option("--url", help="Server to talk to. Without it: PUNCTUAL_URL, else http://127.0.0.1:8710."),
]


def choose_server(ctx: typer.Context, url: UrlOption = None) -> None:
    """Take the option that a group of commands shares: which server they talk to."""
    if url is not None:
        ctx.obj = replace(surroundings(ctx), url=url)


def surroundings(ctx: typer.Context) -> Connection:
    """Return the connection that the command was called with, or the ordinary one."""
    return ctx.find_object(Connection) or Connection()


def segment(text: str) -> str:
    """Return `text` as one segment of a path, whatever it contains."""
    if set(text) == {"."}:
        return text.replace(".", "%2E")
    return quote(text, safe="")


class Client:
    """Sends requests under `/api/v1` and returns the documents of the answers.

    Every method raises ServerUnreachableError when no Punctual server answers, and RefusedError when it refuses.
    """

    def __init__(self, http: "httpx.Client", *, url: str, token: _Token) -> None:
        """Send through `http`; `url` and `token` are what its failures are explained with."""
        self._http = http
        self._url = url
        self._token = token

    def get(self, path: str, query: Query | None = None) -> Document:
        """Return the document at `path`."""
        return self._send("GET", path, query=query)

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, query: Query | None = None) -> Document:
        """Post `body` and return the answer's document."""
        return self._send("POST", path, body=body, query=query)

    def patch(
        self, path: str, body: Mapping[str, Any], *, version: int | None = None, query: Query | None = None
    ) -> Document:
        """Send a merge patch and return the changed document; with `version`, only if that is still the present one."""
        headers = {} if version is None else {"If-Match": f'"{version}"'}
        return self._send("PATCH", path, body=body, query=query, headers=headers)

    def delete(self, path: str) -> None:
        """Delete what is at `path`."""
        self._send("DELETE", path)

    def collect(self, path: str, query: Query, *, limit: int | None) -> Document:
        """Follow the pages of a list and return them as one page document; `limit` of None means all items."""
        items: list[Document] = []
        cursor: str | None = None
        while True:
            wanted = _LARGEST_PAGE if limit is None else min(_LARGEST_PAGE, limit - len(items))
            page = self.get(path, {**query, "limit": wanted, "cursor": cursor})
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None or (limit is not None and len(items) >= limit):
                return {"items": items, "next_cursor": cursor}

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Document:
        import httpx  # noqa: PLC0415 - slow to import, and not needed for help

        parameters = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            response = self._http.request(method, path, json=body, params=parameters, headers=headers)
        except httpx.TimeoutException as error:
            message = f"The server at {self._url} did not answer within {_TIMEOUT_SECONDS:.0f} seconds."
            raise ServerUnreachableError(
                message, fix="Try again, and see the server's log if this lasts. The request may have been carried out."
            ) from error
        except (httpx.TransportError, httpx.InvalidURL) as error:
            message = f"No server answers at {self._url} ({str(error) or type(error).__name__})."
            raise ServerUnreachableError(
                message, fix="Start one with `punctual up`, or name the running one in PUNCTUAL_URL or --url."
            ) from error
        return self._document(response)

    def _document(self, response: "httpx.Response") -> Document:
        if response.is_success and not response.content:
            return {}
        try:
            document = response.json()
        except ValueError:
            document = None
        if isinstance(document, dict) and (response.is_success or "ready" in document):
            return document  # a server that is not ready says what is missing, with a status that is no success
        if response.status_code == _UNAUTHENTICATED:
            raise self._unauthenticated()
        if not response.is_error or not isinstance(document, dict) or "title" not in document:
            raise self._not_punctual(response)
        raise _refusal(response.status_code, document)

    def _unauthenticated(self) -> RefusedError:
        if self._token.value is None:
            message = f"The server at {self._url} asks for a token, and there is none: {self._token.source}."
        else:
            message = f"The server at {self._url} does not know the token from {self._token.source}, or it has expired."
        return RefusedError(
            message,
            fix="Set PUNCTUAL_TOKEN to a token of this server.",
            status=_UNAUTHENTICATED,
            problem="unauthenticated",
        )

    def _not_punctual(self, response: "httpx.Response") -> ServerUnreachableError:
        target = response.headers.get("location")
        if response.is_redirect and target is not None:
            message = f"{self._url} redirects to {target}."
            return ServerUnreachableError(message, fix="Set PUNCTUAL_URL or --url to the address that it redirects to.")
        kind = response.headers.get("content-type", "no content type")
        message = f"What answers at {self._url} is no Punctual server (HTTP {response.status_code}, {kind})."
        return ServerUnreachableError(
            message, fix="Check PUNCTUAL_URL or --url, and what stands between here and the server."
        )


@contextmanager
def connect(ctx: typer.Context) -> Iterator[Client]:
    """Open the client that the settings and the command's options describe, and close it at the end.

    Raises SetupError for settings that are wrong, and for what is no address of a server.
    """
    import httpx  # noqa: PLC0415 - slow to import, and not needed for help

    connection = surroundings(ctx)
    settings = process_settings()
    address = settings.url if connection.url is None else connection.url
    host = _host(address)
    if host is None:
        message = f"{address!r} is not the address of a server."
        raise SetupError(message, fix="Write PUNCTUAL_URL or --url like http://127.0.0.1:8710.")
    url = address.rstrip("/")
    token = _find_token(settings, host)
    with httpx.Client(
        base_url=f"{url}/api/v1",
        headers={} if token.value is None else {"Authorization": f"Bearer {token.value}"},
        timeout=_TIMEOUT_SECONDS,
        transport=connection.transport,
        trust_env=not _is_loopback(host),  # a proxy cannot reach this machine's loopback
    ) as http:
        yield Client(http, url=url, token=token)


def _find_token(settings: "Settings", host: str) -> _Token:
    if settings.token is not None:
        return _Token(settings.token.get_secret_value(), "PUNCTUAL_TOKEN")
    if settings.bootstrap_token is not None:
        return _Token(settings.bootstrap_token.get_secret_value(), "PUNCTUAL_BOOTSTRAP_TOKEN")
    file = settings.local_token_file
    unset = "PUNCTUAL_TOKEN and PUNCTUAL_BOOTSTRAP_TOKEN are not set"
    if not _is_this_machine(settings, host):
        return _Token(None, f"{unset}, and {file} is only for the server on this machine")
    try:
        token = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return _Token(None, f"{unset}, and there is no {file}, which `punctual up` writes")
    except OSError as error:
        return _Token(None, f"{unset}, and {file} cannot be read ({error.strerror})")
    return _Token(token, str(file))


def _is_this_machine(settings: "Settings", host: str) -> bool:
    public = _host(settings.public_url) if settings.public_url else None
    return _is_loopback(host) or host in {settings.host, public}


def _host(address: str) -> str | None:
    """Return the host that an HTTP address names; None where it is no such address."""
    import httpx  # noqa: PLC0415 - slow to import, and not needed for help

    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return None
    return url.host or None if url.scheme in {"http", "https"} else None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refusal(status: int, problem: Document) -> RefusedError:
    faults = problem.get("errors") or []
    headline = problem.get("detail") or problem["title"]
    if any(fault["message"] in headline for fault in faults):
        headline = "The input has a fault:" if len(faults) == 1 else f"The input has {len(faults)} faults:"
    fix = "Correct the input and run the command again. Nothing was changed." if faults else problem.get("fix") or ""
    lines = [headline, *(line for fault in faults for line in _fault_lines(fault))]
    return RefusedError("\n".join(lines), fix=fix, status=status, problem=problem.get("code") or "")


def _fault_lines(fault: Document) -> list[str]:
    words = f"{fault['message'].rstrip('.')}. {fault['fix']}" if fault.get("fix") else fault["message"]
    line = f"  {fault['path']}: {words}" if fault.get("path") else f"  {words}"
    position = fault.get("position")
    return [line] if position is None else [line, *(f"  {mark}" for mark in marked(fault["text"], position))]
