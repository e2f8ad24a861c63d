"""Message options of a schedule: what is refused, by the name of its field, and what a message gets."""

from dataclasses import fields as fields_of
from typing import Any

import pytest
from celery.app.task import Context
from pydantic import ValidationError

from punctual.control.faults import faults_of
from punctual.domain.errors import Fault
from punctual.domain.message_options import NO_OPTIONS, MessageOptions
from punctual.domain.schedule import ScheduleSpec
from punctual.engine.sender import TaskMessage

ALL: dict[str, Any] = {
    "exchange": "reports",
    "routing_key": "reports.daily",
    "priority": 0,
    "headers": {"tenant": "a"},
    "soft_time_limit": 50,
    "time_limit": "1m",
}


def spec(**fields: Any) -> ScheduleSpec:
    return ScheduleSpec.model_validate({"name": "n", "task": "t", "trigger": "@daily"} | fields)


def fault(**fields: Any) -> Fault:
    with pytest.raises(ValidationError) as refused:
        spec(**fields)
    (found,) = faults_of(refused.value, ScheduleSpec)
    return found


@pytest.mark.parametrize(
    ("fields", "path", "words"),
    [
        ({"queue": "q", "exchange": "x", "routing_key": "k"}, "exchange", "not to both"),
        ({"exchange": "x"}, "routing_key", "needs a routing key"),
        ({"soft_time_limit": 60, "time_limit": "1m"}, "soft_time_limit", "not below"),
        ({"time_limit": 0}, "time_limit", "longer than nothing"),
        ({"priority": -1}, "priority", "greater than or equal to 0"),
        ({"priority": 256}, "priority", "less than or equal to 255"),
        ({"exchange": "x" * 128, "routing_key": "k"}, "exchange", "127"),
        ({"headers": {"id": 1}}, "headers", "'id' is Celery's own"),
        ({"headers": {"__dict__": 1}}, "headers", "is Celery's own"),
        ({"headers": {"punctual_run": 1}}, "headers", "is Punctual's own"),
        ({"headers": {"größe": 1}}, "headers", "ASCII"),
        ({"headers": {"": 1}}, "headers", "1 to 128"),
        ({"headers": {"n": 2**63}}, "headers", "64 bits"),
        ({"headers": {"n": [{"deep": -(2**63) - 1}]}}, "headers", "64 bits"),
        ({"headers": {"n": {"ключ": 1}}}, "headers", "key"),
        ({"headers": {"n": "x" * 40_000}}, "headers", "larger than"),
    ],
)
def test_what_makes_no_sense_is_refused_by_the_name_of_its_field(fields: dict[str, Any], path: str, words: str) -> None:
    found = fault(**fields)
    assert found.path == path
    assert words in found.message


def test_every_header_that_celery_reads_is_refused() -> None:
    for name in {*vars(Context), "lang", "task", "argsrepr", "kwargsrepr", "compression"}:
        assert "is Celery's own" in fault(headers={name: 1}).message


def test_a_stored_spec_gives_the_options_that_the_spec_gives() -> None:
    written = spec(**ALL)
    assert written.message_options == MessageOptions("reports", "reports.daily", 0, {"tenant": "a"}, 50.0, 60.0)
    assert MessageOptions.of_document(written.model_dump(mode="json")) == written.message_options


def test_a_spec_without_options_and_one_of_an_older_release_give_none() -> None:
    document = spec().model_dump(mode="json")
    old = {name: value for name, value in document.items() if name not in ALL}
    assert spec().message_options == MessageOptions.of_document(document) == MessageOptions.of_document(old)
    assert spec().message_options == NO_OPTIONS
    assert next(each for each in fields_of(TaskMessage) if each.name == "options").default is NO_OPTIONS


def test_options_that_differ_in_anything_have_another_key() -> None:
    given = spec(**ALL).message_options
    others = [
        spec(**ALL | {name: value}).message_options
        for name, value in [
            ("exchange", "other"),
            ("routing_key", "other"),
            ("priority", 1),
            ("headers", {"tenant": "b"}),
            ("soft_time_limit", 51),
            ("time_limit", 61),
        ]
    ]
    assert len({options.key for options in [given, spec(**ALL).message_options, *others]}) == 7
