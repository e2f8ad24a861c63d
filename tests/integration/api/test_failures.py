"""What a caller is told when a request cannot be served, and what the log is told."""

import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from punctual.domain.errors import DatabaseUnavailableError
from punctual.store.database import Database

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "line 1"),
        (b"[]", "not an object"),
        (b'"text"', "not an object"),
        (b"null", "not an object"),
        (b'{"args": [NaN]}', "NaN"),
        (b'{"name": "a", "name": "b"}', '"name" twice'),
        (b'{"name": "\\ud800"}', "UTF-8"),
        (b'{"name": "\xff"}', "UTF-8"),
        (b'{"args": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"args": [' + b"9" * 5000 + b"]}", "digits"),
    ],
    ids=["cut off", "list", "text", "null", "NaN", "name twice", "surrogate", "not UTF-8", "deep", "long number"],
)
def test_a_body_that_is_no_json_object_is_refused_with_the_reason(
    client: httpx.Client, body: bytes, words: str
) -> None:
    answer = client.post("schedules", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    assert words in answer.json()["detail"]


def test_a_body_that_is_not_declared_as_json_is_refused(client: httpx.Client) -> None:
    answer = client.post("schedules", content=b'{"name": "a"}', headers={"Content-Type": "text/plain"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    patch = client.patch("schedules/none", content=b"{}", headers={"Content-Type": "application/merge-patch+json"})
    assert patch.status_code == 404


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_one_mebibyte_is_refused(client: httpx.Client, *, chunked: bool) -> None:
    body = b'{"name": "' + b"x" * 1024 * 1024 + b'"}'

    def chunks() -> Iterator[bytes]:
        yield from (body[start : start + 65536] for start in range(0, len(body), 65536))

    answer = client.post("schedules", content=chunks() if chunked else body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_an_unknown_path_is_a_problem(client: httpx.Client) -> None:
    for path in ("nothing", "schedules/", "schedules/a/b/c", "docs", ""):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_path"), path
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_method_that_a_path_does_not_take_is_answered_with_those_it_takes(client: httpx.Client) -> None:
    answer = client.put("schedules/nightly")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET, PATCH"
    assert client.put("openapi.json").headers["allow"]


def test_a_null_character_in_the_address_is_refused(client: httpx.Client) -> None:
    for path in ("schedules/a%00b", "schedules?q=%00", "runs?schedule=a%00"):
        answer = client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_address"), path


def test_an_unforeseen_error_tells_its_log_id_and_nothing_of_the_inside(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Database) -> None:
        msg = "secret inside"
        raise RuntimeError(msg)

    monkeypatch.setattr(Database, "read", fail)
    answer = client.get("whoami")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    record = next(record for record in caplog.records if record.__dict__.get("action") == "http_request_failed")
    assert record.__dict__["error_id"] in problem["detail"]
    assert record.exc_info is not None


def test_without_the_database_the_caller_is_asked_to_try_again_and_told_no_address(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Database) -> None:
        msg = "connection to db.internal failed"
        raise DatabaseUnavailableError(msg)

    monkeypatch.setattr(Database, "read", fail)
    for answer in (client.get("whoami"), client.get("health/ready")):
        assert answer.status_code == 503
        assert "db.internal" not in answer.text
    assert client.get("whoami").headers["retry-after"] == "5"
    assert client.get("health/live").status_code == 200


def test_a_database_that_is_really_gone_is_answered_as_such(
    client: httpx.Client, tmp_path: Path, database: Database
) -> None:
    database.close()
    for file in tmp_path.glob("punctual.db*"):
        file.unlink()
    (tmp_path / "punctual.db").mkdir()
    assert client.get("whoami").status_code == 503


def test_answers_are_kept_in_no_cache(client: httpx.Client) -> None:
    for path in ("schedules", "nothing", "health/live", "openapi.json"):
        answer = client.get(path)
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_each_request_leaves_one_log_line_writes_louder_than_reads(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="punctual.api"):
        client.get("schedules?q=private")
        client.post("sign-in-links")
    lines = [record for record in caplog.records if record.__dict__.get("action") == "http_request"]
    assert [(line.levelname, line.__dict__["method"], line.__dict__["status"]) for line in lines] == [
        ("DEBUG", "GET", 200),
        ("INFO", "POST", 201),
    ]
    assert lines[0].__dict__["path"] == "/api/v1/schedules"
    assert lines[0].__dict__["ms"] >= 0
    assert "private" not in caplog.text
