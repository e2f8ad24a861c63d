"""H in cron, recurrence sets, solar events and unions: what is read, what is refused, and how it says so."""

import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from astral import Observer
from astral.sun import sunrise
from pydantic import BaseModel, TypeAdapter, ValidationError

from punctual.domain.errors import TriggerError
from punctual.domain.triggers import Trigger, any_of, cron, every, once, parse_trigger, rrule, solar

NOW = datetime(2026, 1, 1, 12, 30, 5, 250_000, tzinfo=UTC)


class Holder(BaseModel):
    trigger: Trigger


@pytest.mark.parametrize(
    ("text", "field", "position", "message", "fix"),
    [
        ("EXRULE:FREQ=DAILY", "expression", 0, "EXRULE is not supported", "EXDATE"),
        ("RRULE:FREQ=DAYLY", "expression", 11, 'got "DAYLY"', "Did you mean DAILY?"),
        ("RRULE:FREQ=DAILY;BYHOUR=25", "expression", 24, "0\u201323", "0\u201323"),
        ("RRULE:FREQ=DAILY;BYHUOR=2", "expression", 17, "no part of a rule", "BYHOUR"),
        ("RRULE:FREQ=DAILY;COUNT=10001", "expression", 23, "1\u201310000", "1\u201310000"),
        ("RRULE:FREQ=DAILY;COUNT=3;UNTIL=20270101T000000", "expression", 6, "COUNT and UNTIL", "one of the two"),
        ("RRULE:FREQ=DAILY;BYDAY=1MO", "expression", 6, "number in BYDAY", "FREQ"),
        ("RRULE:FREQ=DAILY;UNTIL=20270101", "expression", 6, "no time of day", "T235959"),
        ("RRULE:BYHOUR=2", "expression", 6, "no FREQ", "FREQ="),
        ("DTSTART:20260101T090000", "expression", 0, "neither RRULE nor RDATE", "RRULE"),
        ("DTSTART:20260101T090000 RRULE:FREQ=DAILY EXDATE:20260102", "expression", 48, "no time of day", "T090000"),
        ("DTSTART:20260101T090000 RRULE:FREQ=DAILY;UNTIL=20250101T000000", "expression", 30, "before", "later"),
        ("DTSTART:20260101T090000Z RRULE:FREQ=DAILY Europe/Berlin", "expression", None, "in UTC", "Z"),
        ("DTSTART:20260230T090000 RRULE:FREQ=DAILY", "expression", 8, "not in the calendar", "exists"),
        ("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "expression", None, "no date matches", "Widen"),
        ("RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "expression", None, "no date matches", "Widen"),
        ("RRULE:FREQ=DAILY Europe/Berln", "timezone", 17, "unknown time zone", "Europe/Berlin"),
        ("RRULE:FREQ=DAILY UTC UTC", "expression", 21, 'unexpected "UTC"', "one time zone"),
        ("RRULE:FREQ=DAILY day_match=or", "", 17, "unknown option", "on_gap"),
        ("moonrise at 1,2", "event", 0, "no solar event", "sunrise"),
        ("sunset at x,2", "latitude", 10, "number of degrees", "52.52"),
        ("sunset at 1", "latitude", 11, "no latitude", "52.52"),
        ("0 2 * * * | 0 25 * * *", "triggers[1].expression", 14, "0\u201323", "0 to 23"),
        ("0 2 * * * |", "triggers[1]", 11, "missing", "every 90s"),
        (" | ".join(["@daily"] * 21), "triggers", 179, "at most 20", "Join"),
        ("H(5-3) * * * *", "expression", 2, "backwards", "smaller"),
        ("H/70 * * * *", "expression", 2, "1\u201359", "0"),
        ("0 0 31 H(2-2) *", "expression", None, "no date", "Widen"),
        ("0 0 0 1 1 ? H", "expression", 12, "in year", "year"),
    ],
)
def test_a_fault_names_its_field_its_place_and_a_fix(
    text: str, field: str, position: int | None, message: str, fix: str
) -> None:
    with pytest.raises(TriggerError) as caught:
        parse_trigger(text)
    error = caught.value
    assert message in error.message
    assert fix in error.fix
    assert (error.field, error.position) == (field, position)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (
            {"kind": "any_of", "triggers": ["@daily", {"kind": "cron", "expression": "x"}]},
            ("triggers", 1, "expression"),
        ),
        ({"kind": "any_of", "triggers": ["@daily", "every 0s"]}, ("triggers", 1)),
        ({"kind": "any_of", "triggers": ["@daily"]}, ("triggers",)),
        ({"kind": "any_of", "triggers": ["@daily", {"kind": "any_of", "triggers": []}]}, ("triggers", 1, "kind")),
        ({"kind": "rrule", "expression": "DTSTART;TZID=UTC:20260101T000000 RRULE:FREQ=DAILY"}, ("expression",)),
        ({"kind": "solar", "event": "noon", "latitude": 1, "longitude": 2}, ("event",)),
        ({"kind": "solar", "event": "sunset", "latitude": 91, "longitude": float("nan")}, ("latitude", "longitude")),
    ],
)
def test_a_fault_in_an_object_is_located_also_inside_a_union(
    value: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"trigger": value})
    found = [fault["loc"] for fault in caught.value.errors()]
    assert found == ([("trigger", each) for each in place] if value["kind"] == "solar" else [("trigger", *place)])


