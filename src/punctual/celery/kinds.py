"""The kinds among the messages of a batch, so that what is equal is made once."""

from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol

from punctual.celery.calls import Calls, Options
from punctual.domain.message_options import NO_OPTIONS
from punctual.engine.sender import TaskMessage


class Form(Protocol):
    """Makes the messages of one kind on one transport."""

    def make(self, message: TaskMessage) -> Callable[[], None]:
        """Make a message, and return how to hand it on; the broker has it after the next `flush` of the press."""
        ...


class Kind(NamedTuple):
    """Messages of one task that go the same way with the same options, and expire or do not.

    Without a form, Celery makes each.
    """

    options: Options
    form: Form | None


class Kinds:
    """Finds the kind of each message.

    The first message of a kind is left to Celery: a form costs as much as two messages, and many kinds have but one.
    Made anew for each batch, because the app's configuration may change and options may hold an instant (`expires`).
    """

    def __init__(self, calls: Calls, form: Callable[[TaskMessage, Options], Form | None]) -> None:
        """Make the forms of kinds by `form`."""
        self._calls = calls
        self._form = form
        self._routes_by_name = calls.routes_by_name()
        self._met: dict[Hashable, Options] = {}
        self._known: dict[Hashable, Kind] = {}

    def of(self, message: TaskMessage) -> Kind:
        """Return the kind of a message; the app's routing is asked as often as its answer may differ."""
        options_key = None if message.options == NO_OPTIONS else message.options.key
        if message.queue is not None or self._routes_by_name:
            return self._of((message.task, message.queue, options_key), message, None)
        options = self._calls.options(message)
        try:
            key = (message.task, frozenset(options.publish.items()), options_key)
        except TypeError:  # a router gave an option that cannot be compared
            return Kind(options, None)
        return self._of(key, message, options)

    def _of(self, way: Hashable, message: TaskMessage, options: Options | None) -> Kind:
        key = (way, message.expires_at is None)
        if (kind := self._known.get(key)) is not None:
            return kind
        if (met := self._met.get(key)) is None:
            met = self._met[key] = options or self._calls.options(message)
            return Kind(met, None)
        kind = self._known[key] = Kind(met, self._form(message, met))
        return kind
