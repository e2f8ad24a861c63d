"""Reading what a Celery app's result backend has of tasks, many at a time where it can."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from celery import Celery
from celery.backends.base import BaseKeyValueStoreBackend

logger = logging.getLogger(__name__)

_AT_ONCE = 500
_ONE_BY_ONE = 20
_UNREADABLE = ("disabled", "rpc")
"""Backends that keep nothing, or keep it for nobody but the sender of a message."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What the backend says of a task. `done` is by the worker's clock; `retries` and `worker` where it tells them."""

    state: str
    value: Any
    traceback: str | None
    done: datetime | None
    worker: str | None
    retries: int | None


def can_be_read(app: Celery) -> bool:
    """Tell whether an app has a result backend that others than the sender of a message can read."""
    backend = app.conf.result_backend
    return bool(backend) and not str(backend).startswith(_UNREADABLE)


class StoredResults:
    """The result backend of an app, opened when first used; what its client raises, it raises."""

    def __init__(self, app: Celery) -> None:
        """Open nothing yet."""
        self._app = app
        self._in_one = True

    @property
    def limit(self) -> int:
        """How many tasks may be asked for in one look."""
        return _AT_ONCE if self._in_one else _ONE_BY_ONE

    def read(self, ids: Sequence[UUID]) -> dict[UUID, StoredResult]:
        """Return what is known of tasks; those of which nothing is known are left out, as are those beyond `limit`."""
        backend = self._app.backend
        self._in_one = self._in_one and isinstance(backend, BaseKeyValueStoreBackend)
        if self._in_one:
            try:
                return dict(self._read_in_one(backend, ids))
            except NotImplementedError:
                self._in_one = False
        found = {}
        for key in ids[: self.limit]:
            result = _result(backend.get_task_meta(str(key), cache=False))
            if result is not None:
                found[key] = result
        return found

    def _read_in_one(self, backend: Any, ids: Sequence[UUID]) -> Iterable[tuple[UUID, StoredResult]]:  # noqa: ANN401 - Celery has no types
        keys = [backend.get_key_for_task(str(key)) for key in ids]
        values = backend.mget(keys)
        if isinstance(values, Mapping):
            by_key = {_text(key): value for key, value in values.items()}
            values = [by_key.get(_text(key)) for key in keys]
        for key, value in zip(ids, values, strict=True):
            if value is None:
                continue
            try:
                result = _result(backend.decode_result(value))
            # What it holds is made of the user's code, and of whoever may write there.
            except Exception:
                logger.exception(
                    "The result of run %s cannot be read", key, extra={"action": "result_unreadable", "run": str(key)}
                )
                continue
            if result is not None:
                yield key, result


def _result(meta: Mapping[str, Any]) -> StoredResult | None:
    state = str(meta.get("status"))
    if state == "PENDING":
        return None
    value = meta.get("result")
    worker = meta.get("worker")
    if worker is None and state == "STARTED" and isinstance(value, Mapping):
        worker = value.get("hostname")
    retries, traceback = meta.get("retries"), meta.get("traceback")
    return StoredResult(
        state=state,
        value=value,
        traceback=None if traceback is None else str(traceback),
        done=_instant(meta.get("date_done")),
        worker=None if worker is None else str(worker),
        retries=retries if isinstance(retries, int) else None,
    )


def _text(key: object) -> str:
    return key.decode() if isinstance(key, bytes) else str(key)


def _instant(value: object) -> datetime | None:
    """Return when a task was done; a time without an offset is in UTC, as Celery writes it."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
