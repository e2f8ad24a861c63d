"""The entries of an app's `beat_schedule` as schedules: each that means something, and for the others why not."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.utils.time import maybe_make_aware
from kombu.utils.json import dumps
from pydantic import JsonValue, ValidationError

from punctual.celery.beat_triggers import trigger_of
from punctual.control.faults import faults_of
from punctual.domain.errors import PunctualError, SetupError
from punctual.domain.names import usable_name
from punctual.domain.schedule import ScheduleSpec

logger = logging.getLogger(__name__)

_LONGEST_NAME = 200
_AS_THEY_ARE = ("routing_key", "priority", "headers", "soft_time_limit", "time_limit")
_OF_NO_EFFECT = frozenset({"retry", "retry_policy", "producer", "connection"})
"""What says how to publish once: Punctual publishes until the broker has the message."""

_ENTRY_KEYS = frozenset({"task", "schedule", "args", "kwargs", "options", "relative", "name", "app"})
_KEPT_BY_BEAT = frozenset({"last_run_at", "total_run_count"})
"""What beat's own entries remember; the ledger has its own memory."""


@dataclass(slots=True)
class BeatEntries:
    """The schedules that were read, by name, and by its key why an entry is none."""

    specs: dict[str, ScheduleSpec] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def read_entries(app: Celery, entries: Mapping[str, Any]) -> BeatEntries:
    """Read entries as beat has them: dictionaries, or its own objects. One that cannot be a schedule stops no other."""
    found = BeatEntries()
    for key, entry in entries.items():
        name = schedule_name(str(key))
        try:
            spec = _spec(app, str(key), name, dict(entry))
        except PunctualError as error:
            found.refused[str(key)] = f"{error.message}. {error.fix}" if error.fix else error.message
        except ValidationError as error:
            faults = faults_of(error, ScheduleSpec)
            found.refused[str(key)] = "; ".join(f"{fault.path}: {fault.message}" for fault in faults)
        except Exception as error:  # noqa: BLE001 - the entry is the user's, and may raise anything when it is read
            found.refused[str(key)] = f"{type(error).__name__}: {error}"
        else:
            found.specs[name] = spec
    return found


def _spec(app: Celery, key: str, name: str, entry: dict[str, Any]) -> ScheduleSpec:
    unknown = entry.keys() - _ENTRY_KEYS - _KEPT_BY_BEAT
    if unknown:
        message = f"it has keys that beat does not know: {', '.join(sorted(map(str, unknown)))}"
        raise SetupError(message, fix=f"An entry has {', '.join(sorted(_ENTRY_KEYS - {'app', 'name'}))}.")
    document: dict[str, Any] = {
        "name": name,
        "task": entry.get("task"),
        "trigger": trigger_of(entry.get("schedule"), app, relative=bool(entry.get("relative"))),
        "args": _json(entry.get("args") or (), "args"),
        "kwargs": _json(entry.get("kwargs") or {}, "kwargs"),
        "description": "" if name == key else f"In beat_schedule: {key}"[:2000],
        **_options(app, key, entry.get("options") or {}),
    }
    deadline = app.conf.beat_cron_starting_deadline
    if deadline is not None and isinstance(entry.get("schedule"), crontab):
        document["catchup"] = {"window": deadline, "grace": min(deadline, 60)}
    return ScheduleSpec.model_validate(document)


def schedule_name(key: str) -> str:
    """Return the key as the name of a schedule; one that cannot be a name as it is gets a mark of its own."""
    try:
        if 0 < len(key) <= _LONGEST_NAME:
            return usable_name(key)
    except ValueError:
        pass
    mark = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:8]
    plain = "".join("_" if letter == "/" or not letter.isprintable() else letter for letter in key).strip()
    return f"{plain[: _LONGEST_NAME - len(mark) - 1].strip()} {mark}".strip()


def _json(value: object, what: str) -> JsonValue:
    """Return arguments as Celery's JSON has them: a date or a UUID in it is one again in the worker."""
    try:
        return json.loads(dumps(value))  # type: ignore[no-any-return, no-untyped-call] # kombu has no types
    except Exception as error:
        message = f"its {what} cannot be stored as JSON: {error}"
        raise SetupError(message, fix="Pass plain values, and let the task find out the rest when it runs.") from error


def _options(app: Celery, key: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields for the options of `apply_async`; what no field says is left out, and logged."""
    given = {name: value for name, value in options.items() if value is not None}
    fields = {name: given[name] for name in _AS_THEY_ARE if name in given}
    left_out = given.keys() - _OF_NO_EFFECT - {*_AS_THEY_ARE, "queue", "exchange", "expires"}
    fields |= _place(given, left_out)
    if "headers" in fields:
        fields["headers"] = _json(fields["headers"], "headers")
    if "expires" in given:
        fields |= _expiry(app, given["expires"])
    if left_out:
        logger.warning(
            "The entry %r of beat_schedule goes without options that Punctual does not have: %s",
            key,
            ", ".join(sorted(left_out)),
            extra={"action": "beat_options_left_out", "schedule": key},
        )
    return fields


def _place(given: Mapping[str, Any], left_out: set[str]) -> dict[str, Any]:
    """Return where messages go. Celery sends to the exchange if it has a routing key too, else to the queue."""
    queue, exchange = (getattr(given.get(name), "name", given.get(name)) for name in ("queue", "exchange"))
    if exchange and given.get("routing_key"):
        if queue:
            left_out.add("queue")
        return {"exchange": exchange}
    if exchange:
        left_out.add("exchange")
    return {"queue": queue} if queue else {}


def _expiry(app: Celery, expires: Any) -> dict[str, Any]:  # noqa: ANN401 - what people write
    """Return the fields for `expires`: a length of time bounds each message, an instant the schedule."""
    if isinstance(expires, str):
        expires = datetime.fromisoformat(expires)
    if isinstance(expires, datetime):
        return {"end_at": maybe_make_aware(expires, app.timezone)}
    return {"expires": expires if isinstance(expires, timedelta) else timedelta(seconds=expires)}
