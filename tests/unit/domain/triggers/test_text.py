"""Triggers as texts and as objects: what goes in, what comes out, and where faults are."""

from datetime import datetime
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from punctual.domain.errors import TriggerError
from punctual.domain.triggers import AnyTrigger, Trigger, cron, every, once, parse_trigger
from punctual.domain.triggers.cron_fields import WORDS
from punctual.domain.triggers.zone import zone_names


class Holder(BaseModel):
    trigger: Trigger


@pytest.mark.parametrize(
    ("text", "trigger"),
    [
        ("0 2 * * * Europe/Berlin", cron("0 2 * * *", "Europe/Berlin")),
        ("0 0 2 * * mon-fri America/Indiana/Knox", cron("0 0 2 * * mon-fri", "America/Indiana/Knox")),
        ("0 0 2 ? * friL 2030 UTC", cron("0 0 2 ? * friL 2030")),
        ("@daily Asia/Tokyo", cron("@daily", "Asia/Tokyo")),
        ("0 0 13 * fri day_match=and", cron("0 0 13 * fri", day_match="and")),
        ("30 2 * * * CET on_gap=skip on_fold=both", cron("30 2 * * *", "CET", on_gap="skip", on_fold="both")),
        ("every 90s", every(90)),
        ("Every 1h30m", every(5400)),
        ("every day", every("1d")),
        ("2026-12-24T18:00 Europe/Berlin", once("2026-12-24T18:00", "Europe/Berlin")),
        ("2026-12-24 18:00 Europe/Berlin", once("2026-12-24T18:00", "Europe/Berlin")),
        ("2026-12-24T18:00+01:00", once("2026-12-24T18:00+01:00")),
        ("2026-12-24T18:00:30Z", once("2026-12-24T18:00:30Z")),
    ],
)  # fmt: skip
def test_a_text_means_the_trigger_and_is_kept(text: str, trigger: AnyTrigger) -> None:
    found = parse_trigger(f"  {text} ")
    assert found.text == text
    assert found.model_copy(update={"text": trigger.text}) == trigger
    assert parse_trigger(trigger.text) == trigger


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        ("", "missing", "@daily"),
        ("tomorrow", "is no trigger", "@daily"),
        ("90s", "is no trigger", 'Did you mean "every 90s"?'),
        ("0 2 * * * Europe/Berln", "unknown time zone", "Europe/Berlin"),
        ("0 2 * * Europe/Berlin", "this has 4", '"0 2 * * *"'),
        ("0 0 9 * * mondey", '"mondey" is no day of week', "monday"),
        ("CRON_TZ=Europe/Berlin 0 2 * * *", "unknown option", "Europe/Berlin"),
        ("0 2 * * * on_gop=skip", "unknown option", "on_gap"),
        ("0 2 * * * on_gap=both", "on_gap must be shift or skip", "on_gap=shift"),
        ("0 2 * * * on_gap=skip on_gap=skip", "given twice", "Keep one"),
        ("0 2 * * * on_gap=skip UTC", "comes after an option", "last"),
        ("2026-12-24T18:00 day_match=and", "unknown option", "on_gap"),
        ("2026-12-24T18:00 Europe/Berlin often", 'unexpected "often"', "Europe/Berlin"),
        ("every", "no length of time", "90s"),
        ("0 2 * * *" + " " * 800 + "*", "too long", "750"),
    ],
)
def test_a_text_that_is_no_trigger_is_refused_with_a_fix(text: str, message: str, fix: str) -> None:
    with pytest.raises(TriggerError, match=message) as caught:
        parse_trigger(text)
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"kind": "cron", "expression": "0 25 * * *"}, ("trigger", "expression")),
        ({"kind": "cron", "expression": "0 0 30 2 *"}, ("trigger", "expression")),
        ({"kind": "cron", "expression": "0 2 * * *", "timezone": "berlin"}, ("trigger", "timezone")),
        ({"kind": "cron", "expression": "0 2 * * *", "on_gap": "x"}, ("trigger", "on_gap")),
        ({"kind": "cron", "expression": "0 2 * * * Europe/Berlin"}, ("trigger", "expression")),
        ({"kind": "cron"}, ("trigger", "expression")),
        ({"kind": "cron", "expression": "0 2 * * *", "every": 3}, ("trigger", "every")),
        ({"kind": "interval", "every": 0}, ("trigger", "every")),
        ({"kind": "interval", "every": 5, "anchor": "2026-01-01T00:00:00"}, ("trigger", "anchor")),
        ({"kind": "once", "at": "soon"}, ("trigger", "at")),
        ({"kind": "once", "at": 3}, ("trigger", "at")),
        ({"kind": "once", "at": "2011-12-30T12:00", "timezone": "Pacific/Apia"}, ("trigger", "at")),
        ({"kind": "lunar"}, ("trigger", "kind")),
        ({"expression": "0 2 * * *"}, ("trigger", "kind")),
        ("0 25 * * *", ("trigger",)),
        (5, ("trigger",)),
        (None, ("trigger",)),
    ],
)
def test_a_fault_is_located_at_the_field_of_the_object(value: object, place: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"trigger": value})
    assert [fault["loc"] for fault in caught.value.errors()] == [place]


