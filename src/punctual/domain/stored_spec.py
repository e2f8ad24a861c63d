"""Specs as the store has them: each was validated when it was written, so what is equal in many is validated once."""

from collections.abc import Mapping
from functools import lru_cache

from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from punctual.domain.names import DEFAULT_SERVICE
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers import AnyTrigger, Trigger

_CALL: Mapping[str, type | tuple[type, ...]] = {
    "name": str,
    "task": str,
    "args": list,
    "kwargs": dict,
    "queue": (str, type(None)),
    "description": str,
}
"""The fields that every schedule has of its own, with the types that JSON gives them."""

_ABSENT_ONCE: Mapping[str, JsonValue] = {"service": DEFAULT_SERVICE, "labels": {}}
"""Fields of its own that older documents do not have, and what they stand for there."""

_KNOWN_TRIGGERS = 2048
_KNOWN_POLICIES = 256

_trigger_type: TypeAdapter[AnyTrigger] = TypeAdapter(Trigger)


def read_stored(document: Mapping[str, JsonValue]) -> ScheduleSpec:
    """Return the spec that a stored document is; raises ValidationError where it is none.

    Of the task call, which was validated when it was written, only the types are looked at.
    """
    try:
        for name, kind in _CALL.items():
            if not isinstance(document[name], kind):
                return ScheduleSpec.model_validate(document)
        own = {name: document[name] for name in _CALL}
        for name, default in _ABSENT_ONCE.items():
            own[name] = document.get(name, default)
            if type(own[name]) is not type(default):
                return ScheduleSpec.model_validate(document)
        policies = {name: value for name, value in document.items() if name not in own and name != "trigger"}
        trigger = _trigger(to_json(document["trigger"]))
        return _pattern(to_json(policies)).model_copy(update={**own, "trigger": trigger})
    except (KeyError, ValidationError):  # a field that is not there may have a default; and the error is to name all
        return ScheduleSpec.model_validate(document)


@lru_cache(_KNOWN_TRIGGERS)
def _trigger(document: bytes) -> AnyTrigger:
    return _trigger_type.validate_python(from_json(document))


@lru_cache(_KNOWN_POLICIES)
def _pattern(policies: bytes) -> ScheduleSpec:
    """Return a spec with these policies, and any trigger and task call."""
    return ScheduleSpec.model_validate({**from_json(policies), "trigger": "@daily", "name": "any", "task": "any"})
