"""Messages of one kind to RabbitMQ: packed once, written many at once, confirmed together.

Writes what amqp/channel.py (`_basic_publish`), amqp/method_framing.py (`frame_writer`) and amqp/serialization.py
(`_serialize_properties`, `_write_table`) of py-amqp write: AMQP 0-9-1, sections 4.2.3 (frames), 4.2.5.5 (tables) and
4.2.6.1 (properties).
"""

import contextlib
from collections.abc import Callable
from functools import cache, partial
from struct import pack
from typing import Any

from amqp.exceptions import AccessRefused, NotFound, PreconditionFailed
from amqp.serialization import dumps
from amqp.spec import Basic
from kombu.transport import pyamqp

from punctual.celery.confirms import Confirms
from punctual.celery.templates import Template
from punctual.engine.sender import TaskMessage

_METHOD, _HEADER, _BODY = 1, 2, 3
_FRAME_OVERHEAD = 8
_MOST_BYTES = 1 << 16


def is_refusal(error: Exception) -> bool:
    """Tell whether the broker will never take what it has refused, which it does by closing the channel.

    There is no such exchange, it may not be published to, or the message is too large.
    """
    return isinstance(error, NotFound | AccessRefused | PreconditionFailed)


class AmqpPress:
    """Writes messages to one channel, and awaits the broker's confirmations."""

    def __init__(self, channel: Any, timeout: float) -> None:  # noqa: ANN401 - kombu has no types
        """Put the channel into confirm mode; `timeout` in seconds without a sign from the broker."""
        self._channel = channel
        self._timeout = timeout
        self._confirms = Confirms(channel)
        self._waiting: list[bytes] = []
        self._bytes = 0

    def form(self, template: Template) -> "AmqpForm | None":
        """Return the form for a kind of message; None on a channel that is not py-amqp's."""
        return AmqpForm(self, self._channel, template) if type(self._channel) is pyamqp.Channel else None

    def write(self, frames: bytes) -> None:
        """Write the frames of one message, now or at the latest by `flush`."""
        self._confirms.expect()
        self._waiting.append(frames)
        self._bytes += len(frames)
        if self._bytes >= _MOST_BYTES:
            self._write()

    def flush(self) -> dict[str, str]:
        """Return once the broker has confirmed all, but for those that it gave back, by their id and with the reason.

        Raises OperationalError when it refuses one or says nothing.
        """
        self._write()
        return self._confirms.wait(self._timeout)

    def _write(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting, self._bytes = self._waiting, [], 0
        connection = self._channel.connection
        # What the broker has said meanwhile is read first, lest both sides wait for the other to read.
        with contextlib.suppress(TimeoutError):
            connection.drain_events(timeout=0)
        connection.transport.write(b"".join(waiting))


class AmqpForm:
    """The frames of a kind of message, with gaps for what is each one's own."""

    def __init__(self, press: AmqpPress, channel: Any, template: Template) -> None:  # noqa: ANN401 - kombu has no types
        """Have py-amqp pack the properties before, among and after the gaps."""
        self._press = press
        self._template = template
        self._number: int = channel.channel_id
        self._longest: int = channel.connection.frame_max - _FRAME_OVERHEAD
        arguments = (0, template.exchange, template.routing_key, template.mandatory, False)
        self._method = self._frame(_METHOD, pack(">HH", *Basic.Publish) + dumps("Bssbb", arguments))
        message = template.message
        packed = message._serialize_properties()  # noqa: SLF001 - nothing public packs them
        headers = message.properties["application_headers"]
        # The bits that say which properties there are, content type, content encoding; then the headers.
        self._start, _, rest = packed.partition(dumps("F", [headers]))
        self._headers = dumps("F", [template.common(headers)])[4:]
        self._middle, _, self._end = rest.partition(dumps("s", [message.properties["correlation_id"]]))

    def make(self, message: TaskMessage) -> Callable[[], None]:
        """Make the frames of one message."""
        own = self._template.own(message)
        body, task_id = own.body.encode(), own.id.encode()
        headers = b"".join([self._headers, *[self._header(name, text) for name, text in own.headers.items()]])
        header = b"".join(
            [
                pack(">HHQ", Basic.CLASS_ID, 0, len(body)),
                self._start,
                pack(">I", len(headers)),
                headers,
                self._middle,
                pack(">B", len(task_id)),
                task_id,
                self._end,
            ]
        )
        pieces = [body[start : start + self._longest] for start in range(0, len(body), self._longest)]
        frames = [self._method, self._frame(_HEADER, header), *[self._frame(_BODY, piece) for piece in pieces]]
        return partial(self._press.write, b"".join(frames))

    def _frame(self, kind: int, payload: bytes) -> bytes:
        return pack(">BHI", kind, self._number, len(payload)) + payload + b"\xce"

    def _header(self, name: str, text: str) -> bytes:
        value = text.encode(errors="surrogatepass")
        return _header_key(name) + pack(">I", len(value)) + value


@cache
def _header_key(name: str) -> bytes:
    """Return what stands before a header that is a text; a message may have one that the template has not."""
    return bytes([len(name)]) + name.encode() + b"S"