@pytest.mark.parametrize(
    "text",
    [
        "RRULE:FREQ=MONTHLY;BYDAY=-1FR Europe/Berlin on_gap=skip",
        "DTSTART:20260105T090000 RRULE:FREQ=WEEKLY;INTERVAL=2 RRULE:FREQ=DAILY;BYHOUR=3 EXDATE:20260119T090000",
        "DTSTART;TZID=Europe/Berlin:20260105T090000\nRRULE:FREQ=DAILY;UNTIL=20260301T080000Z\nRDATE:20260401T100000",
        "freq=daily;byhour=9",
        "sunset at 52.52,13.41 Europe/Berlin",
        "dawn_nautical at -0.5, 179.123456",
        "0 2 * * * Europe/Berlin | every 90s | sunrise at 1,2 | H H * * * | RRULE:FREQ=DAILY",
    ],
)
def test_text_and_object_give_the_same_trigger_back(text: str) -> None:
    trigger = parse_trigger(text)
    assert trigger.text == text
    assert parse_trigger(trigger.text) == trigger
    whole = trigger.anchored(NOW).identified("an id")
    assert TypeAdapter[Any](Trigger).validate_python(whole.model_dump(mode="json")) == whole
    without_text = whole.model_dump(mode="json") | {"text": ""}
    canonical = TypeAdapter[Any](Trigger).validate_python(without_text).text
    assert parse_trigger(canonical).anchored(NOW).identified("an id").next_after(NOW) == whole.next_after(NOW)


def test_h_is_a_stable_number_in_its_range_and_spreads() -> None:
    trigger = parse_trigger("H H(1-5) H * H Europe/Berlin")
    assert trigger.identified("nightly").next_after(NOW) == trigger.identified("nightly").next_after(NOW)
    minutes = {_first(f"H {hour} * * *", str(number)).minute for number in range(400) for hour in (0,)}
    assert len(minutes) > 55
    for number in range(60):
        found = _first("0 0 H * *", str(number))
        assert found.day <= 28
        assert _first("0 H(3-4) * * *", str(number)).hour in {3, 4}
        assert _first("H(0-29)/10 * * * *", str(number)).minute < 30
        tens = cron("H(0-29)/10 * * * *").identified(str(number))
        assert tens.count_between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 59, tzinfo=UTC), 9) == (
            3,
            True,
        )
        assert cron("0 0 31 H *").identified(str(number)).next_after(NOW) is not None
        assert cron("0 0 * * H(5-7)").identified(str(number)).next_after(NOW).weekday() in {4, 5, 6}  # type: ignore[union-attr]


def _first(expression: str, seed: str) -> datetime:
    found = cron(expression).identified(seed).next_after(datetime(2026, 1, 31, 23, 59, tzinfo=UTC))
    assert found is not None
    return found


def test_the_number_of_an_h_is_pinned_because_stored_schedules_rely_on_it() -> None:
    assert cron("H H * * *").identified("nightly").next_after(datetime(2026, 1, 1, tzinfo=UTC)) == datetime(
        2026, 1, 1, 18, 41, tzinfo=UTC
    )


def test_only_a_cron_with_an_h_takes_a_seed_and_takes_it_once() -> None:
    plain, hashed = cron("0 2 * * thu"), cron("H 2 * * *")
    assert plain.identified("a") is plain
    assert hashed.identified("a").seed == "a"
    assert hashed.identified("a").identified("b").seed == "a"
    assert hashed.identified("a").text == "H 2 * * *"
    union = any_of(plain, hashed, every("1h")).identified("a")
    assert [getattr(each, "seed", None) for each in union.triggers] == [None, "a", None]


def test_a_recurrence_set_takes_what_is_excluded_out_and_what_is_listed_in() -> None:
    trigger = rrule(
        "DTSTART:20260105T090000\nRRULE:FREQ=WEEKLY;COUNT=3\nRRULE:FREQ=MONTHLY;BYMONTHDAY=6;COUNT=1\n"
        "EXDATE:20260112T090000\nRDATE:20260107T100000,20260112T090000",
        "Europe/Berlin",
    )
    found, instant = [], trigger.next_after(NOW)
    while instant is not None:
        found.append(instant)
        instant = trigger.next_after(instant)
    assert found == [datetime(2026, 1, day, hour, tzinfo=UTC) for day, hour in ((5, 8), (6, 8), (7, 9), (19, 8))]
    assert trigger.count_between(NOW, NOW + timedelta(days=400), 100) == (4, True)


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20261025T003000Z", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("20261025T013000Z", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("20261025T023000", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_until_in_utc_is_an_instant_and_a_local_one_a_wall_time(until: str, last: datetime) -> None:
    trigger = rrule(f"DTSTART:20261024T000000 RRULE:FREQ=MINUTELY;INTERVAL=30;UNTIL={until}", "Europe/Berlin")
    assert trigger.previous_before(datetime(2030, 1, 1, tzinfo=UTC)) == last
    assert trigger.next_after(last) is None
    assert trigger.next_after(last - timedelta(minutes=1)) == last


