"""The built-in task that sends an HTTP request and checks the answer."""

import base64
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Literal, TypedDict, get_args

import httpx
from celery import shared_task
from pydantic import Field, JsonValue

from punctual.celery.tasks.checked_transport import CheckedTransport, ForbiddenAddressError, UnknownHostError
from punctual.domain.clock import monotonic
from punctual.settings import Settings

_MOST_REDIRECTS = 5
_MOST_BYTES = 10 * 1024 * 1024
_EXAMINED_BYTES = 64 * 1024
_PREVIEW_CHARACTERS = 1000
_PREVIEW_IN_ERROR = 200
_LONGEST_SECONDS = 3600
_SHORTEST_SECRET = 4
_SECRET_HEADER = re.compile(r"auth|cookie|credential|key|passw|secret|session|signature|token", re.IGNORECASE)
_HARMLESS_HEADERS = frozenset({"accept", "accept-encoding", "content-length", "content-type", "host", "user-agent"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Status = Annotated[int, Field(ge=100, le=599)]


class Answer(TypedDict):
    """The server's answer.

    `url` is where it came from, without user, password, query and fragment. `size` is the number of bytes of the body
    that were read, `truncated` whether there were more. `preview` is the beginning of a text body, and empty for a
    compressed one; the request's credentials are blanked out in it.
    """

    url: str
    status: int
    seconds: float
    size: int
    truncated: bool
    preview: str
    redirects: int


class HttpRequestError(Exception):
    """The request could not be sent, or was not answered as expected; the text says why, without credentials."""


# Not acks_late: a request may change something at the other side, and a message that is delivered again after its
# worker died would change it twice.
@shared_task(name="punctual.http_request")  # type: ignore[untyped-decorator] # celery has no types
def http_request(
    url: Annotated[str, Field(min_length=1, title="URL")],
    method: Method = "GET",
    expected_status: list[Status] | None = None,
    timeout: Annotated[float, Field(gt=0, le=_LONGEST_SECONDS)] = 30,
    headers: dict[str, str] | None = None,
    body: str | None = None,
    json: Annotated[JsonValue, Field(title="JSON")] = None,
) -> Answer:
    """Send an HTTP request and check the status of the answer.

    A status that is not expected fails the run. Up to 5 redirects are followed; the headers and credentials given here
    go to no other host. At most 10 MiB of the answer are read. Private, loopback and link-local addresses are refused
    unless the worker's setting `http_allow_private` is on.

    Args:
        url: Address to call, http or https.
        method: Request method.
        expected_status: Statuses that count as success; without any, 200 to 299. A redirect whose status is expected
            is not followed.
        timeout: Seconds for the whole request, redirects and body included.
        headers: Further headers. They are stored with the schedule as plain text; the values of those with credentials
            appear in no result and no error.
        body: Text to send as the body, in UTF-8; not together with `json`.
        json: Value to send as a JSON body.

    """
    started = monotonic()
    request = _request(url, method, headers or {}, body, json)
    if not 0 < timeout <= _LONGEST_SECONDS:
        message = f"`timeout` must be more than 0 and at most {_LONGEST_SECONDS} seconds, got {timeout}."
        raise HttpRequestError(message)
    exchange = _Exchange(request, expected_status or range(200, 300), started, started + timeout)
    try:
        return exchange.run(allow_private=Settings().http_allow_private)
    except ForbiddenAddressError as error:
        message = f"{exchange.name} was refused: {error}. PUNCTUAL_HTTP_ALLOW_PRIVATE=true on the worker allows it."
    except UnknownHostError as error:
        message = f"{exchange.name} failed: {error}."
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        late = monotonic() >= started + timeout or isinstance(error, httpx.TimeoutException)
        reason = f"there was no complete answer within {timeout:g} seconds" if late else _reason(error)
        message = f"{exchange.name} failed: {reason}."
    # Not chained: the library's own text may quote what was sent, and so a credential.
    raise HttpRequestError(message)


def _request(url: str, method: str, headers: Mapping[str, str], body: str | None, json: JsonValue) -> httpx.Request:
    """Return the request, with the credentials of the address moved to a header; raise HttpRequestError."""
    address = _address(url)
    if method not in get_args(Method):
        message = f'`method` must be one of {", ".join(get_args(Method))}, got "{method}".'
        raise HttpRequestError(message)
    if body is not None and json is not None:
        message = "Give `body` or `json`, not both."
        raise HttpRequestError(message)
    for name, value in headers.items():
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(value)):
            message = f"`headers` has an invalid entry {name!r}: names are ASCII words, values one line of ASCII text."
            raise HttpRequestError(message)
    sent = httpx.Headers(
        {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": f"punctual/{version('punctual')}"}
    )
    if address.userinfo:
        credentials = f"{address.username}:{address.password}".encode()
        sent["Authorization"] = f"Basic {base64.b64encode(credentials).decode()}"
    sent.update(headers)
    bare = address.copy_with(username=None, password=None)
    if body is not None:
        return httpx.Request(method, bare, headers=sent, content=body)
    return httpx.Request(method, bare, headers=sent, json=json)


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in {"http", "https"} or not address.host:
        message = "`url` must be a valid address that starts with http:// or https://."
        raise HttpRequestError(message)
    return address


class _Exchange:
    """One request, the redirects that follow from it, and the answer."""

    def __init__(self, request: httpx.Request, expected: Collection[int], started: float, deadline: float) -> None:
        self.name = f"{request.method} {_shown(request.url)}"
        self._request = request
        self._expected = expected
        self._started = started
        self._deadline = deadline
        self._secrets = _secrets(request.headers)

    def run(self, *, allow_private: bool) -> Answer:
        """Return the expected answer; raise HttpRequestError for another one, or what the transport raises."""
        transport = CheckedTransport(allow_private=allow_private, deadline=self._deadline)
        with httpx.Client(transport=transport, trust_env=False) as client:
            request = self._request
            for redirects in range(_MOST_REDIRECTS + 1):
                response = client.send(request, stream=True)
                try:
                    following = response.next_request
                    if following is None or response.status_code in self._expected:
                        return self._answer(response, redirects)
                finally:
                    response.close()
                request = self._redirected(following)
        message = f"{self.name} failed: it was redirected more than {_MOST_REDIRECTS} times."
        raise HttpRequestError(message)

    def _redirected(self, request: httpx.Request) -> httpx.Request:
        """Return the next request, without the headers that were meant for the first host only."""
        if request.url.scheme not in {"http", "https"} or not request.url.host:
            message = f"{self.name} failed: it was redirected to an address that is neither http nor https."
            raise HttpRequestError(message)
        if _origin(request.url) != _origin(self._request.url):
            for name in list(request.headers):
                if name.lower() not in _HARMLESS_HEADERS:
                    del request.headers[name]
        return request

    def _answer(self, response: httpx.Response, redirects: int) -> Answer:
        size, beginning, truncated = 0, b"", False
        for block in response.iter_raw():
            size += len(block)
            beginning += block[: max(_EXAMINED_BYTES - len(beginning), 0)]
            if truncated := size > _MOST_BYTES:
                break
        if monotonic() >= self._deadline:  # a body without a length looks complete when the connection is cut
            message = "too late"
            raise httpx.ReadTimeout(message)
        preview = self._preview(response, beginning)
        if response.status_code not in self._expected:
            raise HttpRequestError(self._unexpected(response.status_code, preview))
        return Answer(
            url=_shown(response.url),
            status=response.status_code,
            seconds=round(monotonic() - self._started, 3),
            size=size,
            truncated=truncated,
            preview=preview,
            redirects=redirects,
        )

    def _preview(self, response: httpx.Response, beginning: bytes) -> str:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            return ""
        try:
            text = beginning.decode(response.charset_encoding or "utf-8", errors="replace")
        except LookupError:
            text = beginning.decode("utf-8", errors="replace")
        for secret in self._secrets:
            text = text.replace(secret, "***")
        # Control characters, null above all, cannot be stored in every database.
        return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text[:_PREVIEW_CHARACTERS])

    def _unexpected(self, status: int, preview: str) -> str:
        phrase = f" {HTTPStatus(status).phrase}" if status in set(HTTPStatus) else ""
        wanted = "200 to 299" if isinstance(self._expected, range) else " or ".join(map(str, self._expected))
        text = f"{self.name} was answered with {status}{phrase}; expected was {wanted}."
        return f"{text} The answer begins: {preview[:_PREVIEW_IN_ERROR]}" if preview else text


def _shown(url: httpx.URL) -> str:
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _secrets(headers: httpx.Headers) -> list[str]:
    """Return the texts to blank out, the longest first: values of headers with credentials, and the words in them."""
    values = [value for name, value in headers.items() if _SECRET_HEADER.search(name)]
    words = [word.strip(";,") for value in values for word in value.split()[1:]]
    return sorted({text for text in (*values, *words) if len(text) >= _SHORTEST_SECRET}, key=len, reverse=True)


def _reason(error: Exception) -> str:
    """Return what went wrong, in words that quote nothing of the request."""
    match error:
        case httpx.ConnectError():
            return f"no connection ({error})"
        case httpx.NetworkError():
            return "the connection broke"
        case httpx.RemoteProtocolError():
            return "the server closed the connection or did not answer in HTTP"
        case httpx.LocalProtocolError():
            return "the request is not valid HTTP"
        case _:
            return f"it could not be sent ({type(error).__name__})"
