"""Sends the messages of runs through a Celery app's broker."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from celery import Celery

from punctual.celery.broker_queues import depths
from punctual.celery.calls import Calls
from punctual.celery.link import Link, connected, words_of
from punctual.domain.errors import BrokerUnavailableError
from punctual.domain.run import StopRequest
from punctual.engine.sender import QueueDepth, TaskMessage, Unsendable

_T = TypeVar("_T")


class CelerySender:
    """Publishes over one held connection, opened when first needed and again after any failure.

    Messages go where the app's routing sends them, with the options that the app's own definition of the task gives;
    a schedule's queue wins over both. Queues are declared before the first message to them, so that messages sent
    before the first worker starts are kept. A RabbitMQ broker confirms each message. No step waits on the network
    for longer than `timeout` seconds. May be used by several threads.

    On Redis, Valkey and RabbitMQ, messages of one kind in a batch are copies of what Celery makes of one of them;
    where the app or a library has a hand in the making of messages (signals, a class of its own, another serializer,
    compression, sent events) and for exchanges on Redis, Celery makes each.
    """

    def __init__(self, app: Celery, *, timeout: float = 5.0) -> None:
        """Connect to nothing yet."""
        self._app = app
        self._timeout = timeout
        self._lock = threading.Lock()
        self._link: Link | None = None

    def send(self, messages: Sequence[TaskMessage]) -> Sequence[Unsendable]:
        """Publish all messages and return once the broker has them, with those that it never takes.

        Raises BrokerUnavailableError.
        """
        with self._lock:
            return self._attempt(lambda link: link.publish(messages))

    def stop(self, requests: Sequence[StopRequest]) -> None:
        """Ask by remote control; raises BrokerUnavailableError."""
        with self._lock:
            self._attempt(lambda link: link.stop(requests))

    def check(self) -> None:
        """Return if the broker answers; raise BrokerUnavailableError otherwise."""
        with self._lock:
            self._attempt(lambda link: link.check())

    def destinations(self, tasks: Collection[str]) -> Mapping[str, str]:
        """Ask the app's routing, where it looks at nothing but the name of a task."""
        calls = Calls(self._app)
        found = {task: calls.queue_of(task) for task in tasks}
        return {task: queue for task, queue in found.items() if queue is not None}

    def queues(self, names: Collection[str]) -> Sequence[QueueDepth]:
        """Ask the broker over a connection of its own, so that nothing waits to be sent meanwhile."""
        wanted = sorted({*names, self._app.amqp.default_queue.name})
        try:
            with connected(self._app, self._timeout) as connection:
                return depths(connection, wanted)
        except Exception as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Close the connection; the next use opens another."""
        with self._lock:
            self._drop()

    def _attempt(self, action: Callable[[Link], _T]) -> _T:
        try:
            if self._link is None:
                self._link = Link(self._app, self._timeout)
            return action(self._link)
        # Client libraries raise what they like, even AttributeError; in each case the messages may not be there.
        except Exception as error:
            self._drop()
            raise _unavailable(error) from error

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()


def _unavailable(error: Exception) -> BrokerUnavailableError:
    message = f"The broker does not answer: {words_of(error)}"
    fix = "Check that the broker at PUNCTUAL_BROKER_URL runs and can be reached; sending goes on by itself."
    return BrokerUnavailableError(message, fix=fix)
