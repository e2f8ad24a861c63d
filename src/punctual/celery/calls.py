"""What Celery makes of a task message: the task's own options, the app's routing, message protocol 2."""

import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from celery import Celery
from celery.app.routes import MapRoute, Router
from celery.utils.time import maybe_make_aware
from kombu.serialization import registry

from punctual.celery.headers import run_headers
from punctual.domain.message_options import MessageOptions
from punctual.engine.sender import TaskMessage

logger = logging.getLogger(__name__)

_MESSAGE_FIELDS = ("expires", "time_limit", "soft_time_limit")
_FORM_FIELDS = ("priority", "delivery_mode", "compression", "serializer")
_PUBLISH_FIELDS = ("queue", "exchange", "routing_key", *_FORM_FIELDS)


class Options(NamedTuple):
    """How a message is made and published: keywords of `AMQP.as_task_v2`, and those of `AMQP.send_task_message`."""

    protocol: dict[str, Any]
    publish: dict[str, Any]

    @property
    def queue(self) -> Any:  # noqa: ANN401 - kombu has no types
        """Return the queue that the message goes to; None when it goes to an exchange by name."""
        return self.publish.get("queue")


class Calls:
    """Makes messages as the app's own `send_task` (Celery 5.7) and `apply_async` do, but for what nobody waits for.

    The differences: no `reply_to`, because nobody waits for the result; no `expiration`, because a broker that drops
    a stale message tells nobody, while a worker that refuses it is recorded; Punctual's headers.
    """

    def __init__(self, app: Celery) -> None:
        """Know the app."""
        self._app = app

    def options(self, message: TaskMessage) -> Options:
        """Return the options of a message: its own win over those of the task, and the app's routing fills in.

        Of a message with a queue or an exchange of its own, neither the task nor the routing says where it goes.
        """
        task, own = self._own(message.task)
        chosen = _chosen(message.options)
        protocol = {name: each[name] for each in (own, chosen) for name in _MESSAGE_FIELDS if name in each}
        placed = message.queue is not None or message.options.exchange is not None
        publish = {name: own[name] for name in (_FORM_FIELDS if placed else _PUBLISH_FIELDS) if name in own}
        publish |= {name: chosen[name] for name in _PUBLISH_FIELDS if name in chosen}
        if message.queue is not None:
            publish["queue"] = self._queue(message.queue)
        elif message.options.exchange is not None:
            publish["queue"] = self._queue_of(message.options.exchange)
        else:
            publish = self._routed(publish, message, task)
            if publish.get("queue") is None and publish.get("exchange") is None:
                # As `send_task_message` does; said here, so that the queue is declared.
                publish["queue"] = self._app.amqp.default_queue
        if publish.get("serializer", self._app.conf.task_serializer) not in registry.name_to_type:
            # Its library is missing here. The workers may refuse JSON, but messages of other tasks must not wait.
            publish["serializer"] = "json"
        return Options(protocol, publish)

    def routes_by_name(self) -> bool:
        """Tell whether the app's routing looks at the task's name only; a router of its own may look at the args."""
        amqp = self._app.amqp
        return type(amqp.router) is Router and all(type(route) is MapRoute for route in amqp.router.routes)

    def queue_of(self, name: str) -> str | None:
        """Return the queue that messages of a task go to without one of their own; None where that is not certain."""
        if not self.routes_by_name():
            return None
        task, own = self._own(name)
        wanted = {option: own[option] for option in _PUBLISH_FIELDS if option in own}
        try:
            routed = self._app.amqp.router.route(wanted, name, [], {}, task)
        except Exception:  # noqa: BLE001 - it is told when a message is sent
            return None
        queue = routed.get("queue")
        if queue is None and routed.get("exchange") is None:
            queue = self._app.amqp.default_queue
        return None if queue is None else str(getattr(queue, "name", queue))

    def make(self, message: TaskMessage, options: Options) -> Any:  # noqa: ANN401 - Celery has no types
        """Return a message as Celery makes it, by message protocol 2."""
        return self._app.amqp.as_task_v2(
            str(message.run_id),
            message.task,
            list(message.args),
            dict(message.kwargs),
            ignore_result=None,
            create_sent_event=self._app.conf.task_send_sent_event,
            **{**options.protocol, "expires": self.expires(message, options), **self.reprs(message)},
        )

    def reprs(self, message: TaskMessage) -> dict[str, str]:
        """Return what Celery's headers say of the arguments of a message that carries secrets; else nothing."""
        if message.shown is None:
            return {}
        args, kwargs = message.shown.args or [], message.shown.kwargs or {}
        made = self._app.amqp.as_task_v2("", message.task, args, kwargs)
        return {name: made.headers[name] for name in ("argsrepr", "kwargsrepr")}

    def expires(self, message: TaskMessage, options: Options) -> Any:  # noqa: ANN401 - Celery has no types
        """Return when a message must not start any more: the earlier of its own instant and what its task says.

        What the task says has the form that it has there, so long as the message has no instant of its own.
        """
        tasks = options.protocol.get("expires")
        if message.expires_at is None or tasks is None:
            return message.expires_at or tasks
        if isinstance(tasks, str):
            tasks = datetime.fromisoformat(tasks)
        elif not isinstance(tasks, datetime):
            tasks = self._app.now() + timedelta(seconds=tasks)
        return min(message.expires_at, maybe_make_aware(tasks, self._app.timezone))

    def publish(self, message: TaskMessage, protocol: Any, options: Options, producer: Any) -> None:  # noqa: ANN401 - kombu has no types
        """Publish a message that was made, as Celery does."""
        self._app.amqp.send_task_message(
            producer,
            message.task,
            protocol,
            headers={**message.options.headers, **run_headers(message)},
            retry=False,
            declare=[],
            mandatory=options.queue is not None or message.options.exchange is not None,
            **options.publish,
        )

    def _own(self, name: str) -> tuple[Any, dict[str, Any]]:
        """Return the app's own task of that name, if it has it, and the options that its definition gives."""
        task = self._app.tasks.get(name)
        defined = {} if task is None else task._get_exec_options()  # noqa: SLF001 - as Celery's own beat gets them
        return task, {option: value for option, value in defined.items() if value is not None}

    def _queue(self, name: str) -> Any:  # noqa: ANN401 - kombu has no types
        """Find the app's queue, or make one; an app that refuses unknown queues must not block the other messages."""
        queues = self._app.amqp.queues
        try:
            return queues[name]
        except KeyError:
            return queues.new_missing(name)

    def _queue_of(self, exchange: str) -> Any:  # noqa: ANN401 - kombu has no types
        """Return a queue of the app's that an exchange feeds: when it is declared, Redis learns the exchange's type."""
        queues = self._app.amqp.queues.values()
        return next((queue for queue in queues if queue.exchange is not None and queue.exchange.name == exchange), None)

    def _routed(self, publish: dict[str, Any], message: TaskMessage, task: Any) -> dict[str, Any]:  # noqa: ANN401 - same
        args, kwargs = list(message.args), dict(message.kwargs)
        try:
            routed: dict[str, Any] = self._app.amqp.router.route(publish, message.task, args, kwargs, task)
        # A router is the user's code; one that fails for one task must not keep back the messages of all others.
        except Exception:
            logger.exception(
                "The app's routing failed for task %s; its default queue is used",
                message.task,
                extra={"action": "route_failed", "task": message.task, "schedule": message.schedule},
            )
            form = {name: publish[name] for name in _FORM_FIELDS if name in publish}
            return {**form, "queue": self._app.amqp.default_queue}
        return routed


def _chosen(options: MessageOptions) -> dict[str, Any]:
    """Return what a message says itself; whole seconds as whole numbers, as people write them for Celery."""
    limits = {name: getattr(options, name) for name in ("time_limit", "soft_time_limit")}
    given = {
        "exchange": options.exchange,
        "routing_key": options.routing_key,
        "priority": options.priority,
        **{name: int(each) if each is not None and each % 1 == 0 else each for name, each in limits.items()},
    }
    return {name: value for name, value in given.items() if value is not None}
