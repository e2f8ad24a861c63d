"""The REST client: what it sends, and how its failures read."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import typer

from punctual.cli.client import Client, Connection, RefusedError, ServerUnreachableError, connect, segment
from punctual.domain.errors import PunctualError, SetupError

Handler = Callable[[httpx.Request], httpx.Response]
Use = Callable[[Client], object]


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOKEN", "BOOTSTRAP_TOKEN", "URL", "PUBLIC_URL", "HOST", "SETTINGS_FILE"):
        monkeypatch.delenv(f"PUNCTUAL_{name}", raising=False)


def talk(handler: Handler, use: Use, *, url: str | None = None) -> object:
    command = typer.main.get_command(typer.Typer(callback=lambda: None))
    context = typer.Context(command, obj=Connection(url=url, transport=httpx.MockTransport(handler)))
    with connect(context) as client:
        return use(client)


def failure(handler: Handler, *, url: str | None = None) -> PunctualError:
    with pytest.raises(PunctualError) as caught:
        talk(handler, lambda client: client.get("/schedules"), url=url)
    return caught.value


def problem(status: int, **members: object) -> Handler:
    document = {"type": "about:blank", "title": "Some title", "status": status, "code": "some_code", **members}
    return lambda _: httpx.Response(status, json=document, headers={"content-type": "application/problem+json"})


def echo(request: httpx.Request) -> httpx.Response:
    token = request.headers.get("authorization", "no token")
    return httpx.Response(200, json={"token": token, "url": str(request.url)})


def sent_token(url: str | None = None) -> object:
    answer = talk(echo, lambda client: client.get("/x"), url=url)
    assert isinstance(answer, dict)
    return answer["token"]


def test_the_token_is_the_one_set_for_the_commands_before_all_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent_token() == "no token"
    (tmp_path / "admin.token").write_text("from-the-file\n", encoding="utf-8")
    assert sent_token() == "Bearer from-the-file"
    monkeypatch.setenv("PUNCTUAL_BOOTSTRAP_TOKEN", "from-the-bootstrap")
    assert sent_token() == "Bearer from-the-bootstrap"
    monkeypatch.setenv("PUNCTUAL_TOKEN", "from-the-setting")
    assert sent_token() == "Bearer from-the-setting"


def test_the_local_token_goes_to_no_other_machine(tmp_path: Path) -> None:
    (tmp_path / "admin.token").write_text("secret", encoding="utf-8")
    assert sent_token("http://[::1]:8710") == "Bearer secret"
    assert sent_token("http://localhost:8710") == "Bearer secret"
    assert sent_token("https://punctual.example.com") == "no token"


def test_the_local_token_goes_to_the_address_that_this_machine_serves_under(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "admin.token").write_text("secret", encoding="utf-8")
    monkeypatch.setenv("PUNCTUAL_PUBLIC_URL", "https://punctual.example.com")
    assert sent_token("https://punctual.example.com") == "Bearer secret"


def test_the_server_comes_from_the_option_before_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_URL", "http://one.example/")
    assert talk(echo, lambda client: client.get("/x")) == {"token": "no token", "url": "http://one.example/api/v1/x"}
    answer = talk(echo, lambda client: client.get("/x"), url="http://two.example/base/")
    assert answer == {"token": "no token", "url": "http://two.example/base/api/v1/x"}


def test_every_fault_stands_on_a_line_of_its_own_with_its_path_and_fix() -> None:
    faults = [
        {"path": "trigger.timezone", "code": "x", "message": "unknown time zone", "fix": "Did you mean UTC?"},
        {"path": "args[0]", "code": "x", "message": "is not a number", "fix": ""},
    ]
    error = failure(problem(422, detail="trigger.timezone: unknown time zone; args[0]: is not a number", errors=faults))
    assert error.message.splitlines() == [
        "The input has 2 faults:",
        "  trigger.timezone: unknown time zone. Did you mean UTC?",
        "  args[0]: is not a number",
    ]
    assert "Nothing was changed" in error.fix


def test_the_place_of_a_fault_is_marked_in_its_text() -> None:
    fault = {"path": "trigger", "code": "x", "message": "hour must be 0-23", "fix": "", "text": "0 25 * * *"}
    error = failure(problem(422, detail="trigger: hour must be 0-23", errors=[fault | {"position": 2}]))
    assert error.message.splitlines() == [
        "The input has a fault:",
        "  trigger: hour must be 0-23",
        "    0 25 * * *",
        "      ^",
    ]


def test_a_refusal_without_faults_says_the_servers_sentence_and_fix() -> None:
    error = failure(problem(409, detail="The name is taken.", fix="Choose another."))
    assert isinstance(error, RefusedError)
    assert (error.message, error.fix) == ("The name is taken.", "Choose another.")
    assert (error.status, error.problem) == (409, "some_code")


def test_an_unreachable_server_is_told_in_one_line_with_its_address() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        message = "[Errno 111] Connection refused"
        raise httpx.ConnectError(message)

    error = failure(refuse, url="http://127.0.0.1:9999")
    assert isinstance(error, ServerUnreachableError)
    assert error.message == "No server answers at http://127.0.0.1:9999 ([Errno 111] Connection refused)."
    assert "`punctual up`" in error.fix


def test_a_timeout_says_that_the_request_may_have_been_carried_out() -> None:
    def stall(_: httpx.Request) -> httpx.Response:
        message = "timed out"
        raise httpx.ReadTimeout(message)

    error = failure(stall)
    assert "did not answer within 30 seconds" in error.message
    assert "may have been carried out" in error.fix


def test_a_refused_token_is_named_by_its_source_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_TOKEN", "very-secret")
    error = failure(problem(401, detail="unknown token"))
    assert "PUNCTUAL_TOKEN" in error.message
    assert "very-secret" not in error.message + error.fix


def test_a_refused_local_token_is_named_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "admin.token").write_text("very-secret", encoding="utf-8")
    error = failure(problem(401, detail="unknown token"))
    assert str(tmp_path / "admin.token") in error.message
    assert "very-secret" not in error.message + error.fix


def test_a_missing_token_says_where_one_was_looked_for(tmp_path: Path) -> None:
    error = failure(problem(401, detail="no token"))
    assert "PUNCTUAL_TOKEN and PUNCTUAL_BOOTSTRAP_TOKEN are not set" in error.message
    assert f"there is no {tmp_path / 'admin.token'}" in error.message


def test_a_local_token_that_was_kept_back_is_explained() -> None:
    error = failure(problem(401, detail="no token"), url="https://punctual.example.com")
    assert "only for the server on this machine" in error.message


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(200, html="<h1>Some other site</h1>"),
        httpx.Response(404, json={"error": "no such page"}),
    ],
)
def test_an_answer_that_is_not_punctuals_is_said_to_be_so(answer: httpx.Response) -> None:
    error = failure(lambda _: answer)
    assert isinstance(error, ServerUnreachableError)
    assert "no Punctual server" in error.message
    assert str(answer.status_code) in error.message


def test_a_redirect_names_the_address_to_use() -> None:
    error = failure(lambda _: httpx.Response(308, headers={"location": "https://punctual.example.com/api/v1/x"}))
    assert "redirects to https://punctual.example.com/api/v1/x" in error.message


@pytest.mark.parametrize("url", ["punctual.example.com", "ftp://punctual.example.com", "http://", "http://[::1"])
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str) -> None:
    error = failure(echo, url=url)
    assert isinstance(error, SetupError)
    assert url in error.message


def test_wrong_settings_are_named_by_their_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUNCTUAL_BOOTSTRAP_TOKEN", "short")
    error = failure(echo)
    assert isinstance(error, SetupError)
    assert "PUNCTUAL_BOOTSTRAP_TOKEN: " in error.message


def paged(request: httpx.Request) -> httpx.Response:
    start, limit = int(request.url.params.get("cursor", 0)), int(request.url.params["limit"])
    names = [{"name": f"n{number}"} for number in range(450)][start : start + limit]
    following = str(start + limit) if start + limit < 450 else None
    return httpx.Response(200, json={"items": names, "next_cursor": following})


def test_all_pages_of_a_list_are_followed() -> None:
    page = talk(paged, lambda client: client.collect("/schedules", {}, limit=None))
    assert isinstance(page, dict)
    assert [item["name"] for item in page["items"]] == [f"n{number}" for number in range(450)]
    assert page["next_cursor"] is None


def test_a_limited_list_can_be_continued_where_it_ends() -> None:
    page = talk(paged, lambda client: client.collect("/schedules", {}, limit=250))
    assert isinstance(page, dict)
    assert (len(page["items"]), page["next_cursor"]) == (250, "250")


@pytest.mark.parametrize("name", ["a b/c?d#e", "..", ".", "50%", "größe", "a&b=c"])
def test_a_name_reaches_the_server_as_one_segment_whatever_it_contains(name: str) -> None:
    seen: list[bytes] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path)
        return httpx.Response(200, json={})

    talk(record, lambda client: client.get(f"/schedules/{segment(name)}"))
    prefix, _, last = seen[0].decode().rpartition("/")
    assert prefix == "/api/v1/schedules"
    assert httpx.URL(f"http://x/{last}").path.removeprefix("/") == name


def test_an_empty_answer_is_no_fault() -> None:
    assert talk(lambda _: httpx.Response(204), lambda client: client.delete("/schedules/a")) is None
