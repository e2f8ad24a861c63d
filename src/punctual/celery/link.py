"""A connection to the broker, with all that publishing needs."""

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

from celery import Celery
from kombu.exceptions import EncodeError

from punctual.celery import amqp_press, redis_press, stopping
from punctual.celery.calls import Calls, Options
from punctual.celery.kinds import Form, Kinds
from punctual.celery.templates import Template, can_copy
from punctual.domain.run import Stop, StopRequest
from punctual.engine.sender import TaskMessage, Unsendable

logger = logging.getLogger(__name__)

_BATCH = 1000
_UNMAKEABLE = (EncodeError, TypeError, ValueError, OverflowError, RecursionError)
"""What Celery, kombu and serializers raise for arguments and options that no message can hold."""


class Press(Protocol):
    """Knows a transport well enough to make messages for it without kombu's work on each."""

    def form(self, template: Template) -> Form | None:
        """Return the form for a kind of message; None when kombu must make each."""
        ...

    def flush(self) -> dict[str, str]:
        """Return once the broker has all that was published, but for what it refuses, by its id and with the reason.

        Raises when it has not, or does not say.
        """
        ...


class Link:
    """An open connection with its channel. Any exception makes it unfit for further use."""

    def __init__(self, app: Celery, timeout: float) -> None:
        """Connect, waiting at no step for longer than `timeout` seconds."""
        self._app = app
        self._timeout = timeout
        self._calls = Calls(app)
        self._declared: set[str] = set()
        self._connection = connected(app, timeout)
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def publish(self, messages: Sequence[TaskMessage]) -> list[Unsendable]:
        """Declare the messages' queues, publish, and return once the broker has them, with those that it never takes.

        Messages of one kind keep their order; those that Celery makes one by one go ahead of the others.
        """
        refused: list[Unsendable] = []
        for start in range(0, len(messages), _BATCH):
            refused += self._publish(messages[start : start + _BATCH])
        return refused

    def _publish(self, messages: Sequence[TaskMessage]) -> list[Unsendable]:
        kinds = Kinds(self._calls, self._form)
        refused: list[Unsendable] = []
        one_by_one: list[tuple[TaskMessage, Callable[[], None]]] = []
        copies: list[tuple[TaskMessage, Callable[[], None]]] = []
        for message in messages:
            try:
                options, form = kinds.of(message)
                put = self._by_celery(message, options) if form is None else form.make(message)
            except _UNMAKEABLE as error:
                refused.append(Unsendable(message.run_id, f"its message cannot be made: {error}"))
                continue
            if (reason := self._nowhere(message)) is not None:
                refused.append(Unsendable(message.run_id, reason))
            else:
                (one_by_one if form is None else copies).append((message, put))
        try:
            doubtful = set(self._put([put for _, put in one_by_one], [put for _, put in copies]))
        except Exception as error:
            if not _is_refusal(error):
                raise
            # Which one it was is not told; on RabbitMQ, nor what became of the others.
            self._open()
            doubtful = {str(message.run_id) for message, _ in [*one_by_one, *copies]}
        if doubtful:
            self._declared.clear()  # a queue may have been removed since
        for message, _ in [*one_by_one, *copies]:
            if str(message.run_id) in doubtful and (reason := self._publish_alone(message)) is not None:
                refused.append(Unsendable(message.run_id, reason))
        return refused

    def _publish_alone(self, message: TaskMessage) -> str | None:
        """Publish a message that the broker may refuse, and return why it does; None when it takes it."""
        try:
            returned = self._put([self._by_celery(message, self._calls.options(message))], [])
        except Exception as error:
            if not _is_refusal(error):
                raise
            self._open()
            return words_of(error)
        return returned.get(str(message.run_id))

    def _by_celery(self, message: TaskMessage, options: Options) -> Callable[[], None]:
        protocol = self._calls.make(message, options)
        self._declare(options.queue)
        return lambda: self._calls.publish(message, protocol, options, self._producer)

    def _nowhere(self, message: TaskMessage) -> str | None:
        """Return why no queue would get a message, where the broker itself does not tell."""
        exchange, routing_key = message.options.exchange, message.options.routing_key
        if exchange is None or not isinstance(self._press, redis_press.RedisPress):
            return None
        return self._press.nowhere(exchange, routing_key or "")

    def _put(self, one_by_one: Sequence[Callable[[], None]], copies: Sequence[Callable[[], None]]) -> dict[str, str]:
        """Hand messages on, and return those that the broker did not keep, by their id and with the reason."""
        # kombu knows how to pipeline from 5.7 on, for Redis.
        batch = getattr(self._producer, "batch", None)
        with nullcontext() if batch is None else batch(max_size=_BATCH):
            for put in one_by_one:
                put()
        for put in copies:
            put()
        return {} if self._press is None else self._press.flush()

    def _open(self) -> None:
        """Open a channel, or another one: a broker closes the channel of what it refuses."""
        self._channel = self._connection.channel()
        self._press = _press(self._connection.transport.driver_type, self._channel, self._timeout)
        self._producer = self._app.amqp.Producer(self._channel, auto_declare=False)

    def stop(self, requests: Sequence[StopRequest]) -> None:
        """Tell all workers to interrupt runs; those without the plug-in, to drop what is over.

        Nothing else may be revoked: a worker that knows an id as revoked refuses each attempt that follows under it.
        """
        control = self._app.control
        control.broadcast(stopping.COMMAND, arguments=stopping.arguments(requests), connection=self._connection)
        for stop in Stop:
            ids = [str(request.run_id) for request in requests if request.over and request.stop is stop]
            if ids:
                # Such a worker can kill what it runs, but not let it clean up.
                control.revoke(ids, terminate=stop is Stop.TERMINATE, connection=self._connection)

    def check(self) -> None:
        """Return if the broker answers."""
        # Opening a channel is a round trip on every transport.
        self._connection.channel().close()

    def close(self) -> None:
        """Close the connection, if it is still open."""
        try:
            self._connection.close()
        except Exception:
            logger.debug("Closing the broker connection failed", exc_info=True, extra={"action": "broker_close_failed"})

    def _form(self, message: TaskMessage, options: Options) -> Form | None:
        if self._press is None or not can_copy(self._app, options):
            return None
        return self._press.form(Template(self._app, message, options, self._channel))

    def _declare(self, queue: Any) -> None:  # noqa: ANN401 - kombu has no types
        if queue is None or queue.name in self._declared:
            return
        errors = self._connection.channel_errors
        # RabbitMQ's refusal closes the channel; Redis's channels remember what the queues declared on them are like.
        own = isinstance(self._press, amqp_press.AmqpPress)
        channel = self._connection.channel() if own else self._channel
        try:
            queue.bind(channel).declare()
        except errors as error:
            # It is there with other arguments, or it is not ours to declare; if it is missing, publishing tells.
            logger.warning(
                "Queue %s could not be declared: %s", queue.name, error, extra={"action": "queue_not_declared"}
            )
        finally:
            if own:
                self._connection.maybe_close_channel(channel)
        self._declared.add(queue.name)


