"""`punctual sign-in`: a link to the web UI."""

import webbrowser
from datetime import UTC, datetime

import httpx
import pytest
import typer
from typer.testing import CliRunner, Result

from punctual.cli.client import Connection
from punctual.cli.sign_in import sign_in
from punctual.testing import ManualClock

LINK = "http://127.0.0.1:8710/sign-in#code=abc"

app = typer.Typer()
app.command()(sign_in)


NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


def call(seen: list[httpx.Request], *arguments: str) -> Result:
    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json={"url": LINK, "expires_at": "2026-07-01T12:10:00Z"})

    return CliRunner().invoke(
        app, arguments, obj=Connection(transport=httpx.MockTransport(answer), clock=ManualClock(NOW))
    )


def test_standard_output_is_the_link_alone_and_the_rest_is_told_beside_it() -> None:
    seen: list[httpx.Request] = []
    result = call(seen, "--url", "http://elsewhere.example")
    assert result.stdout == f"{LINK}\n"
    assert "works once, until 2026-07-01 12:10:00 UTC (in 10m)" in result.stderr
    assert [(request.method, str(request.url)) for request in seen] == [
        ("POST", "http://elsewhere.example/api/v1/sign-in-links")
    ]


def test_the_browser_is_opened_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def open_browser(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", open_browser)
    assert call([]).exit_code == 0
    assert opened == []
    assert call([], "--open").exit_code == 0
    assert opened == [LINK]


def test_where_there_is_no_browser_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    result = call([], "--open")
    assert result.exit_code == 0
    assert "open the link yourself" in result.stderr
