"""What the decorators of functions have in common: what they accept, and where their locks are kept."""

import inspect
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ParamSpec, TypeVar

from celery import Task
from celery.local import Proxy
from pydantic import TypeAdapter, ValidationError

from punctual.celery.busy import running_task
from punctual.celery.leases import Leases, leases_of
from punctual.celery.plugin import named_database, settings_of_process
from punctual.domain.errors import SetupError
from punctual.domain.spans import SomeTime

P = ParamSpec("P")
R = TypeVar("R")

_length: TypeAdapter[timedelta] = TypeAdapter(SomeTime)


def check_function(function: object, decorator: str) -> None:
    """Raise SetupError for what a decorator cannot guard: a task, a class, a coroutine, a generator."""
    # The class of a proxy is that of its task, which is not made yet; so only `type` may be asked.
    if issubclass(type(function), (Task, Proxy)):
        message = f"@punctual.{decorator}(...) guards the function of a task, and this is the task."
        raise SetupError(message, fix=f"Put @punctual.{decorator}(...) below @app.task, not above it.")
    name = getattr(function, "__name__", repr(function))
    if not inspect.isroutine(function):
        message = f"{name} is not a function, so @punctual.{decorator}(...) cannot guard it."
        raise SetupError(message, fix="Decorate a function; of a class-based task, its method `run`.")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        message = f"{name} does its work after it has returned, so @punctual.{decorator}(...) cannot guard it."
        raise SetupError(message, fix="Decorate a plain function, which Celery needs as well.")


def length(value: timedelta | float | str, name: str, decorator: str) -> timedelta:
    """Return a length of time that a decorator was given; raises SetupError."""
    try:
        return _length.validate_python(value)
    except ValidationError as error:
        message = f"{name} of @punctual.{decorator}(...): {error.errors()[0]['msg']}."
        raise SetupError(message, fix='Write seconds, a timedelta, or a text such as "30s" or "1h30m".') from error


def like(function: Callable[P, R], wrapper: Callable[P, R]) -> Callable[P, R]:
    """Give a wrapper the signature of its function, by which Celery checks the arguments of a call."""
    wrapper.__signature__ = inspect.signature(function)  # type: ignore[attr-defined] # functions may have it
    return wrapper


def leases() -> Leases:
    """Return the locks of this process: in the database of the app whose task runs here, else that of the settings."""
    task: Any = running_task()
    settings = settings_of_process()
    named = None if task is None else named_database(task.app)
    return leases_of(named or settings.effective_database_url, settings.lock_lease)
