"""Logs of all processes: one line per record, readable by people and by programs, without secrets."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

_QUIET = {"alembic": logging.WARNING, "httpx": logging.WARNING, "httpcore": logging.WARNING, "asyncio": logging.WARNING}
"""Libraries whose INFO is about themselves."""

# `color_message` and `data` are uvicorn's and Celery's second copies of the message.
_NOT_SHOWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "action", "color_message", "data"}
_PASSWORD = re.compile(r"(?P<before>[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#:@]*:)[^\s/?#]+(?=@)")
_PLAIN_VALUE = re.compile(r"[^\s\"=\\]+")
_LINE_BREAKS = str.maketrans({"\n": "\\n", "\r": "\\r", "\v": "\\v", "\f": "\\f", "\u2028": "\\u2028"})


class LineFormatter(logging.Formatter):
    """`TIME LEVEL LOGGER [action=NAME] MESSAGE [key=value …]`, then the traceback where there is one.

    The time is UTC, to the millisecond. `extra` of a log call becomes `action` and the keys. Line breaks in messages
    are escaped, so that no text from outside can look like a record. Passwords in URLs become `***`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, plus its traceback."""
        at = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        parts = [at, record.levelname, record.name]
        if action := getattr(record, "action", None):
            parts.append(f"action={_value(action)}")
        parts.append(record.getMessage().translate(_LINE_BREAKS))
        parts += [f"{key}={_value(value)}" for key, value in vars(record).items() if key not in _NOT_SHOWN]
        lines = [" ".join(parts)]
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            lines.append(record.exc_text)
        if record.stack_info:
            lines.append(self.formatStack(record.stack_info))
        return mask("\n".join(lines))


def configure(level: str, *, stream: TextIO | None = None) -> None:
    """Send all records of `level` (`DEBUG`, `INFO`, `WARNING`, `ERROR`) and above to `stream`.

    The default is standard error. It replaces the handlers of the root logger, so it may be called again; Python
    warnings become records too.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(LineFormatter())
    root = logging.getLogger()
    for former in root.handlers[:]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    for name, quiet_level in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet_level, root.level))
    logging.captureWarnings(capture=True)


def mask(text: str) -> str:
    """Return the text with the password of each URL in it (`scheme://user:password@host`) replaced by `***`."""
    return _PASSWORD.sub(r"\g<before>***", text)


def _value(value: object) -> str:
    text = str(value)
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(text, ensure_ascii=False)
