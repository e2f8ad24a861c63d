"""Celery's own words on runs in the worker's log, without the secrets of these."""

import logging
from typing import Any

from celery import signals
from celery._state import _task_stack
from celery.utils.saferepr import saferepr

from punctual.celery.current_run import home_of, worker_request
from punctual.celery.kept import hidden_in, known_result_of, result_of
from punctual.domain.masking import MASK, Hidden

logger = logging.getLogger(__name__)

_RESULT = "return_value"
"""What Celery calls the text of a result, of so many characters at the most."""

_LONGEST_RESULT = 1024

_log = logging.getLogger("celery.app.trace")


def mask_worker_log() -> None:
    """Mask what Celery logs of the results and errors of runs, where their app has the plug-in."""
    _log.addFilter(_masks)


def _masks(record: logging.LogRecord) -> bool:
    """Mask a record of the log; one that cannot be masked is left out."""
    try:
        found = worker_request()
        if found is not None and home_of(found[0].app) is not None:
            _mask(record, *found)
    except Exception:
        logger.exception("A line of Celery's log is left out", extra={"action": "log_not_masked"})
        return False
    return True


def _mask(record: logging.LogRecord, task: Any, request: Any) -> None:  # noqa: ANN401 - Celery has no types
    # Celery hands the same words to handlers of its own as `data`.
    data = record.__dict__.get("data")
    words = dict(data) if isinstance(data, dict) else None
    if words is not None and _RESULT in words:
        words[_RESULT] = _result(words[_RESULT])
    hidden = hidden_in(task, request)
    if words is not None:
        record.args = record.__dict__["data"] = {name: _masked(word, hidden) for name, word in words.items()}
    if not hidden.texts:
        return
    record.msg, record.args = hidden.text(record.getMessage()), None
    if record.exc_info:
        record.exc_text = hidden.text(logging.Formatter().formatException(record.exc_info))
        record.exc_info = None


def _result(text: object) -> object:
    """Return the text of a result made of what is kept of it, where that has something masked.

    A part of a secret, which Celery's cutting may have left, cannot be told from other texts.
    """
    kept = known_result_of(_task_stack.top.request_stack.top)
    # A little more of it, for what is masked may be shorter than the mask.
    shown = "" if kept is None else saferepr(kept.value, 2 * _LONGEST_RESULT)
    return saferepr(kept.value, _LONGEST_RESULT) if kept is not None and MASK in shown else text


def _masked(word: object, hidden: Hidden) -> object:
    return hidden.text(word) if isinstance(word, str) else word


def _succeeds(sender: Any, result: object, **_: object) -> None:  # noqa: ANN401 - Celery has no types
    """Let the request of a task that a run executes itself, by `apply()`, know what would be kept of its result."""
    if sender.request.is_eager and worker_request() is not None and _log.isEnabledFor(logging.INFO):
        result_of(sender, sender.request, result)


signals.task_success.connect(_succeeds, weak=False, dispatch_uid="punctual.log_masking")
