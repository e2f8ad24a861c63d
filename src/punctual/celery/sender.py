"""Sends the messages of runs through a Celery app's broker."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC
from typing import Any

from celery import Celery

from punctual.celery.confirms import Confirms
from punctual.domain.errors import BrokerUnavailableError
from punctual.engine.sender import TaskMessage

logger = logging.getLogger(__name__)

_BATCH = 500
_MESSAGE_FIELDS = ("expires", "time_limit", "soft_time_limit")
_PUBLISH_FIELDS = ("queue", "exchange", "routing_key", "priority", "delivery_mode", "compression")


class CelerySender:
    """Publishes over one held connection, opened when first needed and again after any failure.

    Messages go where the app's routing sends them, with the options that the app's own definition of the task gives;
    a schedule's queue wins over both. Queues are declared before the first message to them, so that messages sent
    before the first worker starts are kept. A RabbitMQ broker confirms each message. No step waits on the network
    for longer than `timeout` seconds. May be used by several threads.
    """

    def __init__(self, app: Celery, *, timeout: float = 5.0) -> None:
        """Connect to nothing yet."""
        self._app = app
        self._timeout = timeout
        self._lock = threading.Lock()
        self._link: _Link | None = None

    def send(self, messages: Sequence[TaskMessage]) -> None:
        """Publish all messages and return once the broker has them; raises BrokerUnavailableError."""
        with self._lock:
            self._attempt(lambda link: link.publish([self._prepared(message) for message in messages]))

    def check(self) -> None:
        """Return if the broker answers; raise BrokerUnavailableError otherwise."""
        with self._lock:
            self._attempt(lambda link: link.check())

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        with self._lock:
            self._drop()

    def _attempt(self, action: Callable[["_Link"], None]) -> None:
        try:
            if self._link is None:
                self._link = _Link(self._app, self._timeout)
            action(self._link)
        # Client libraries raise what they like, even AttributeError; in each case the messages may not be there.
        except Exception as error:
            self._drop()
            cause = error.__cause__ or error
            text = str(cause).strip() or type(cause).__name__
            message = f"The broker does not answer: {text}"
            fix = "Check that the broker at PUNCTUAL_BROKER_URL runs and can be reached; sending goes on by itself."
            raise BrokerUnavailableError(message, fix=fix) from error

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _prepared(self, message: TaskMessage) -> "_Prepared":
        args, kwargs = list(message.args), dict(message.kwargs)
        task = self._app.tasks.get(message.task)
        defined = {} if task is None else task._get_exec_options()  # noqa: SLF001 - as Celery's own beat gets them
        options = {name: value for name, value in defined.items() if value is not None}
        fields = {name: options[name] for name in _MESSAGE_FIELDS if name in options}
        options = {name: options[name] for name in _PUBLISH_FIELDS if name in options}
        if message.queue is not None:
            options = {name: options[name] for name in ("priority", "delivery_mode", "compression") if name in options}
            options["queue"] = self._queue(message.queue)
        options = self._routed(options, message, args, kwargs, task)
        protocol = self._app.amqp.as_task_v2(
            str(message.run_id),
            message.task,
            args,
            kwargs,
            ignore_result=None,
            create_sent_event=self._app.conf.task_send_sent_event,
            **fields,
        )
        return _Prepared(message.task, protocol, _headers(message), options)

    def _queue(self, name: str) -> Any:  # noqa: ANN401 - kombu has no types
        """Find the app's queue, or make one; an app that refuses unknown queues must not block the other messages."""
        queues = self._app.amqp.queues
        try:
            return queues[name]
        except KeyError:
            return queues.new_missing(name)

    def _routed(
        self,
        options: dict[str, Any],
        message: TaskMessage,
        args: list[Any],
        kwargs: dict[str, Any],
        task: Any,  # noqa: ANN401 - Celery has no types
    ) -> dict[str, Any]:
        if message.queue is not None:
            return options
        try:
            routed: dict[str, Any] = self._app.amqp.router.route(options, message.task, args, kwargs, task)
        # A router is the user's code; one that fails for one task must not keep back the messages of all others.
        except Exception:
            logger.exception(
                "The app's routing failed for task %s; its default queue is used",
                message.task,
                extra={"action": "route_failed", "task": message.task, "schedule": message.schedule},
            )
            return {"queue": self._app.amqp.default_queue}
        return routed


class _Prepared:
    """A message that is ready to publish."""

    __slots__ = ("headers", "name", "options", "protocol")

    def __init__(self, name: str, protocol: Any, headers: dict[str, str], options: dict[str, Any]) -> None:  # noqa: ANN401 - Celery has no types
        self.name = name
        self.protocol = protocol
        self.headers = headers
        self.options = options


class _Link:
    """An open connection with its channel and producer. Any exception makes it unfit for further use."""

    def __init__(self, app: Celery, timeout: float) -> None:
        self._app = app
        self._timeout = timeout
        self._declared: set[str] = set()
        self._connection = _connection(app, timeout)
        try:
            # Each broker of a failover list once; kombu's default channel would try for ever.
            tries = max(1, len(self._connection.alt))
            self._connection.ensure_connection(max_retries=tries, interval_start=0, interval_step=0)
            channel = self._connection.channel()
            self._confirms = Confirms(channel) if self._connection.transport.driver_type == "amqp" else None
            self._producer = app.amqp.Producer(channel, auto_declare=False)
        except BaseException:
            self.close()
            raise

    def publish(self, messages: Sequence[_Prepared]) -> None:
        for start in range(0, len(messages), _BATCH):
            part = messages[start : start + _BATCH]
            for message in part:
                self._declare(message.options.get("queue"))
            with self._batch():
                for message in part:
                    self._publish(message)
            if self._confirms is not None:
                self._confirms.wait(self._timeout)

    def check(self) -> None:
        # Opening a channel is a round trip on every transport.
        self._connection.channel().close()

    def close(self) -> None:
        try:
            self._connection.close()
        except Exception:
            logger.debug("Closing the broker connection failed", exc_info=True, extra={"action": "broker_close_failed"})

    def _batch(self) -> AbstractContextManager[Any]:
        """Pipeline the messages where kombu (5.7 on, for Redis) knows how."""
        batch = getattr(self._producer, "batch", None)
        return nullcontext() if batch is None else batch(max_size=_BATCH)

    def _publish(self, message: _Prepared) -> None:
        if self._confirms is not None:
            self._confirms.expect()
        self._app.amqp.send_task_message(
            self._producer,
            message.name,
            message.protocol,
            headers=message.headers,
            serializer="json",
            retry=False,
            declare=[],
            mandatory=message.options.get("queue") is not None,
            **message.options,
        )

    def _declare(self, queue: Any) -> None:  # noqa: ANN401 - kombu has no types
        if queue is None or queue.name in self._declared:
            return
        errors = self._connection.channel_errors
        # A channel of its own, for a refusal closes it.
        channel = self._connection.channel()
        try:
            queue.bind(channel).declare()
        except errors as error:
            # It is there with other arguments, or it is not ours to declare; if it is missing, publishing tells.
            logger.warning(
                "Queue %s could not be declared: %s", queue.name, error, extra={"action": "queue_not_declared"}
            )
        finally:
            self._connection.maybe_close_channel(channel)
        self._declared.add(queue.name)


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


def _headers(message: TaskMessage) -> dict[str, str]:
    return {
        "punctual_run": str(message.run_id),
        "punctual_schedule": message.schedule,
        "punctual_schedule_id": str(message.schedule_id),
        "punctual_fire_time": message.fire_time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "punctual_cause": message.cause,
    }
