"""`punctual explain`: why it fires at an instant, or does not, without a server."""

import json
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner, Result

from punctual.cli.explain import explain
from punctual.domain.errors import InvalidInputError, TriggerError

app = typer.Typer()
app.command()(explain)


@pytest.fixture(autouse=True)
def _in_new_york(local_zone: Callable[[str], None]) -> None:
    local_zone("America/New_York")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def said(*arguments: str) -> str:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_why_it_does_not_fire_is_told_with_its_neighbours() -> None:
    assert said("0 9 * * mon-fri Europe/Berlin", "2026-11-22T09:30+01:00").splitlines() == [
        "trigger   every weekday at 09:00 in Europe/Berlin",
        "instant   Sun 2026-11-22 09:30:00 CET",
        "          Sun 2026-11-22 03:30:00 EST",
        "          Sun 2026-11-22 08:30:00 UTC",
        "fires     no",
        "why not   Sunday is not in mon-fri",
        "          minute is 30, and the expression has 0",
        "previous  Fri 2026-11-20 09:00:00 CET",
        "next      Mon 2026-11-23 09:00:00 CET",
    ]


def test_a_fire_time_is_told_with_its_notes() -> None:
    lines = said("30 2 * * *", "2026-03-29T01:00Z", "--timezone", "Europe/Berlin").splitlines()
    assert "fires     yes" in lines
    assert "notes     02:30 does not exist on 29 March 2026; it runs at 03:00 instead" in lines


def test_an_instant_without_an_offset_is_local_time() -> None:
    assert "fires     yes" in said("0 14 * * *", "2026-07-01T10:00").splitlines()


def test_what_does_not_come_is_said_to_be_none() -> None:
    lines = said("2020-01-01T00:00", "2026-01-01T00:00Z").splitlines()
    assert lines[-1] == "next      none"


def test_json_has_the_shape_of_the_api() -> None:
    assert json.loads(said("every 1h", "2026-07-01T12:30Z", "--timezone", "Europe/Berlin", "-o", "json")) == {
        "trigger_text": "every 1h",
        "words": "every hour",
        "instant": "2026-07-01T12:30:00Z",
        "local": "2026-07-01T14:30:00+02:00",
        "timezone": "Europe/Berlin",
        "fires": False,
        "due_time": None,
        "reasons": ["The nearest fire times are 12:00 on 1 July 2026 UTC and 13:00 on 1 July 2026 UTC"],
        "notes": [],
        "previous": {
            "utc": "2026-07-01T12:00:00Z",
            "local": "2026-07-01T14:00:00+02:00",
            "timezone": "Europe/Berlin",
            "due_time": "2026-07-01T12:00:00Z",
            "notes": [],
        },
        "next": {
            "utc": "2026-07-01T13:00:00Z",
            "local": "2026-07-01T15:00:00+02:00",
            "timezone": "Europe/Berlin",
            "due_time": "2026-07-01T13:00:00Z",
            "notes": [],
        },
    }


def test_faults_are_named() -> None:
    assert call("@daily", "noon").exit_code == 2
    assert isinstance(call("0 25 * * *", "2026-01-01T00:00Z").exception, TriggerError)
    assert isinstance(call("@daily Asia/Tokyo", "9999-12-31T23:00Z").exception, InvalidInputError)
