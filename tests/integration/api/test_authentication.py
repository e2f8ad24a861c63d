"""Who may come in, and how."""

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.applications import Starlette
from starlette.routing import Mount

OPEN = {("GET", "/health/live"), ("GET", "/health/ready"), ("POST", "/session"), ("GET", "/openapi.json")}
OWN_PAGE = {"Origin": "http://punctual.test"}


def _operations(app: Starlette) -> set[tuple[str, str]]:
    """Every method and path that the mounted API serves, documented or not."""
    mount = app.routes[0]
    assert isinstance(mount, Mount)
    api = mount.app
    assert isinstance(api, FastAPI)
    operations = {
        (method, route.path or "")
        for route in iter_route_contexts(api.routes)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert len(operations) > 20
    return operations


def _paths(app: Starlette) -> list[tuple[str, str]]:
    ids = dict.fromkeys(("{schedule_id}", "{run_id}", "{backfill_id}"), "6a3f0c0e-51c1-4a53-9bd0-4d7a3fe9c0aa")
    paths = []
    for method, template in sorted(_operations(app) - OPEN):
        path = (
            template.replace("{ref}", "nightly")
            .replace("{name:path}", "a.b")
            .replace("{name}", "holidays")
            .replace("{lock_id}", "7")
        )
        for name, value in ids.items():
            path = path.replace(name, value)
        assert "{" not in path
        paths.append((method, path.removeprefix("/")))
    return paths


def test_every_route_but_the_open_ones_refuses_a_caller_without_a_credential(
    app: Starlette, anonymous: httpx.Client
) -> None:
    for method, path in _paths(app):
        answer = anonymous.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), f"{method} {path}"
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer not-the-token"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": ""},
        {"Cookie": "punctual_session=made-up", **OWN_PAGE},
        {"Cookie": "punctual_session=", **OWN_PAGE},
    ],
    ids=["unknown token", "no token", "another scheme", "empty header", "unknown session", "empty cookie"],
)
def test_every_route_but_the_open_ones_refuses_a_wrong_credential(
    app: Starlette, anonymous: httpx.Client, headers: dict[str, str]
) -> None:
    for method, path in _paths(app):
        answer = anonymous.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), f"{method} {path}"


def test_a_stranger_learns_nothing_about_a_wrong_body_or_parameter(anonymous: httpx.Client) -> None:
    for answer in (
        anonymous.post("schedules", content=b"{", headers={"Content-Type": "application/json"}),
        anonymous.get("schedules?limit=0"),
        anonymous.get("runs/not-an-id"),
    ):
        assert answer.status_code == 401


def test_a_good_token_is_told_who_it_is(client: httpx.Client) -> None:
    assert client.get("whoami").json() == {"actor": "token:bootstrap"}


def test_a_sign_in_link_opens_one_session(client: httpx.Client, anonymous: httpx.Client) -> None:
    link = client.post("sign-in-links")
    assert link.status_code == 201
    assert link.json()["expires_at"] == "2026-01-01T00:15:00Z"
    url, _, code = link.json()["url"].partition("#code=")
    assert url == "http://punctual.test/sign-in"

    opened = anonymous.post("session", json={"code": code}, headers=OWN_PAGE)
    assert opened.status_code == 204
    assert anonymous.get("whoami").json() == {"actor": "session:token:bootstrap"}

    anonymous.cookies.clear()
    again = anonymous.post("session", json={"code": code}, headers=OWN_PAGE)
    assert (again.status_code, again.json()["code"]) == (401, "unauthenticated")
    assert "set-cookie" not in again.headers


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(client: httpx.Client, anonymous: httpx.Client) -> None:
    cookie = anonymous.post("session", json={"code": _code(client)}).headers["set-cookie"]
    name, *attributes = cookie.split("; ")
    assert name.startswith("punctual_session=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(attributes)
    assert "Secure" not in attributes
    assert "Max-Age=604800" in attributes


def test_over_https_the_session_cookie_never_travels_in_the_clear(client: httpx.Client) -> None:
    cookie = client.post("https://punctual.test/api/v1/session", json={"code": _code(client)}).headers["set-cookie"]
    assert "; Secure" in cookie


def test_a_closed_session_is_over_for_every_copy_of_its_cookie(client: httpx.Client, anonymous: httpx.Client) -> None:
    anonymous.post("session", json={"code": _code(client)})
    copy = anonymous.cookies["punctual_session"]
    closed = anonymous.delete("session", headers=OWN_PAGE)
    assert closed.status_code == 204
    assert "punctual_session" not in anonymous.cookies
    assert anonymous.get("whoami", headers={"Cookie": f"punctual_session={copy}"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://punctual.test.evil.test"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://punctual.test"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_write_with_the_cookie_must_come_from_a_page_of_this_server(
    client: httpx.Client, anonymous: httpx.Client, headers: dict[str, str]
) -> None:
    anonymous.post("session", json={"code": _code(client)})
    for method, path in [("POST", "schedules"), ("POST", "sign-in-links"), ("DELETE", "session")]:
        answer = anonymous.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request"), f"{method} {path}"
    assert anonymous.get("whoami", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [OWN_PAGE, {"Sec-Fetch-Site": "same-origin"}])
def test_a_write_with_the_cookie_from_an_own_page_is_taken(
    client: httpx.Client, anonymous: httpx.Client, headers: dict[str, str]
) -> None:
    anonymous.post("session", json={"code": _code(client)})
    body = {"name": "nightly", "task": "reports.send", "trigger": "@daily"}
    assert anonymous.post("schedules", json=body, headers=headers).status_code == 201


def test_another_site_cannot_sign_a_visitor_in(client: httpx.Client, anonymous: httpx.Client) -> None:
    code = _code(client)
    refused = anonymous.post("session", json={"code": code}, headers={"Origin": "https://evil.test"})
    assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")
    assert anonymous.post("session", json={"code": code}, headers=OWN_PAGE).status_code == 204


def test_documented_routes_say_how_to_authenticate(app: Starlette, anonymous: httpx.Client) -> None:
    paths = anonymous.get("openapi.json").json()["paths"]
    documented = {
        (method.upper(), path): operation for path, item in paths.items() for method, operation in item.items()
    }
    served = {(method, path.replace("{name:path}", "{name}")) for method, path in _operations(app)}
    assert set(documented) == served - {("GET", "/openapi.json")}
    for key, operation in documented.items():
        assert ("security" in operation) is (key not in OPEN), key


def _code(client: httpx.Client) -> str:
    url: str = client.post("sign-in-links").json()["url"]
    return url.partition("#code=")[2]
