"""The kinds among the messages of a batch, so that what is equal is made once."""

from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol

from punctual.celery.calls import Calls, Options
from punctual.engine.sender import TaskMessage


class Form(Protocol):
    """Makes the messages of one kind on one transport."""

    def publish(self, message: TaskMessage) -> None:
        """Make a message and hand it on; the broker has it after the next `flush` of the press."""
        ...


class Kind(NamedTuple):
    """Messages of one task that go the same way with the same options; without a form, Celery makes each."""

    options: Options
    form: Form | None


class Kinds:
    """Finds the kind of each message.

    Made anew for each batch, because the app's configuration may change and options may hold an instant (`expires`).
    """

    def __init__(self, calls: Calls, new: Callable[[TaskMessage, Options], Kind]) -> None:
        """Make kinds by `new`."""
        self._calls = calls
        self._new = new
        self._routes_by_name = calls.routes_by_name()
        self._known: dict[Hashable, Kind] = {}

    def of(self, message: TaskMessage) -> Kind:
        """Return the kind of a message; the app's routing is asked as often as its answer may differ."""
        if message.queue is not None or self._routes_by_name:
            key: Hashable = (message.task, message.queue)
            kind = self._known.get(key)
            return kind or self._add(key, message, self._calls.options(message))
        options = self._calls.options(message)
        try:
            key = (message.task, frozenset(options.publish.items()))
            return self._known.get(key) or self._add(key, message, options)
        except TypeError:  # a router gave an option that cannot be compared
            return self._new(message, options)._replace(form=None)

    def _add(self, key: Hashable, message: TaskMessage, options: Options) -> Kind:
        kind = self._known[key] = self._new(message, options)
        return kind
