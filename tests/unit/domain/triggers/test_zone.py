"""Zones come from the tzdata package, whatever the machine has."""

import copy
import os
import pickle
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from punctual.domain.triggers.zone import TZDATA_VERSION, find_zone, load_zone, zone_names

SUMMER = datetime(2026, 7, 1, 12, tzinfo=UTC)
ASK = """
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from punctual.domain.triggers import cron
from punctual.domain.triggers.zone import zone_names
summer = datetime(2026, 7, 1, tzinfo=UTC)
print(ZoneInfo("Europe/Berlin").utcoffset(summer), cron("0 12 * * *", "Europe/Berlin").next_after(summer))
print("Mars/Olympus" in zone_names())
"""


def test_zones_of_the_machine_change_no_fire_time(tmp_path: Path) -> None:
    tokyo = files("tzdata").joinpath("zoneinfo", "Asia", "Tokyo").read_bytes()
    for name in ("Europe/Berlin", "Mars/Olympus"):
        bogus = tmp_path / name
        bogus.parent.mkdir()
        bogus.write_bytes(tokyo)
    environment = os.environ | {"PYTHONTZPATH": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["9:00:00 2026-07-01 10:00:00+00:00", "False"]


def test_every_name_has_a_zone_of_that_name() -> None:
    assert len(zone_names()) > 500
    for name in zone_names():
        assert load_zone(name).key == name


@pytest.mark.parametrize(
    "name", ["Factory", "localtime", "posix/Europe/Berlin", "../zones", "/etc/passwd", "Europe", "europe/berlin", ""]
)
def test_a_name_that_the_database_does_not_have_is_no_zone(name: str) -> None:
    assert find_zone(name) is None


def test_the_release_of_the_database_is_known() -> None:
    first_line = files("tzdata").joinpath("zoneinfo", "tzdata.zi").read_text("utf-8").partition("\n")[0]
    assert first_line == f"# version {TZDATA_VERSION}"


def test_a_time_in_a_zone_can_be_copied_and_pickled() -> None:
    local = SUMMER.astimezone(load_zone("Europe/Berlin"))
    for twin in (copy.deepcopy(local), pickle.loads(pickle.dumps(local))):  # noqa: S301 - our own bytes
        assert twin == local
        assert twin.tzinfo is load_zone("Europe/Berlin")
