"""Messages of one kind, made by Celery and kombu once and copied for each run."""

from collections.abc import Callable
from typing import Any, NamedTuple

from celery import Celery, signals
from celery.app.amqp import AMQP
from kombu.serialization import registry
from kombu.utils.json import JSONEncoder, dumps

from punctual.celery.calls import Calls, Options
from punctual.celery.headers import RUN, run_headers
from punctual.celery.reprs import plain_repr
from punctual.engine.sender import TaskMessage


class Own(NamedTuple):
    """What of a message is its own; all else it has in common with the others of its kind."""

    id: str
    headers: dict[str, str]
    body: str


class Template:
    """What Celery and kombu made of one message of a kind, and what differs in the others.

    In message protocol 2 (celery/app/amqp.py, `as_task_v2`) that is the id in two headers and in `correlation_id`,
    the reprs of the arguments, the body, and when the message expires, if it has an instant of its own for that.
    """

    def __init__(self, app: Celery, message: TaskMessage, options: Options, channel: Any) -> None:  # noqa: ANN401 - kombu has no types
        """Make one message, as for this channel."""
        self._app = app
        self._levels = app.conf.get("task_repr_maxlevels", 3)  # new in Celery 5.7; 3 before
        tap = _Tap(channel)
        self._encode = _json_encoder()
        self._options, self._calls = options, Calls(app)
        protocol = self._calls.make(message, options)
        self._calls.publish(message, protocol, options, app.amqp.Producer(tap, auto_declare=False))
        self._embed = protocol.body[2]
        self.message = tap.message
        self.exchange: str = tap.exchange
        self.routing_key: str = tap.routing_key
        self.mandatory: bool = tap.mandatory
        self._own_headers = self.own(message).headers.keys()

    def common(self, headers: dict[str, Any]) -> dict[str, Any]:
        """Return those of a message's headers that all of its kind have."""
        return {name: value for name, value in headers.items() if name not in self._own_headers}

    def own(self, message: TaskMessage) -> Own:
        """Return what differs in this message."""
        ours = run_headers(message)
        task_id = ours[RUN]
        headers = {"id": task_id, "root_id": task_id, **self._reprs(message), **ours}
        if message.expires_at is not None:
            headers["expires"] = self._calls.expires(message, self._options).isoformat()
        return Own(task_id, headers, self._encode((message.args, message.kwargs, self._embed)))

    def _reprs(self, message: TaskMessage) -> dict[str, str]:
        if message.shown is not None:
            return self._calls.reprs(message)
        amqp = self._app.amqp
        args = plain_repr(message.args, amqp.argsrepr_maxsize, self._levels) if message.args else "()"
        kwargs = plain_repr(message.kwargs, amqp.kwargsrepr_maxsize, self._levels)
        if args is None or kwargs is None:
            made = amqp.as_task_v2("", message.task, list(message.args), dict(message.kwargs))
            args, kwargs = made.headers["argsrepr"], made.headers["kwargsrepr"]
        return {"argsrepr": args, "kwargsrepr": kwargs}


def _json_encoder() -> Callable[[object], str]:
    """Return what turns a body into JSON: kombu's own encoder, made once, unless the app has registered another."""
    if registry._encoders["json"].encoder is dumps:  # noqa: SLF001 - nothing public tells
        return JSONEncoder().encode
    return lambda body: str(registry.dumps(body, "json")[2])  # type: ignore[no-untyped-call] # kombu has no types


class _Tap:
    """Stands for a channel and keeps the one message published to it, as the channel would have got it."""

    def __init__(self, channel: Any) -> None:  # noqa: ANN401 - kombu has no types
        self.prepare_message = channel.prepare_message
        self.message: Any = None
        self.exchange = self.routing_key = ""
        self.mandatory = False

    def basic_publish(self, message: Any, *, exchange: str, routing_key: str, mandatory: bool, **_: object) -> None:  # noqa: ANN401 - same
        self.message, self.exchange, self.routing_key, self.mandatory = message, exchange, routing_key, mandatory


def can_copy(app: Celery, options: Options) -> bool:
    """Tell whether a message with these options is made by Celery's own code, and nothing sees or changes each one."""
    amqp, seen_by = app.amqp, (signals.before_task_publish, signals.after_task_publish, signals.task_sent)
    return (
        type(amqp) is AMQP
        and amqp.Producer is AMQP.Producer
        and not app.conf.task_send_sent_event
        and not any(signal.receivers for signal in seen_by)
        and (options.publish.get("serializer") or app.conf.task_serializer) == "json"
        and not (options.publish.get("compression") or app.conf.task_compression)
    )
