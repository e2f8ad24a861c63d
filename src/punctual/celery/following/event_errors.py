"""What an event says went wrong: the repr of an exception, and a traceback."""

import ast
import re

from punctual.celery.told import bounded_error
from punctual.domain.run import RunError

_REPR = re.compile(r"^([A-Za-z_][\w.]*)\((.*)\)$", re.DOTALL)


def error_in(exception: str | None, traceback: str | None) -> RunError:
    """Return the error that the repr of an exception stands for; texts are cut as those of the plug-in."""
    text = exception or "The event does not say which."
    found = _REPR.match(text)
    if found is None:
        return bounded_error("Error", text, traceback)
    kind, arguments = found.groups()
    return bounded_error(kind, _message(arguments), traceback)


def _message(arguments: str) -> str:
    try:
        values = ast.literal_eval(f"({arguments},)" if arguments else "()")
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return arguments
    return str(values[0]) if len(values) == 1 else arguments
