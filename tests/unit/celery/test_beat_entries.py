"""Entries of `beat_schedule` as schedules: each field, and what is refused without stopping the others."""

import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from unittest.mock import MagicMock
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from celery import Celery
from celery.beat import BeatLazyFunc, ScheduleEntry
from celery.schedules import BaseSchedule, crontab, schedule, solar
from kombu.entity import Exchange, Queue
from kombu.utils.json import dumps, loads

from punctual.celery.beat_entries import read_entries, schedule_name
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import Interval, parse_trigger
from punctual.domain.triggers import solar as solar_trigger


def make_app(**settings: Any) -> Celery:
    app = Celery("proj", set_as_current=False)
    app.conf.update(settings)
    return app


def read(entry: Mapping[str, Any], **settings: Any) -> ScheduleSpec:
    found = read_entries(make_app(**settings), {"nightly": {"task": "tidy", "schedule": 60, **entry}})
    assert found.refused == {}
    return found.specs["nightly"]


def refusal(entry: Mapping[str, Any], **settings: Any) -> str:
    found = read_entries(make_app(**settings), {"nightly": {"task": "tidy", "schedule": 60, **entry}, "other": OTHER})
    assert list(found.specs) == ["other"]
    return found.refused["nightly"]


OTHER = {"task": "t", "schedule": 1.5}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (crontab(), "* * * * *"),
        (crontab(minute="*/15"), "*/15 * * * *"),
        (crontab(0, 4, "*"), "0 4 * * *"),
        (crontab(minute="*/15", hour="9-17", day_of_week="mon-fri"), "*/15 9-17 * * mon-fri"),
        (crontab(0, 0, "mon", "1-7"), "0 0 1-7 * mon day_match=and"),
        (crontab(0, 0, day_of_week="fri-mon", month_of_year="nov-feb"), "0 0 * nov-feb fri-mon"),
        (crontab({30, 5}, [22, 23], day_of_week={0, 6}), "5,30 22,23 * * 0,6"),
        (crontab("0-59/1", "*/1", "sunday", "*", "march"), "* * * 3 0"),
        (crontab("50-10/7", 0), "50,57,4 0 * * *"),
        (timedelta(minutes=90), "every 1h30m"),
        (90, "every 1m30s"),
        (1.5, "every 1.5s"),
        (schedule(30), "every 30s"),
        (schedule(30.5, relative=True), "every 30.5s"),
        (schedule(timedelta(days=1), relative=True), "0 0 * * *"),
        (schedule(timedelta(hours=60), relative=True), "RRULE:FREQ=DAILY;INTERVAL=2 DTSTART:20000101T000000"),
    ],
    ids=str,
)
def test_a_schedule_of_celerys_is_a_trigger(given: Any, text: str) -> None:
    trigger, wanted = read({"schedule": given}).trigger, parse_trigger(text)
    start = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
    found = expected = start
    assert trigger.kind == wanted.kind
    for _ in range(50):
        found, expected = trigger.next_after(found) or start, wanted.next_after(expected) or start
        assert found == expected


def test_a_crontab_keeps_what_people_wrote_and_reads_the_clocks_of_the_app() -> None:
    def office() -> crontab:
        return crontab(minute="*/15", hour="9-17", day_of_week="mon-fri", month_of_year=[1, 2])

    assert read({"schedule": office()}).trigger.text == "*/15 9-17 * 1,2 mon-fri"
    berlin = read({"schedule": office()}, timezone="Europe/Berlin").trigger
    assert berlin.text == "*/15 9-17 * 1,2 mon-fri Europe/Berlin"
    named = read({"schedule": crontab(0, 2)}, timezone="America/New_York", enable_utc=False)
    assert named.trigger.timezone_name == "America/New_York"


def test_clocks_without_a_name_are_refused() -> None:
    nowfun = lambda: datetime.now(timezone(timedelta(hours=5)))  # noqa: E731
    given = crontab(0, 2, nowfun=nowfun)
    given.tz = timezone(timedelta(hours=5))  # where Celery before 5.6 reads the machine's clocks
    assert "no IANA name" in refusal({"schedule": given})


def test_a_nowfun_that_tells_the_time_is_heeded_as_celery_heeds_it_and_another_is_refused() -> None:
    app = make_app(timezone="Europe/Berlin")
    given = crontab(0, 2, nowfun=lambda: datetime.now(ZoneInfo("Asia/Tokyo")))
    trigger = read({"schedule": given}, timezone="Europe/Berlin").trigger
    given.app = app
    assert trigger.timezone_name == given.remaining_delta(given.now())[0].tzinfo.key
    assert "nowfun" in refusal({"schedule": crontab(0, 2, nowfun=lambda: datetime(2001, 1, 1, tzinfo=UTC))})


def test_relative_intervals_are_rounded_to_the_clocks_of_the_app() -> None:
    hourly = read({"schedule": 2 * 3600, "relative": True}, timezone="Asia/Kolkata").trigger
    assert isinstance(hourly, Interval)
    fire_time = hourly.next_after(datetime(2026, 3, 1, 10, 7, tzinfo=UTC))
    assert fire_time is not None
    assert fire_time.astimezone(ZoneInfo("Asia/Kolkata")).strftime("%H:%M") in {"16:00", "18:00"}
    # Celery rounds each time down to the hour, so what is left over the hour is lost.
    assert read({"schedule": schedule(5400, relative=True)}).trigger.text == "every 1h"


