"""`punctual preview`: fire times without a server."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner, Result

from punctual.cli.client import Connection
from punctual.cli.preview import preview
from punctual.domain.errors import TriggerError
from punctual.testing import ManualClock

app = typer.Typer()
app.command()(preview)


NOW = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_new_york(local_zone: Callable[[str], None]) -> None:
    local_zone("America/New_York")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, obj=Connection(clock=ManualClock(NOW)))


def said(*arguments: str) -> str:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_fire_times_are_told_in_the_triggers_zone_in_the_viewers_and_in_utc() -> None:
    words, empty, *table = said("0 2 * * * Europe/Berlin", "--count", "1").splitlines()
    assert (words, empty) == ("every day at 02:00 in Europe/Berlin", "")
    lines = [line.split() for line in table]
    assert lines[0] == ["Europe/Berlin", "LOCAL", "UTC"]
    assert lines[1][:4] == ["Thu", "2026-07-02", "02:00:00", "CEST"]
    assert lines[1][4:8] == ["Wed", "2026-07-01", "20:00:00", "EDT"]
    assert lines[1][8:] == ["Thu", "2026-07-02", "00:00:00", "UTC"]


def test_a_zone_that_tells_nothing_new_is_left_out() -> None:
    assert said("0 2 * * *").splitlines()[2].split() == ["UTC", "LOCAL"]
    assert said("0 2 * * * America/New_York").splitlines()[2].split() == ["America/New_York", "UTC"]


def test_a_machine_in_utc_shows_no_column_twice(local_zone: Callable[[str], None]) -> None:
    local_zone("UTC")
    assert said("0 2 * * * Europe/Berlin").splitlines()[2].split() == ["Europe/Berlin", "UTC"]


def test_without_a_zone_the_text_takes_that_of_the_option() -> None:
    assert said("0 2 * * *", "--timezone", "Europe/Berlin", "-o", "name").split()[0] == "2026-07-02T00:00:00Z"
    assert said("0 2 * * * on_gap=skip", "--timezone", "Europe/Berlin", "-o", "name").startswith("2026-07-02T00:00:00Z")
    assert said("2026-12-24T18:00", "--timezone", "Europe/Berlin", "-o", "name") == "2026-12-24T17:00:00Z\n"


def test_an_interval_is_shown_in_the_zone_of_the_option() -> None:
    lines = said("every 90s", "--timezone", "Asia/Tokyo").splitlines()[2:]
    assert lines[0].split() == ["Asia/Tokyo", "LOCAL", "UTC"]
    assert "2026-07-01 21:01:30 JST" in lines[1]


def test_two_zones_that_contradict_each_other_are_refused() -> None:
    result = call("0 2 * * * Europe/Berlin", "--timezone", "Europe/Paris")
    assert result.exit_code == 2
    assert said("0 2 * * * Europe/Berlin", "--timezone", "Europe/Berlin", "-o", "name")


def test_an_unknown_zone_is_refused_for_every_kind_of_trigger() -> None:
    for text in ("0 2 * * *", "every 90s"):
        assert isinstance(call(text, "--timezone", "Europe/Brlin").exception, TriggerError)


def test_an_interval_starts_at_the_whole_second() -> None:
    assert said("every 90s", "--count", "2", "-o", "name").split() == ["2026-07-01T12:01:30Z", "2026-07-01T12:03:00Z"]


@pytest.mark.parametrize(
    ("after", "first"),
    [
        ("2026-03-28T00:00:00Z", "2026-03-28T01:30:00Z"),
        ("2026-03-28T12:00:00+01:00", "2026-03-29T01:00:00Z"),
        ("2026-03-27T21:29", "2026-03-28T01:30:00Z"),
    ],
)
def test_after_is_an_instant_and_local_time_without_an_offset(after: str, first: str) -> None:
    assert said("30 2 * * * Europe/Berlin", "--after", after, "-o", "name").split()[0] == first


def test_json_has_the_shape_of_the_api() -> None:
    assert json.loads(said("0 2 * * * Europe/Berlin", "--count", "1", "-o", "json")) == {
        "trigger_text": "0 2 * * * Europe/Berlin",
        "words": "every day at 02:00 in Europe/Berlin",
        "fire_times": [
            {
                "utc": "2026-07-02T00:00:00Z",
                "local": "2026-07-02T02:00:00+02:00",
                "timezone": "Europe/Berlin",
                "due_time": "2026-07-02T00:00:00Z",
                "notes": [],
            }
        ],
        "previous": [],
    }


def test_a_trigger_that_is_over_is_said_to_be() -> None:
    assert said("2020-01-01T00:00").splitlines() == [
        "once at 00:00 on 1 January 2020 in UTC",
        "",
        "It does not fire after Wed 2026-07-01 12:00:00 UTC.",
    ]
    assert said("2020-01-01T00:00", "-o", "name") == ""


def test_notes_stand_beside_the_fire_times_that_have_them() -> None:
    table = said("30 2 * * * Europe/Berlin", "--after", "2026-03-28T12:00Z", "--count", "2").splitlines()[2:]
    assert table[0].rstrip().endswith("NOTES")
    assert "02:30 does not exist on 29 March 2026; it runs at 03:00 instead" in table[1]
    assert table[2].rstrip().endswith("UTC")


def test_previous_fire_times_come_first_and_are_marked() -> None:
    table = said("0 2 * * * Europe/Berlin", "--previous", "2", "--count", "1").splitlines()[3:]
    assert [line.split()[:3] for line in table] == [
        ["previous", "Tue", "2026-06-30"],
        ["previous", "Wed", "2026-07-01"],
        ["next", "Thu", "2026-07-02"],
    ]
    assert "previous  Wed 2020-01-01" in said("2020-01-01T00:00", "--previous", "1")


def test_a_fault_is_pointed_at_in_the_text() -> None:
    error = call("0 25 * * *").exception
    assert isinstance(error, TriggerError)
    assert error.message.splitlines()[1:] == ["  0 25 * * *", "    ^"]
    assert error.fix


@pytest.mark.parametrize("after", ["yesterday", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_instant_is_refused(after: str) -> None:
    result = call("@daily", "--after", after)
    assert result.exit_code == 2
    assert "no instant" in result.stderr


def test_a_recurrence_without_a_start_is_told_as_it_fires() -> None:
    words, _, _, first = said("RRULE:FREQ=MONTHLY;BYDAY=-1FR", "--count", "1").splitlines()
    assert words == "every month on the last Friday at 12:00 in UTC, from 1 July 2026"
    assert first.split()[:3] == ["Fri", "2026-07-31", "12:00:00"]
