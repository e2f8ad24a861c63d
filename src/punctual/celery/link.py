"""A connection to the broker, with all that publishing needs."""

import logging
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any, Protocol

from celery import Celery

from punctual.celery import stopping
from punctual.celery.amqp_press import AmqpPress
from punctual.celery.calls import Calls, Options
from punctual.celery.kinds import Form, Kinds
from punctual.celery.redis_press import RedisPress
from punctual.celery.templates import Template, can_copy
from punctual.domain.run import Stop, StopRequest
from punctual.engine.sender import TaskMessage

logger = logging.getLogger(__name__)

_BATCH = 1000


class Press(Protocol):
    """Knows a transport well enough to make messages for it without kombu's work on each."""

    def form(self, template: Template) -> Form | None:
        """Return the form for a kind of message; None when kombu must make each."""
        ...

    def flush(self) -> None:
        """Return once the broker has all that was published; raises when it has not, or does not say."""
        ...


class Link:
    """An open connection with its channel. Any exception makes it unfit for further use."""

    def __init__(self, app: Celery, timeout: float) -> None:
        """Connect, waiting at no step for longer than `timeout` seconds."""
        self._app = app
        self._calls = Calls(app)
        self._declared: set[str] = set()
        self._connection = _connection(app, timeout)
        try:
            # Each broker of a failover list once; kombu's default channel would try for ever.
            tries = max(1, len(self._connection.alt))
            self._connection.ensure_connection(max_retries=tries, interval_start=0, interval_step=0)
            self._channel = self._connection.channel()
            self._press = _press(self._connection.transport.driver_type, self._channel, timeout)
            self._producer = app.amqp.Producer(self._channel, auto_declare=False)
        except BaseException:
            self.close()
            raise

    def publish(self, messages: Sequence[TaskMessage]) -> None:
        """Declare the messages' queues, publish, and return once the broker has them.

        Messages of one kind keep their order; those that Celery makes one by one go ahead of the others.
        """
        kinds = Kinds(self._calls, self._form)
        for start in range(0, len(messages), _BATCH):
            one_by_one: list[tuple[TaskMessage, Options]] = []
            copies: list[tuple[TaskMessage, Form]] = []
            for message in messages[start : start + _BATCH]:
                options, form = kinds.of(message)
                if form is None:
                    self._declare(options.queue)
                    one_by_one.append((message, options))
                else:
                    copies.append((message, form))
            self._publish_one_by_one(one_by_one)
            for message, form in copies:
                form.publish(message)
            if self._press is not None:
                self._press.flush()

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

    def _publish_one_by_one(self, messages: Sequence[tuple[TaskMessage, Options]]) -> None:
        # kombu knows how to pipeline from 5.7 on, for Redis.
        batch = getattr(self._producer, "batch", None)
        with nullcontext() if batch is None else batch(max_size=_BATCH):
            for message, options in messages:
                self._calls.publish(message, options, self._producer)

    def _declare(self, queue: Any) -> None:  # noqa: ANN401 - kombu has no types
        if queue is None or queue.name in self._declared:
            return
        errors = self._connection.channel_errors
        # RabbitMQ's refusal closes the channel; Redis's channels remember what the queues declared on them are like.
        own = isinstance(self._press, AmqpPress)
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


def _press(driver: str, channel: Any, timeout: float) -> Press | None:  # noqa: ANN401 - kombu has no types
    if driver == "amqp":
        return AmqpPress(channel, timeout)
    return RedisPress(channel) if driver == "redis" else None


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
