import http.server
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from punctual.celery.tasks.checked_transport import is_public
from punctual.celery.tasks.http_request import HttpRequestError, http_request

Answer = tuple[int, dict[str, str], bytes]


class Site:
    """A real HTTP server on the loopback interface: paths to answers, and what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {"/": (200, {"Content-Type": "text/plain"}, b"hello")}
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.release = threading.Event()
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.asked.append((self.command, self.path, dict(self.headers), body))
                if self.path == "/drip":
                    self.drip()
                    return
                status, headers, content = site.answers.get(self.path.partition("?")[0], (404, {}, b"nothing here"))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the library's names

            def drip(self) -> None:
                """Answer with one byte now and then, without an end: each single read is in time."""
                try:
                    self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
                    while not site.release.wait(0.02):
                        self.wfile.write(b".")
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.release.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    running = Site()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def other_site() -> Iterator[Site]:
    running = Site()
    running.start()
    yield running
    running.stop()


@pytest.fixture
def private_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_HTTP_ALLOW_PRIVATE", "true")


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, list[str]], list[str]]:
    """Give a host name the addresses of one look-up after another; returns the look-ups that were made."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def add(host: str, addresses: list[str]) -> list[str]:
        left = iter(addresses)

        def look_up(name: str, port: int, *options: int, **more: int) -> object:
            if name != host:
                return real(name, port, *options, **more)
            asked.append(name)
            return real(next(left), port, *options, **more)

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return add


@pytest.mark.usefixtures("private_allowed")
def test_an_expected_answer_gives_status_size_time_and_the_beginning_of_the_body(site: Site) -> None:
    answer = http_request(f"{site.url}/?q=1")
    assert answer.pop("seconds") < 30
    assert answer == {
        "url": f"{site.url}/",
        "status": 200,
        "size": 5,
        "truncated": False,
        "preview": "hello",
        "redirects": 0,
    }


@pytest.mark.usefixtures("private_allowed")
def test_method_headers_and_body_arrive(site: Site) -> None:
    http_request(f"{site.url}/", "PUT", headers={"X-One": "1"}, body="grüße")
    http_request(f"{site.url}/", method="POST", json={"a": [1, None]})
    (put, _, put_headers, put_body), (post, _, post_headers, post_body) = site.asked
    assert (put, put_headers["X-One"], put_body) == ("PUT", "1", "grüße".encode())
    assert (post, post_headers["Content-Type"], json.loads(post_body)) == ("POST", "application/json", {"a": [1, None]})


@pytest.mark.usefixtures("private_allowed")
def test_a_status_that_is_not_expected_fails_the_run_and_says_so(site: Site) -> None:
    site.answers["/"] = (500, {}, b"out of cheese")
    with pytest.raises(HttpRequestError) as failure:
        http_request(f"{site.url}/")
    assert str(failure.value) == (
        f"GET {site.url}/ was answered with 500 Internal Server Error; expected was 200 to 299. "
        "The answer begins: out of cheese"
    )
    with pytest.raises(HttpRequestError, match="404 Not Found; expected was 200 or 204"):
        http_request(f"{site.url}/none", expected_status=[200, 204])
    assert http_request(f"{site.url}/none", expected_status=[404])["status"] == 404


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "0", "[::ffff:127.0.0.1]"])
def test_an_address_that_is_not_public_is_refused_before_any_connection(site: Site, host: str) -> None:
    with pytest.raises(HttpRequestError, match=r"was refused: .* not a public address.*PUNCTUAL_HTTP_ALLOW_PRIVATE"):
        http_request(f"http://{host}:{site.port}/")
    assert site.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "fe80::1%eth0",
        "fd00::1",
        "fec0::1",
        "ff02::1",
        "::",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "::ffff:10.0.0.1",
        "::7f00:1",
    ],
)
def test_no_special_range_counts_as_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"]
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


