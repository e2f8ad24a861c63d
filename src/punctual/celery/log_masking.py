"""Celery's own words on a task in the worker's log, without the task's secrets."""

import logging
from typing import Any

from celery import signals

from punctual.celery.current_run import home_of, worker_request
from punctual.celery.kept import hidden_in, keeping
from punctual.domain.masking import Hidden

logger = logging.getLogger(__name__)

_RESULT = "_punctual_result"


def mask_worker_log() -> None:
    """Mask what Celery logs of the results and errors of tasks, where their app has the plug-in."""
    logging.getLogger("celery.app.trace").addFilter(_masks)


def _masks(record: logging.LogRecord) -> bool:
    """Mask a record of the log; one that cannot be masked is left out."""
    try:
        found = worker_request()
        if found is not None and home_of(found[0].app) is not None:
            _mask(record, _hidden_in(*found))
    except Exception:
        logger.exception("A line of Celery's log is left out", extra={"action": "log_not_masked"})
        return False
    return True


def _hidden_in(task: Any, request: Any) -> Hidden:  # noqa: ANN401 - Celery has no types
    in_call = hidden_in(task, request)
    in_result = keeping().masking.secrets_in(request.__dict__.get(_RESULT))
    return Hidden(in_call.texts | in_result.texts)


def _mask(record: logging.LogRecord, hidden: Hidden) -> None:
    if not hidden.texts:
        return
    record.msg, record.args = hidden.text(record.getMessage()), None
    # Celery hands the same words to handlers of its own as `data`.
    data = record.__dict__.get("data")
    if isinstance(data, dict):
        record.__dict__["data"] = {
            name: hidden.text(word) if isinstance(word, str) else word for name, word in data.items()
        }
    if record.exc_info:
        record.exc_text = hidden.text(logging.Formatter().formatException(record.exc_info))
        record.exc_info = None


def _succeeds(sender: Any, result: object, **_: object) -> None:  # noqa: ANN401 - Celery has no types
    setattr(sender.request, _RESULT, result)


signals.task_success.connect(_succeeds, weak=False, dispatch_uid="punctual.log_masking")
