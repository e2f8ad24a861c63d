import asyncio
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from punctual.web.app import create_web_app

PAGE = "<!doctype html><title>Punctual</title>"


@dataclass(frozen=True)
class Client:
    app: ASGIApp

    def get(self, address: str) -> httpx.Response:
        return self._ask("GET", address)

    def post(self, address: str) -> httpx.Response:
        return self._ask("POST", address)

    def _ask(self, method: str, address: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://punctual") as client:
                return await client.request(method, address)

        return asyncio.run(ask())


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-3fA9.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("not yours")
    return folder


@pytest.fixture
def client(dist: Path) -> Client:
    return Client(Starlette(routes=[Mount("/", create_web_app(dist))]))


@pytest.mark.parametrize("address", ["/", "/index.html", "/sign-in", "/schedules/new", "/runs?state=failed"])
def test_every_place_in_the_ui_gets_the_page_and_no_cache_keeps_it(client: Client, address: str) -> None:
    answer = client.get(address)

    assert answer.status_code == 200
    assert answer.text == PAGE
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"


def test_a_schedule_name_with_dots_is_a_place_and_not_a_file(client: Client) -> None:
    assert client.get("/schedules/report.daily.csv").text == PAGE


def test_hashed_assets_are_cached_for_good(client: Client) -> None:
    answer = client.get("/assets/index-3fA9.js")

    assert answer.status_code == 200
    assert "javascript" in answer.headers["content-type"]
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


def test_other_files_are_cached_for_a_while_only(client: Client) -> None:
    answer = client.get("/favicon.svg")

    assert answer.text == "<svg/>"
    assert answer.headers["cache-control"] == "public, max-age=3600"


@pytest.mark.parametrize("address", ["/assets/index-0000.js", "/assets/chunk", "/robots.txt"])
def test_a_missing_file_is_a_404_and_never_the_page(client: Client, address: str) -> None:
    answer = client.get(address)

    assert answer.status_code == 404
    assert PAGE not in answer.text
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "address", ["/../secret.txt", "/..%2fsecret.txt", "/assets/..%2f..%2fsecret.txt", "/%2fetc/passwd", "/a%00b"]
)
def test_nothing_outside_the_built_folder_is_served(client: Client, address: str) -> None:
    answer = client.get(address)

    assert "not yours" not in answer.text
    assert "root:" not in answer.text
    assert answer.status_code in {200, 404}


def test_a_link_that_leads_out_of_the_built_folder_is_not_followed(client: Client, dist: Path) -> None:
    (dist / "way-out.txt").symlink_to(dist.parent / "secret.txt")

    assert client.get("/way-out.txt").status_code == 404


@pytest.mark.parametrize("address", ["/", "/assets/index-3fA9.js", "/assets/missing.js"])
def test_every_answer_carries_the_security_headers(client: Client, address: str) -> None:
    headers = client.get(address).headers

    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


def test_the_ui_is_read_only(client: Client) -> None:
    assert client.post("/").status_code == 405


def test_without_a_build_the_answer_says_how_to_make_one_and_a_later_build_is_served_at_once(tmp_path: Path) -> None:
    dist = tmp_path / "dist"
    client = Client(create_web_app(dist))
    answer = client.get("/schedules")
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/plain")
    assert "python3 dev.py up" in answer.text

    dist.mkdir()
    (dist / "index.html").write_text(PAGE)
    assert client.get("/schedules").text == PAGE
