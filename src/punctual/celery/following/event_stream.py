"""Listening to Celery's events over a connection of its own."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery

logger = logging.getLogger(__name__)

_TIMEOUT = 5.0
_KEPT = 300.0
"""Seconds that RabbitMQ keeps an event while whoever listens waits for the database; Celery's own setting says five."""

_UNSAFE = frozenset({"pickle", "application/x-python-serialize"})


@contextmanager
def event_stream(app: Celery, heard: Callable[[object], None]) -> Iterator[Callable[[float], None]]:
    """Hand each event that is sent from now on to `heard`; what is given waits for some, up to so many seconds.

    Raises what the client of the broker does when the connection fails. Events are never unpickled.
    """
    connection = _connection(app)
    try:
        tries = max(1, len(connection.alt))
        connection.ensure_connection(max_retries=tries, interval_start=0, interval_step=0)
        receiver = app.events.Receiver(connection, queue_ttl=_KEPT)

        def receive(body: Any, message: Any) -> None:  # noqa: ANN401 - kombu has no types
            del message
            for event in body if isinstance(body, list) else [body]:
                heard(event)

        consumer = connection.Consumer(
            queues=[receiver.queue],
            callbacks=[receive],
            no_ack=True,
            accept=set(receiver.accept) - _UNSAFE,
            on_decode_error=_left_out,
        )
        with consumer:
            app.control.broadcast("heartbeat", connection=connection)  # so that workers are known at once

            def wait(seconds: float) -> None:
                try:
                    connection.drain_events(timeout=seconds)
                except TimeoutError:
                    connection.heartbeat_check()

            yield wait
    finally:
        connection.release()


def _connection(app: Celery) -> Any:  # noqa: ANN401 - kombu has no types
    options = dict(app.conf.broker_transport_options or {})
    connection = app.connection_for_read(connect_timeout=_TIMEOUT, heartbeat=0)
    if connection.transport.driver_type != "redis":
        return connection
    bounds = {"socket_timeout": _TIMEOUT, "socket_connect_timeout": _TIMEOUT}
    return app.connection_for_read(connect_timeout=_TIMEOUT, heartbeat=0, transport_options=bounds | options)


def _left_out(message: Any, error: Exception) -> None:  # noqa: ANN401 - kombu has no types
    del message
    logger.warning("An event is left out: %s", error, extra={"action": "event_unreadable"})