def test_a_redirect_to_a_private_address_is_refused(
    site: Site, other_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.answers["/"] = (302, {"Location": f"http://localhost:{other_site.port}/"}, b"")
    # The first site stands for a public one; the real rule judges the second.
    monkeypatch.setattr("punctual.celery.tasks.checked_transport.is_public", lambda text: text == "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", _localhost_is_the_second_loopback(socket.getaddrinfo))
    with pytest.raises(HttpRequestError, match=r'"localhost" is at 127\.0\.0\.2, which is not a public address'):
        http_request(f"{site.url}/")
    assert len(site.asked) == 1
    assert other_site.asked == []


def _localhost_is_the_second_loopback(real: Callable[..., object]) -> Callable[..., object]:
    def look_up(name: str, port: int, *options: int, **more: int) -> object:
        return real("127.0.0.2" if name == "localhost" else name, port, *options, **more)

    return look_up


@pytest.mark.usefixtures("private_allowed")
def test_the_address_that_was_checked_is_the_one_that_is_called(
    site: Site, resolve: Callable[[str, list[str]], list[str]]
) -> None:
    asked = resolve("service.test", ["127.0.0.1", "192.0.2.1"])
    answer = http_request(f"http://service.test:{site.port}/")
    assert answer["url"] == f"http://service.test:{site.port}/"
    assert asked == ["service.test"], "a second look-up could give another address"
    assert site.asked[0][2]["Host"] == f"service.test:{site.port}"


@pytest.mark.usefixtures("private_allowed")
def test_redirects_are_followed_up_to_a_limit(site: Site) -> None:
    site.answers["/a"] = (301, {"Location": "/"}, b"")
    site.answers["/loop"] = (302, {"Location": "/loop"}, b"")
    site.answers["/file"] = (302, {"Location": "file:///etc/passwd"}, b"")
    assert http_request(f"{site.url}/a")["redirects"] == 1
    assert http_request(f"{site.url}/a", expected_status=[301])["redirects"] == 0
    with pytest.raises(HttpRequestError, match="redirected more than 5 times"):
        http_request(f"{site.url}/loop")
    with pytest.raises(HttpRequestError, match="neither http nor https"):
        http_request(f"{site.url}/file")


@pytest.mark.usefixtures("private_allowed")
def test_headers_and_credentials_stay_with_the_host_they_were_meant_for(site: Site, other_site: Site) -> None:
    site.answers["/away"] = (307, {"Location": f"{other_site.url}/"}, b"")
    site.answers["/here"] = (307, {"Location": "/"}, b"")
    headers = {"X-Api-Key": "k3y-k3y", "Authorization": "Bearer t0k3n"}
    http_request(f"{site.url}/away", "POST", headers=headers, body="x")
    http_request(f"{site.url}/here", headers=headers)
    (method, _, received, body) = other_site.asked[0]
    assert (method, body) == ("POST", b"x")
    assert not {"X-Api-Key", "Authorization"} & {name.title() for name in received}
    assert site.asked[-1][2]["X-Api-Key"] == "k3y-k3y"


@pytest.mark.usefixtures("private_allowed")
def test_no_credential_reaches_a_result_or_an_error(site: Site) -> None:
    site.answers["/"] = (200, {}, b"you sent Bearer t0k3n-t0k3n, dXNlcjpwYXNzdzByZA== and k3y-k3y")
    site.answers["/bad"] = (500, {}, b"bad token t0k3n-t0k3n")
    headers = {"authorization": "Bearer t0k3n-t0k3n", "X-Api-Key": "k3y-k3y"}
    assert http_request(f"{site.url}/", headers=headers)["preview"] == "you sent ***, dXNlcjpwYXNzdzByZA== and ***"
    with_user = f"http://user:passw0rd@127.0.0.1:{site.port}"
    answer = http_request(f"{with_user}/?token=secret")
    assert site.asked[-1][2]["Authorization"] == "Basic dXNlcjpwYXNzdzByZA=="
    assert answer["url"] == f"{site.url}/"
    assert "dXNlcjpwYXNzdzByZA" not in answer["preview"]
    for url, given in [(f"{with_user}/bad?key=secret", headers), (f"{with_user}/", {"Authorization": "t0k3n-t0k3n\n"})]:
        with pytest.raises(HttpRequestError) as failure:
            http_request(url, headers=given)
        assert not any(secret in str(failure.value) for secret in ("t0k3n", "k3y-k3y", "passw0rd", "secret"))
        assert failure.value.__context__ is None


@pytest.mark.usefixtures("private_allowed")
def test_a_server_that_never_ends_runs_into_the_timeout(site: Site) -> None:
    with pytest.raises(HttpRequestError, match=r"no complete answer within 0\.2 seconds"):
        http_request(f"{site.url}/drip", timeout=0.2)


@pytest.mark.usefixtures("private_allowed")
def test_a_server_that_does_not_answer_runs_into_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(HttpRequestError, match=r"no complete answer within 0\.1 seconds"):
            http_request(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.1)
        port = silent.getsockname()[1]
    with pytest.raises(HttpRequestError, match=r"failed: no connection .*refused"):
        http_request(f"http://127.0.0.1:{port}/")


@pytest.mark.usefixtures("private_allowed")
def test_a_large_body_is_read_in_part_only(site: Site) -> None:
    site.answers["/"] = (200, {}, b"x" * (11 << 20))
    answer = http_request(f"{site.url}/")
    assert answer["truncated"]
    assert 10 << 20 <= answer["size"] < 11 << 20
    assert answer["preview"] == "x" * 1000


@pytest.mark.usefixtures("private_allowed")
@pytest.mark.parametrize(
    ("headers", "body", "preview"),
    [
        ({}, b"a\0b\x1b\tc\n\xff", "a\ufffdb\ufffd\tc\n\ufffd"),
        ({"Content-Type": "text/plain; charset=latin-1"}, b"gr\xfc\xdfe", "grüße"),
        ({"Content-Type": "text/plain; charset=nonsense"}, b"ok", "ok"),
        ({"Content-Encoding": "gzip"}, b"not even gzip", ""),
    ],
)
def test_the_preview_of_any_body_can_be_stored(site: Site, headers: dict[str, str], body: bytes, preview: str) -> None:
    site.answers["/"] = (200, headers, body)
    assert http_request(f"{site.url}/")["preview"] == preview


def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(HttpRequestError, match=r'the name "nowhere\.invalid" cannot be resolved'):
        http_request("http://nowhere.invalid/")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"url": "ftp://example.org/"}, "starts with http:// or https://"),
        ({"url": "file:///etc/passwd"}, "starts with http:// or https://"),
        ({"url": "http://"}, "starts with http:// or https://"),
        ({"url": "http://[::1/"}, "starts with http:// or https://"),
        ({"url": "http://example.org/", "method": "get"}, "`method` must be one of GET"),
        ({"url": "http://example.org/", "body": "x", "json": 1}, "not both"),
        ({"url": "http://example.org/", "headers": {"bad name": "x"}}, "invalid entry 'bad name'"),
        ({"url": "http://example.org/", "timeout": 0}, "`timeout` must be more than 0"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(HttpRequestError, match=message):
        http_request(**arguments)


@pytest.mark.usefixtures("private_allowed")
def test_certificates_are_checked_against_the_name_and_not_the_address(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resolve: Callable[[str, list[str]], list[str]]
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=service.test"
    names = ["-addext", "subjectAltName=DNS:service.test", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    resolve("service.test", ["127.0.0.1"])
    assert http_request(f"https://service.test:{site.port}/")["preview"] == "hello"
    resolve("other.test", ["127.0.0.1"])
    with pytest.raises(HttpRequestError, match="CERTIFICATE_VERIFY_FAILED"):
        http_request(f"https://other.test:{site.port}/")