def test_a_set_without_dtstart_starts_at_its_anchor_to_the_second() -> None:
    trigger = rrule("RRULE:FREQ=SECONDLY;INTERVAL=7").anchored(NOW)
    assert trigger.anchor == NOW.replace(microsecond=0)
    assert trigger.next_after(NOW) == NOW.replace(microsecond=0) + timedelta(seconds=7)
    assert trigger.text == "RRULE:FREQ=SECONDLY;INTERVAL=7"
    assert trigger.anchored(NOW + timedelta(seconds=3)) is trigger
    fixed = rrule("DTSTART:20260101T000000 RRULE:FREQ=DAILY")
    assert fixed.anchored(NOW) is fixed


def test_a_frequent_rule_is_asked_far_from_its_start_without_walking_there() -> None:
    trigger = rrule("DTSTART:19700101T000000 RRULE:FREQ=SECONDLY;INTERVAL=7")
    far = datetime(9998, 6, 1, tzinfo=UTC)
    following = trigger.next_after(far)
    assert following is not None
    assert (following - datetime(1970, 1, 1, tzinfo=UTC)) % timedelta(seconds=7) == timedelta(0)
    assert trigger.count_between(far, far + timedelta(days=1), 100_000)[1]


def test_a_union_fires_once_where_two_triggers_meet() -> None:
    union = any_of(cron("0 * * * *"), every("20m"), "30 * * * *")
    found, instant = [], datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(4):
        following = union.next_after(instant)
        assert following is not None
        assert union.previous_before(following + timedelta(microseconds=1)) == following
        found.append(following.minute)
        instant = following
    assert found == [20, 30, 40, 0]


def test_the_zone_of_a_union_is_the_common_one() -> None:
    berlin = cron("0 2 * * *", "Europe/Berlin")
    assert any_of(berlin, every("1h"), once("2026-12-24T18:00", "Europe/Berlin")).timezone_name == "Europe/Berlin"
    assert any_of(berlin, cron("0 2 * * *")).timezone_name == "UTC"


def test_sunrise_is_where_astral_has_it() -> None:
    trigger = solar("sunrise", 52.52, 13.41)
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(365):
        following = trigger.next_after(instant)
        assert following is not None
        known = sunrise(Observer(52.52, 13.41), following.date(), tzinfo=UTC)
        assert abs(following - known) < timedelta(seconds=90)
        assert trigger.previous_before(following + timedelta(seconds=1)) == following
        instant = following


@pytest.mark.parametrize("event", ["sunrise", "solar_noon", "sunset", "dusk_astronomical", "dawn_civil"])
@pytest.mark.parametrize("longitude", [-179.9, -120, 0, 100, 180])
def test_no_day_has_an_event_twice_and_none_is_lost(event: Any, longitude: float) -> None:
    trigger = solar(event, 45, longitude)
    found: list[datetime] = []
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(366):
        following = trigger.next_after(instant)
        assert following is not None
        assert trigger.previous_before(following) == (found[-1] if found else trigger.previous_before(instant))
        found.append(following)
        instant = following
    assert all(abs(later - earlier - timedelta(days=1)) < timedelta(minutes=6) for earlier, later in pairwise(found))


def test_polar_night_and_polar_day_are_left_out() -> None:
    trigger = solar("sunrise", 69.65, 18.96, "Europe/Oslo")
    after_night = trigger.next_after(datetime(2026, 12, 5, tzinfo=UTC))
    before_night = trigger.previous_before(datetime(2026, 12, 5, tzinfo=UTC))
    assert after_night is not None
    assert before_night is not None
    assert (before_night.month, after_night.year, after_night.month) == (11, 2027, 1)
    assert trigger.previous_before(after_night) == before_night
    assert trigger.next_after(before_night) == after_night
    assert solar("dawn_civil", -90, 0).next_after(NOW) is None or solar("dawn_civil", -90, 0).next_after(NOW) > NOW  # type: ignore[operator]
    for edge in (datetime.min, datetime.max):  # noqa: DTZ901 - given a zone here
        trigger.next_after(edge.replace(tzinfo=UTC))
        trigger.previous_before(edge.replace(tzinfo=UTC))


def test_without_astral_a_solar_trigger_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "astral", None)
    trigger = solar("sunset", 1.25, 2.5)
    with pytest.raises(TriggerError, match="astral") as caught:
        trigger.next_after(NOW)
    assert "pip install 'punctual[solar]'" in caught.value.fix
