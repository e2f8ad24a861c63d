"""How long queues are, asked of the broker without making, taking or disturbing anything."""

from collections.abc import Sequence
from typing import Any

from punctual.engine.sender import QueueDepth

_NOT_THERE = "The broker has no such queue yet; it is made with the first message, or by the first worker."


def depths(connection: Any, names: Sequence[str]) -> list[QueueDepth]:  # noqa: ANN401 - kombu has no types
    """Return how long these queues are; raises what the client library does when the broker does not answer."""
    driver = connection.transport.driver_type
    if driver == "amqp":
        return [_declared(connection, name) for name in names]
    if driver == "redis":
        return _listed(connection.channel(), names)
    told = f"How long it is cannot be asked of a broker of this kind ({driver})."
    return [QueueDepth(name, None, error=told) for name in names]


def _declared(connection: Any, name: str) -> QueueDepth:  # noqa: ANN401 - kombu has no types
    """Ask RabbitMQ by a passive declaration, on a channel of its own, for a refusal closes the channel."""
    channel = connection.channel()
    try:
        _, messages, consumers = channel.queue_declare(queue=name, passive=True)
    except connection.channel_errors as error:
        if getattr(error, "reply_code", None) == 404:  # noqa: PLR2004 - AMQP 0-9-1, NOT_FOUND
            return QueueDepth(name, None, error=_NOT_THERE)
        return QueueDepth(name, None, error=f"The broker does not tell: {error}")
    finally:
        connection.maybe_close_channel(channel)
    return QueueDepth(name, messages, consumers)


def _listed(channel: Any, names: Sequence[str]) -> list[QueueDepth]:  # noqa: ANN401 - kombu has no types
    """Add up the lists of Redis, of which kombu has one for each priority."""
    steps = channel.priority_steps
    with channel.conn_or_acquire() as client, client.pipeline(transaction=False) as pipe:
        for name in names:
            for step in steps:
                pipe.llen(channel._q_for_pri(name, step))  # noqa: SLF001 - as `Channel._size`
        lengths = pipe.execute()
    each = len(steps)
    return [QueueDepth(name, sum(lengths[at * each : (at + 1) * each])) for at, name in enumerate(names)]
