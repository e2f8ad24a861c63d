"""What a worker's process keeps of task calls: no secrets, and of big results the first part."""

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from celery import signals
from pydantic import ValidationError

from punctual.celery.headers import RUN
from punctual.celery.signatures import Schema, task_signature
from punctual.celery.told import Kept, kept_result
from punctual.domain.masking import DEFAULT_MASKING, MASK, NOTHING_HIDDEN, Hidden, Masking
from punctual.settings import RESULT_LIMIT, Settings

logger = logging.getLogger(__name__)

_KEPT = "_punctual_kept"


class Keeping(NamedTuple):
    """How much of a result is kept, in bytes, and what is masked."""

    result_limit: int = RESULT_LIMIT
    masking: Masking = DEFAULT_MASKING


@cache
def keeping() -> Keeping:
    """Return what the settings of this process say; the defaults where they are not valid."""
    try:
        settings = Settings()
    except (ValidationError, OSError):
        logger.exception("The settings of Punctual are not valid", extra={"action": "settings_not_valid"})
        return Keeping()
    return Keeping(settings.result_limit, settings.masking)


def result_of(task: Any, request: Any, result: object) -> Kept:  # noqa: ANN401 - Celery has no types
    """Return what is kept of the result of a request, which knows it from then on."""
    limit, masking = keeping()
    kept = kept_result(result, hidden_in(task, request), masking=masking, limit=limit)
    setattr(request, _KEPT, kept)
    return kept


def known_result_of(request: Any) -> Kept | None:  # noqa: ANN401 - same
    """Return what is kept of the result of a request, if that was asked for before."""
    return getattr(request, "__dict__", {}).get(_KEPT)


def hidden_in(task: Any, request: Any) -> Hidden:  # noqa: ANN401 - Celery has no types
    """Return what is secret in the arguments of a request; raises nothing."""
    return hidden_in_call(task, getattr(request, "args", None) or (), getattr(request, "kwargs", None) or {})


def hidden_in_call(task: Any, args: object, kwargs: object) -> Hidden:  # noqa: ANN401 - Celery has no types
    """Return what is secret in the arguments of a task; raises nothing."""
    if not isinstance(args, list | tuple) or not isinstance(kwargs, Mapping):
        return NOTHING_HIDDEN
    try:
        return keeping().masking.call(_signature(task), args, kwargs).hidden
    # The arguments may be of any class, where messages are not JSON.
    except Exception:
        logger.exception("Secrets of a task call cannot be told", extra={"action": "secrets_not_known"})
        return NOTHING_HIDDEN


_signatures: WeakKeyDictionary[Any, Schema | None] = WeakKeyDictionary()


def _signature(task: Any) -> Schema | None:  # noqa: ANN401 - same
    if task not in _signatures:
        _signatures[task] = task_signature(task)
    return _signatures[task]


def _stay_masked(sender: Any, **_: object) -> None:  # noqa: ANN401 - same
    """Let the message of a retry say of the arguments what this one does: Celery would spell them out anew."""
    request = sender.request
    told = {name: request.get(name) for name in ("argsrepr", "kwargsrepr")}
    if request.get(RUN) is not None and any(MASK in str(text) for text in told.values()):
        # What stands in these headers goes with the retry, and wins over what Celery makes.
        request.headers = {**(request.headers or {}), **told}


signals.task_prerun.connect(_stay_masked, weak=False, dispatch_uid="punctual.kept")