def _is_refusal(error: Exception) -> bool:
    if isinstance(error, EncodeError) or amqp_press.is_refusal(error):
        return True
    # kombu wraps what Redis says of a batch.
    return any(isinstance(each, Exception) and redis_press.is_refusal(each) for each in (error, error.__cause__))


def words_of(error: Exception) -> str:
    """Return what went wrong, without what libraries wrap it in."""
    cause = error.__cause__ or error
    return str(cause).strip() or type(cause).__name__


def _press(driver: str, channel: Any, timeout: float) -> Press | None:  # noqa: ANN401 - kombu has no types
    if driver == "amqp":
        return amqp_press.AmqpPress(channel, timeout)
    return redis_press.RedisPress(channel) if driver == "redis" else None


def connected(app: Celery, timeout: float) -> Any:  # noqa: ANN401 - kombu has no types
    """Connect to the app's broker, waiting at no step for longer than `timeout` seconds."""
    connection = _connection(app, timeout)
    try:
        # Each broker of a failover list once; kombu's default channel would try for ever.
        tries = max(1, len(connection.alt))
        connection.ensure_connection(max_retries=tries, interval_start=0, interval_step=0)
    except BaseException:
        connection.release()
        raise
    return connection


def _connection(app: Celery, timeout: float) -> Any:  # noqa: ANN401 - kombu has no types
    options = dict(app.conf.broker_transport_options or {})
    connection = app.connection_for_write(connect_timeout=timeout)
    if connection.transport.driver_type == "amqp":
        # Confirms are counted per batch, not awaited one by one.
        bounds: dict[str, Any] = {"read_timeout": timeout, "write_timeout": timeout, "confirm_publish": False}
    elif connection.transport.driver_type == "redis":
        bounds = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    else:
        return connection
    bounded = bounds | options | {name: bounds[name] for name in bounds if name == "confirm_publish"}
    return app.connection_for_write(connect_timeout=timeout, transport_options=bounded)