def test_every_fault_of_an_object_is_reported_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        Holder.model_validate({"trigger": {"kind": "cron", "expression": "x", "timezone": "y", "on_fold": "z"}})
    assert [fault["loc"][1] for fault in caught.value.errors()] == ["expression", "timezone", "on_fold"]
    assert isinstance(caught.value.errors()[0]["ctx"]["error"], TriggerError)


def test_a_text_beside_the_fields_is_kept_only_while_it_means_the_same() -> None:
    fields = {"kind": "cron", "expression": "0 2 * * *", "timezone": "UTC"}
    assert Holder.model_validate({"trigger": {**fields, "text": "0 2 * * * UTC"}}).trigger.text == "0 2 * * * UTC"
    assert Holder.model_validate({"trigger": {**fields, "text": "0 3 * * *"}}).trigger.text == "0 2 * * *"
    assert Holder.model_validate({"trigger": {**fields, "text": "no text"}}).trigger.text == "0 2 * * *"
    interval = {"kind": "interval", "every": 3600, "anchor": "2026-01-01T00:00:00Z"}
    assert Holder.model_validate({"trigger": {**interval, "text": "every 1 hour"}}).trigger.text == "every 1 hour"
    assert Holder.model_validate({"trigger": {**interval, "text": "every 2h"}}).trigger.text == "every 1h"


def test_the_longest_trigger_is_read_back_from_its_own_object_and_text() -> None:
    minutes = ",".join(["15-30/5"] * 60)
    trigger = cron(f"{minutes} * * * *", "America/Argentina/ComodRivadavia", "and", "shift", "second")
    assert Holder.model_validate(Holder(trigger=trigger).model_dump(mode="json")).trigger == trigger
    assert parse_trigger(trigger.text) == trigger


def test_json_shows_seconds_instants_and_the_text() -> None:
    shown: dict[str, Any] = Holder(
        trigger=every("1h30m", anchor=datetime.fromisoformat("2026-01-01T01:00+01:00"))
    ).model_dump(mode="json")
    assert shown["trigger"] == {
        "kind": "interval",
        "every": 5400,
        "anchor": "2026-01-01T00:00:00Z",
        "text": "every 1h30m",
    }
    shown = Holder(trigger=once("2026-12-24 18:00", "Europe/Berlin")).model_dump(mode="json")
    assert shown["trigger"]["at"] == "2026-12-24T18:00:00"
    assert shown["trigger"]["text"] == "2026-12-24T18:00 Europe/Berlin"


def test_the_schema_offers_the_text_beside_the_objects() -> None:
    adapter: TypeAdapter[AnyTrigger] = TypeAdapter(Trigger)
    schema = adapter.json_schema()
    text, *objects = schema["anyOf"]
    assert text["type"] == "string"
    assert "@daily" in text["examples"]
    assert objects == [{"$ref": f"#/$defs/{name}"} for name in ("Cron", "Interval", "Once", "Rrule", "Solar", "AnyOf")]
    assert schema["$defs"]["Cron"]["required"] == ["kind", "expression"]
    answer = adapter.json_schema(mode="serialization")
    assert answer["discriminator"]["propertyName"] == "kind"
    assert "text" in answer["$defs"]["Cron"]["required"]
    assert answer["$defs"]["Interval"]["properties"]["every"]["type"] == "number"


def test_no_time_zone_can_be_mistaken_for_a_field() -> None:
    for name in zone_names():
        leading = name[: next((place for place, letter in enumerate(name) if not letter.isalpha()), len(name))]
        assert leading.lower() not in WORDS, name
