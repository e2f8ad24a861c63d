"""Messages of one kind to Redis or Valkey: one text each, pushed many at once.

Mirrors kombu/transport/redis.py (`Channel._put`) and kombu/transport/virtual/base.py (`basic_publish`,
`_inplace_augment_message`) of kombu 5.5 to 5.7.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from kombu.exceptions import OperationalError
from kombu.transport import redis
from kombu.utils.json import JSONEncoder
from redis.exceptions import ResponseError

from punctual.celery.templates import Template
from punctual.engine.sender import TaskMessage

_MOST_TEXTS = 500
_MOST_CHARACTERS = 1 << 20
_CHANNELS = {redis.Channel, redis.SentinelChannel}

_json = JSONEncoder().encode


def is_refusal(error: Exception) -> bool:
    """Tell whether the server will never take what it has refused: the name of its queue is that of something else.

    Other refusals are for a time: no memory, no writable disk, a replica.
    """
    # A pipeline's error begins with the command.
    said = str(error).rpartition("caused error: ")[2]
    return isinstance(error, ResponseError) and said.startswith("WRONGTYPE")


class RedisPress:
    """Prints messages, and pushes them in as few commands as is good for the server."""

    def __init__(self, channel: Any) -> None:  # noqa: ANN401 - kombu has no types
        """Print for this channel."""
        self._channel = channel
        self._waiting: dict[str, list[tuple[str, str]]] = {}
        self._refused: dict[str, str] = {}
        self._texts = self._characters = 0

    def form(self, template: Template) -> "RedisForm | None":
        """Return the form for a kind of message; None where more has to be done than to push to one list.

        That is where bindings in Redis tell which queues an exchange feeds, and where a queue goes away when unused
        (`x-expires`, kombu 5.7), which each push puts off.
        """
        known = type(self._channel) in _CHANNELS and not template.exchange
        if not known or template.routing_key in getattr(self._channel, "_expires", {}):
            return None
        return RedisForm(self, self._channel, template)

    def nowhere(self, exchange: str, routing_key: str) -> str | None:
        """Return why a message to an exchange would be lost: in Redis, one that no queue is bound for is dropped.

        Who hears a fanout exchange cannot be known.
        """
        channel = self._channel
        if channel.typeof(exchange).type == "fanout" or channel._lookup(exchange, routing_key):  # noqa: SLF001 - nothing public tells
            return None
        return f"no queue is bound to the exchange {exchange!r} for {routing_key!r}"

    def push(self, key: str, task_id: str, text: str) -> None:
        """Push the text of a message to a list, now or at the latest by `flush`."""
        self._waiting.setdefault(key, []).append((task_id, text))
        self._texts += 1
        self._characters += len(text)
        if self._texts >= _MOST_TEXTS or self._characters >= _MOST_CHARACTERS:
            self._push_all()

    def flush(self) -> dict[str, str]:
        """Return once the server has all texts, but for those that it refuses, by their id and with the reason.

        Raises OperationalError, or what the client raises, when it has not.
        """
        self._push_all()
        refused, self._refused = self._refused, {}
        return refused

    def _push_all(self) -> None:
        waiting, self._waiting = self._waiting, {}
        self._texts = self._characters = 0
        if not waiting:
            return
        # As kombu 5.7 does for a batch: no transaction, which would need all lists to be on one server.
        with self._channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipeline:
            for key, texts in waiting.items():
                # From left to right, each in front of the one before: workers take from the other end.
                pipeline.lpush(key, *[text for _, text in texts])
            lengths = pipeline.execute(raise_on_error=False)
        for length, texts in zip(lengths, waiting.values(), strict=True):
            if isinstance(length, Exception):
                if not is_refusal(length):
                    raise length
                self._refused |= dict.fromkeys((task_id for task_id, _ in texts), str(length))
            elif not isinstance(length, int) or length < len(texts):
                message = f"pushing {len(texts)} messages was answered with {length!r}"
                raise OperationalError(message)


class RedisForm:
    """The envelope of a kind of message, with gaps for what is each one's own."""

    def __init__(self, press: RedisPress, channel: Any, template: Template) -> None:  # noqa: ANN401 - kombu has no types
        """Have kombu finish the template's message."""
        self._press = press
        self._channel = channel
        self._template = template
        # kombu's own finishing, for it differs with the transport options (`body_encoding`).
        message = template.message
        channel._inplace_augment_message(message, template.exchange, template.routing_key)  # noqa: SLF001 - see above
        priority = channel._get_message_priority(message)  # noqa: SLF001 - as `Channel._put`
        self._key = channel._q_for_pri(template.routing_key, priority)  # noqa: SLF001 - same
        envelope = {name: value for name, value in message.items() if name not in {"body", "headers", "properties"}}
        self._start = _json(envelope)[:-1]
        self._headers = _json(template.common(message["headers"]))[:-1]
        own = {"correlation_id", "delivery_tag"}
        self._properties = _json({name: value for name, value in message["properties"].items() if name not in own})[:-1]

    def make(self, message: TaskMessage) -> Callable[[], None]:
        """Print one message."""
        own = self._template.own(message)
        channel = self._channel
        body, _ = channel.encode_body(own.body, channel.body_encoding)
        tag = channel._next_delivery_tag()  # noqa: SLF001 - as `_inplace_augment_message`
        text = (
            f'{self._start}, "body": {_json(body)}, "headers": {self._headers}, {_json(own.headers)[1:]}, "properties":'
            f' {self._properties}, "correlation_id": "{own.id}", "delivery_tag": "{tag}"}}}}'
        )
        return partial(self._press.push, self._key, own.id, text)
