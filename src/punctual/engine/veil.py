"""What of the arguments in messages people may see: monitors and workers' logs show what a message says of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from punctual.domain.masking import Masking, Schema
from punctual.domain.run import Arguments
from punctual.engine.sender import TaskMessage
from punctual.store import workers
from punctual.store.database import Database

_KNOWN_FOR = timedelta(minutes=1)
_MOST_KNOWN = 10_000


class Veil:
    """Masks the secrets of task calls; asks the database for the signatures of tasks once a minute."""

    def __init__(self, database: Database, masking: Masking) -> None:
        """Know no signature yet."""
        self._database = database
        self._masking = masking
        self._known: dict[str, tuple[datetime, Schema | None]] = {}

    def over(self, messages: Sequence[TaskMessage], now: datetime) -> list[TaskMessage]:
        """Return the messages, each that carries secrets with what may be shown of it; raises what the store does."""
        self._learn({message.task for message in messages if message.args or message.kwargs}, now)
        return [self._veiled(message) if message.args or message.kwargs else message for message in messages]

    def _learn(self, names: set[str], now: datetime) -> None:
        since = now - _KNOWN_FOR
        unknown = {name for name in names if name not in self._known or self._known[name][0] < since}
        if not unknown:
            return
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
            unknown = names
        with self._database.read() as tx:
            signatures = workers.signatures(tx, unknown)
        self._known |= {name: (now, signatures.get(name)) for name in unknown}

    def _veiled(self, message: TaskMessage) -> TaskMessage:
        _, signature = self._known[message.task]
        call = self._masking.call(signature, message.args, message.kwargs)
        if call.args == list(message.args) and call.kwargs == message.kwargs:
            return message
        return replace(message, shown=Arguments(args=call.args, kwargs=call.kwargs))
