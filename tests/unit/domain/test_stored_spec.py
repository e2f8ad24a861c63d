"""A stored document is read as validation reads it, but faster; what is broken is found out all the same."""

from typing import Any

import pytest
from pydantic import ValidationError

from punctual.domain.schedule import ScheduleSpec
from punctual.domain.stored_spec import read_stored

TRIGGERS = [
    "0 2 * * * Europe/Berlin",
    "every 90s",
    "2026-12-24T18:00",
    "RRULE:FREQ=MONTHLY;BYDAY=-1FR",
    "0 9 * * mon-fri | 0 11 * * sat,sun",
]
FULL = {
    "start_at": "2026-01-01T00:00:00Z",
    "max_runs": 3,
    "jitter": 5,
    "calendars": {"blackout": ["holidays"]},
    "args": [1, {"deep": [None]}],
    "kwargs": {"a": "b"},
    "queue": "slow",
    "catchup": {"policy": "all", "grace": 10},
    "overlap": "skip",
    "priority": 0,
    "headers": {"tenant": {"ids": [1, None]}},
    "soft_time_limit": 1.5,
    "retry": {"attempts": 3},
    "expires": "1h",
}


def stored(**fields: Any) -> dict[str, Any]:
    """Return a document as the store has it."""
    spec = ScheduleSpec.model_validate({"name": "s", "task": "t", "trigger": "@daily", **fields})
    return spec.model_dump(mode="json")


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("fields", [{}, FULL], ids=["plain", "full"])
def test_it_is_the_spec_that_validation_gives(trigger: str, fields: dict[str, Any]) -> None:
    document = stored(trigger=trigger, **fields)
    assert read_stored(document) == ScheduleSpec.model_validate(document)
    assert read_stored(document).model_dump(mode="json") == document


def test_schedules_with_equal_policies_keep_their_own_calls() -> None:
    one, two = stored(name="one", args=[1]), stored(name="two", args=[2], trigger="every 5s")
    first, second = read_stored(one), read_stored(two)
    assert (first.name, first.args, second.name, second.args) == ("one", [1], "two", [2])
    assert first.trigger != second.trigger


@pytest.mark.parametrize("left_out", ["queue", "description", "overlap", "calendars"])
def test_a_field_that_an_older_release_did_not_write_has_its_default(left_out: str) -> None:
    document = stored()
    del document[left_out]
    assert read_stored(document) == ScheduleSpec.model_validate(document)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"trigger": {"kind": "lunar"}}, "trigger"),
        ({"trigger": None}, "trigger"),
        ({"task": 5}, "task"),
        ({"task": None}, "task"),
        ({"args": "text"}, "args"),
        ({"kwargs": []}, "kwargs"),
        ({"queue": 1}, "queue"),
        ({"overlap": "never"}, "overlap"),
        ({"catchup": {"policy": "some"}}, "catchup"),
        ({"from_a_newer_release": 1}, "from_a_newer_release"),
        ({"start_at": "2026-02-01T00:00:00Z", "end_at": "2026-01-01T00:00:00Z"}, "end_at"),
    ],
)
def test_a_document_that_is_no_spec_is_refused_with_the_place_of_its_fault(change: dict[str, Any], place: str) -> None:
    with pytest.raises(ValidationError) as refused:
        read_stored({**stored(), **change})
    assert refused.value.errors()[0]["loc"][0] == place
