"""Telling a request of one of our own pages from one of another site's."""

import pytest
from fastapi import Request

from punctual.api.deps import base_url, sent_from_own_page
from punctual.settings import Settings


def _request(*, scheme: str = "http", root_path: str = "/api/v1", **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "POST",
            "scheme": scheme,
            "server": ("10.0.0.7", 8710),
            "path": f"{root_path}/session",
            "root_path": root_path,
            "query_string": b"",
            "headers": raw,
        }
    )


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({"host": "cron.test:8710", "origin": "http://cron.test:8710"}, True),
        ({"host": "cron.test", "origin": "https://cron.test"}, True),  # a proxy ends TLS in front of us
        ({"host": "Cron.Test", "origin": "http://cron.test"}, True),
        ({"host": "cron.test:8710", "origin": "http://cron.test"}, False),
        ({"host": "cron.test", "origin": "http://www.cron.test"}, False),
        ({"host": "cron.test", "origin": "null"}, False),
        ({"host": "cron.test", "origin": ""}, False),
        ({"host": "", "origin": "null"}, False),
        ({"host": "inner", "origin": "https://public.test"}, True),
        ({"host": "inner", "origin": "https://public.test.evil.test"}, False),
        ({"host": "cron.test"}, False),
        ({"host": "inner", "sec_fetch_site": "same-origin", "origin": "https://elsewhere.test"}, True),
        ({"host": "cron.test", "sec_fetch_site": "same-site", "origin": "http://cron.test"}, False),
        ({"host": "cron.test", "sec_fetch_site": "", "origin": "http://cron.test"}, False),
    ],
)
def test_the_browser_s_own_headers_tell_whose_page_it_was(headers: dict[str, str], *, own: bool) -> None:
    assert sent_from_own_page(_request(**headers), Settings(public_url="https://public.test/cron")) is own


def test_without_a_public_url_people_reach_the_server_where_this_request_did() -> None:
    assert base_url(_request(host="cron.test:8710"), Settings()) == "http://cron.test:8710"
    assert base_url(_request(host="cron.test", scheme="https", root_path="/jobs/api/v1"), Settings()) == (
        "https://cron.test/jobs"
    )


def test_a_public_url_wins_over_the_request() -> None:
    settings = Settings(public_url="https://public.test/cron/")
    assert base_url(_request(host="evil.test"), settings) == "https://public.test/cron"
