"""The application behind a proxy, and inside another application."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from punctual.asgi import create_app
from punctual.settings import Settings
from punctual.store.database import Database
from punctual.testing import ManualClock


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, public_url=getattr(request, "param", None))


@pytest.fixture
def embedded(settings: Settings, database: Database, clock: ManualClock, client: httpx.Client) -> httpx.Client:
    host = Starlette(routes=[Mount("/cron", app=create_app(settings, database, clock))])
    return type(client)(app=host, base_url="http://host.test/cron/api/v1/", headers=client.headers)  # type: ignore[call-arg] # the test client's own arguments


def test_inside_another_application_every_address_keeps_its_prefix(embedded: httpx.Client) -> None:
    made = embedded.post("schedules", json={"name": "nightly", "task": "reports.send", "trigger": "@daily"})
    assert made.status_code == 201
    assert made.headers["location"] == f"/cron/api/v1/schedules/{made.json()['id']}"
    run = embedded.post("schedules/nightly/run-now")
    assert run.headers["location"] == f"/cron/api/v1/runs/{run.json()['id']}"
    assert embedded.post("sign-in-links").json()["url"].startswith("http://host.test/cron/sign-in#code=")
    assert embedded.get("openapi.json").json()["servers"][0] == {"url": "/cron/api/v1"}
    assert embedded.put("schedules/nightly").headers["allow"] == "DELETE, GET, PATCH"


@pytest.mark.parametrize("settings", ["https://cron.example.org/"], indirect=True)
def test_behind_a_proxy_links_and_cookies_go_by_the_public_url(client: httpx.Client, anonymous: httpx.Client) -> None:
    url = client.post("sign-in-links").json()["url"]
    assert url.startswith("https://cron.example.org/sign-in#code=")
    opened = anonymous.post(
        "session", json={"code": url.partition("#code=")[2]}, headers={"Origin": "https://cron.example.org"}
    )
    assert opened.status_code == 204
    assert "; Secure" in opened.headers["set-cookie"]


def test_what_is_not_the_api_is_the_web_ui(client: httpx.Client) -> None:
    answer = client.get("http://punctual.test/schedules")
    assert answer.headers["content-type"].startswith("text/")
    assert "content-security-policy" in answer.headers


def test_another_version_of_the_api_is_a_problem_not_a_page(anonymous: httpx.Client) -> None:
    for path in ("/api/v2/schedules", "/api/schedules", "/api/v1", "/api/"):
        answer = anonymous.get(f"http://punctual.test{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_path"), path