@pytest.mark.parametrize("event", sorted(solar._all_events))  # noqa: SLF001 - Celery has no public list
def test_each_event_of_the_sun_is_known(event: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ephem", MagicMock())
    trigger = read({"schedule": solar(event, -37.81, 144.96)}, timezone="Australia/Melbourne").trigger
    assert trigger == solar_trigger(event, -37.81, 144.96, "Australia/Melbourne")  # type: ignore[arg-type]


def test_a_call_and_its_options_are_taken_over() -> None:
    spec = read(
        {
            "args": (1, "two"),
            "kwargs": {"keep": 3},
            "options": {
                "queue": Queue("slow"),  # type: ignore[no-untyped-call]
                "routing_key": None,
                "priority": 0,
                "headers": {"tenant": "a"},
                "expires": 90,
                "soft_time_limit": 50,
                "time_limit": 60.5,
                "retry": True,
            },
        }
    )
    assert (spec.task, spec.args, spec.kwargs, spec.queue) == ("tidy", [1, "two"], {"keep": 3}, "slow")
    assert spec.expires == timedelta(seconds=90)
    assert (spec.priority, spec.headers) == (0, {"tenant": "a"})
    assert (spec.message_options.soft_time_limit, spec.message_options.time_limit) == (50.0, 60.5)


def test_arguments_that_celerys_json_marks_are_the_same_again_in_the_worker() -> None:
    given = [datetime(2026, 1, 2, tzinfo=UTC), UUID(int=1), {"when": datetime(2026, 1, 2, tzinfo=UTC).date()}]
    assert loads(dumps(read({"args": given}).args)) == given  # type: ignore[no-untyped-call]


def test_an_exchange_counts_with_a_routing_key_as_in_celery(caplog: pytest.LogCaptureFixture) -> None:
    exchange = Exchange("reports")  # type: ignore[no-untyped-call]
    both = read({"options": {"queue": "reports", "exchange": exchange, "routing_key": "a"}})
    assert (both.queue, both.exchange, both.routing_key) == (None, "reports", "a")
    alone = read({"options": {"exchange": "reports"}})
    assert (alone.queue, alone.exchange) == (None, None)
    assert [record.__dict__["action"] for record in caplog.records] == ["beat_options_left_out"] * 2


def test_a_message_may_expire_after_a_time_and_a_schedule_at_an_instant() -> None:
    assert read({"options": {"expires": timedelta(hours=1)}}).expires == timedelta(hours=1)
    naive = datetime(2030, 1, 1)  # noqa: DTZ001 - which Celery takes for UTC
    ended = read({"options": {"expires": naive}}, timezone="Europe/Berlin")
    assert (ended.expires, ended.end_at) == (None, datetime(2030, 1, 1, tzinfo=UTC))
    assert read({"options": {"expires": "2030-01-01T00:00:00+00:00"}}).end_at == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_deadline_for_late_crontabs_is_how_far_they_are_caught_up() -> None:
    spec = read({"schedule": crontab()}, beat_cron_starting_deadline=30)
    assert (spec.catchup.window, spec.catchup.grace) == (timedelta(seconds=30), timedelta(seconds=30))
    assert read({}, beat_cron_starting_deadline=30).catchup.window == timedelta(days=1)


def test_options_that_punctual_does_not_have_are_named_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    read({"options": {"link": "x", "countdown": 3, "retry": False}})
    assert "countdown, link" in caplog.text


class OwnSchedule(crontab):  # type: ignore[misc] # Celery has no types
    pass


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"schedule": OwnSchedule()}, "OwnSchedule, whose fire times only its own code knows"),
        ({"schedule": BaseSchedule()}, "BaseSchedule"),
        ({"schedule": "* * * * *"}, "builtins.str"),
        ({"schedule": None}, "NoneType"),
        ({"schedule": 0.5}, "every"),
        ({"schedule": schedule()}, "no interval"),
        ({"task": None}, "task"),
        ({"args": [object()]}, "args cannot be stored as JSON"),
        ({"kwargs": {"now": BeatLazyFunc(datetime.now)}}, "kwargs cannot be stored as JSON"),
        ({"options": {"priority": 300}}, "priority"),
        ({"options": {"headers": {"id": 1}}}, "Celery's own"),
        ({"options": {"expires": 0}}, "expires"),
        ({"shedule": 3}, "keys that beat does not know: shedule"),
    ],
)
def test_an_entry_that_cannot_be_a_schedule_is_refused_and_the_others_go_on(entry: dict[str, Any], reason: str) -> None:
    assert reason in refusal(entry)


def test_beats_own_objects_are_read_as_dictionaries_are() -> None:
    app = make_app()
    entry = ScheduleEntry("nightly", "tidy", schedule=crontab(0, 4), args=(1,), options={"queue": "slow"}, app=app)
    spec = read_entries(app, {"nightly": entry}).specs["nightly"]
    assert (spec.task, spec.args, spec.queue, spec.trigger.text) == ("tidy", [1], "slow", "0 4 * * *")


def test_a_key_that_is_no_name_gets_a_mark_that_tells_it_from_others() -> None:
    keys = ["fetch('http://x/a')", "fetch('http:__x_a')", "x" * 300, "x" * 301, "", " padded", str(UUID(int=5))]
    names = [schedule_name(key) for key in keys]
    assert names[1] == keys[1]
    assert len(set(names)) == len(keys)
    found = read_entries(make_app(), {key: {"task": "t", "schedule": 5} for key in keys})
    assert found.refused == {}
    assert sorted(found.specs) == sorted(names)
    assert found.specs[names[0]].description == f"In beat_schedule: {keys[0]}"
    assert found.specs[names[1]].description == ""
