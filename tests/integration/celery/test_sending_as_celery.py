"""What the sender puts into a broker is what Celery's own calls put there, for messages of every kind."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from celery import Celery, signals
from celery.app.amqp import AMQP
from kombu.entity import Exchange, Queue
from kombu.transport import redis
from pydantic import JsonValue
from redis import Redis

from punctual.celery.app import broker_app
from punctual.celery.sender import CelerySender
from punctual.domain.message_options import NO_OPTIONS, MessageOptions
from punctual.engine.sender import TaskMessage

MESSAGE = TaskMessage(
    run_id=UUID(int=1),
    schedule_id=UUID(int=2),
    schedule='nightly "☾"',
    fire_time=datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC),
    cause="catchup",
    task="tidy",
    args=[],
    kwargs={},
    queue=None,
    previous_fire_time=datetime(2026, 1, 2, tzinfo=UTC),
    labels={"team": "☾"},
)
HEADERS = {
    "punctual_schedule": 'nightly "☾"',
    "punctual_schedule_id": str(UUID(int=2)),
    "punctual_service": "default",
    "punctual_fire_time": "2026-01-02T03:04:05.000600Z",
    "punctual_previous_fire_time": "2026-01-02T00:00:00Z",
    "punctual_labels": '{"team": "\\u263e"}',
    "punctual_cause": "catchup",
    "punctual_attempt": "1",
}
CALLS: list[tuple[list[JsonValue], dict[str, JsonValue]]] = [
    ([], {}),
    ([1, -2.5, 1e300, True, None], {"path": "/data/a b", "keep": 3}),
    (["it's", 'a "quote"', "back\\slash", "line\nbreak", "\x00\x7f", "ünïcödé ☾ 🌙", "\ud83c"], {"ключ": "значение"}),
    ([[[["too deep"]]], {"a": {"b": {"c": {"d": 1}}}}], {"list": [1, [2, [3, [4]]]], "empty": [[], {}, [[[]]]]}),
    (["x" * 5000], {"text": "many words " * 300}),
    (list(range(2000)), {f"key {number}": number for number in range(500)}),
    (["x" * 1019], {"k": "x" * 1015}),
    (["x" * 1020], {"k": "x" * 1016}),
    (["x" * 300_000], {}),  # more than a frame of AMQP
]


@dataclass(frozen=True)
class Case:
    """An app set up in some way, and whether the sender may copy messages there (else Celery makes each).

    Two of three messages expire in so many seconds, each a second after the one before.
    """

    name: str
    configure: Callable[[Celery], object] = lambda _: None
    task: dict[str, Any] | None = None
    queue: str | None = None
    options: MessageOptions = NO_OPTIONS
    copied: bool = True
    copied_on_redis: bool = True
    transport_options: dict[str, Any] = field(default_factory=dict)
    expires_in: int | None = None
    only: str = ""


class RouterClass:
    def route_for_task(self, task: str, args: list[Any] | None = None, *_: object) -> dict[str, Any] | None:
        return {"queue": f"{task}-{len(args or [])}", "priority": 4}


def router(name: str, args: list[Any], *_: object, **__: object) -> dict[str, Any] | None:
    return {"queue": "even" if len(args) % 2 == 0 else "odd", "routing_key": name}


def odd_router(*_: object, **__: object) -> dict[str, Any]:
    return {"queue": "odd", "headers_of_mine": ["not", "comparable"]}


def conf(**settings: Any) -> Callable[[Celery], object]:
    return lambda app: app.conf.update(**settings)


def seen_by_a_signal(_: Celery) -> None:
    signals.before_task_publish.connect(_add_header, weak=False, dispatch_uid="test")


def _add_header(headers: dict[str, Any] | None = None, **_: object) -> None:
    assert headers is not None
    headers["trace"] = headers["id"] + "-traced"


class OwnAmqp(AMQP):  # type: ignore[misc] # celery has no types
    def as_task_v2(self, task_id: str, name: str, *args: Any, **kwargs: Any) -> Any:
        message = super().as_task_v2(task_id, name, *args, **kwargs)
        message.headers["mine"] = task_id
        return message


def own_amqp(app: Celery) -> None:
    app.amqp = OwnAmqp(app)


def queue(name: str, exchange: Any = None, **options: Any) -> Any:
    return Queue(name, exchange, **options)  # type: ignore[no-untyped-call] # kombu has no types


def exchange(name: str, kind: str, **options: Any) -> Any:
    return Exchange(name, kind, **options)  # type: ignore[no-untyped-call] # kombu has no types


TOPIC = queue("reports", exchange("reports", "topic"), routing_key="reports.#")
DIRECT = queue("films", exchange("media", "direct", delivery_mode=1), routing_key="video")
REDIS_KNOWS_EXPIRES = hasattr(redis.Channel, "_get_queue_expire")  # from kombu 5.7 on
SOON = 300
OWN_HEADERS: dict[str, JsonValue] = {
    "tenant": "münchen ☾",
    "trace": {"on": True, "ids": [1, -(2**40), 2.5, None, ["deep", {}]]},
    "x-none": None,
}
LIMITS = MessageOptions(soft_time_limit=3.0, time_limit=60.5)
CASES = [
    Case("a task that is not known here"),
    Case("a task that is", task={}),
    Case("a queue of the schedule's", queue="slow"),
    Case("a queue of the schedule's that wins over all", conf(task_routes={"*": "fast"}), {"queue": "x"}, "slow"),
    Case("a task with options", task={"priority": 7, "time_limit": 9, "soft_time_limit": 8, "expires": 600}),
    Case("a task with a queue", task={"queue": "own", "priority": 3, "delivery_mode": "transient"}),
    Case("a priority of the schedule's", task={"priority": 7}, options=MessageOptions(priority=0)),
    Case(
        "a priority above all steps of Redis",
        conf(task_routes={"*": {"priority": 1}}),
        options=MessageOptions(priority=255),
    ),
    Case("a priority for a router", conf(task_routes=(router,)), options=MessageOptions(priority=4)),
    Case("time limits of the schedule's", task={"time_limit": 9}, options=LIMITS),
    Case("headers of the schedule's", options=MessageOptions(headers=OWN_HEADERS)),
    Case(
        "headers, made by Celery",
        conf(task_compression="gzip"),
        options=MessageOptions(headers=OWN_HEADERS),
        copied=False,
    ),
    Case(
        "an exchange of the schedule's",
        conf(task_queues=[queue("celery"), TOPIC], task_routes={"*": "fast"}),
        {"queue": "own", "routing_key": "nothing"},
        options=MessageOptions(exchange="reports", routing_key="reports.daily"),
        copied_on_redis=False,
    ),
    Case(
        "a topic of the schedule's queue",
        conf(task_queues=[queue("celery"), TOPIC]),
        queue="reports",
        options=MessageOptions(routing_key="reports.daily"),
        copied_on_redis=False,
    ),
    Case("messages that expire", expires_in=SOON),
    Case("messages that expire, made by Celery", conf(task_compression="gzip"), expires_in=SOON, copied=False),
    Case("messages that expire before their task says", task={"expires": 600}, expires_in=SOON),
    Case("messages whose task says that they expire earlier", task={"expires": 600}, expires_in=3 * SOON),
    Case("no result wanted", task={"ignore_result": True}),
    Case("routes by name", conf(task_routes={"t*": {"queue": "routed", "priority": 9}})),
    Case("routes with a priority only", conf(task_routes={"tidy": {"priority": 4}})),
    Case("routes by a function", conf(task_routes=(router,))),
    Case("routes by a class", conf(task_routes=RouterClass())),
    Case("routes by the name of a function", conf(task_routes=f"{__name__}.router")),
    Case("routes with options that cannot be compared", conf(task_routes=(odd_router,)), copied=False),
    Case("a queue of a direct exchange", conf(task_queues=[DIRECT], task_default_queue="films")),
    Case(
        "a topic",
        conf(task_queues=[TOPIC], task_routes={"tidy": {"queue": "reports", "routing_key": "reports.a"}}),
        copied_on_redis=False,
    ),
    Case(
        "an exchange by name",
        conf(task_queues=[DIRECT], task_routes={"tidy": {"exchange": "media", "routing_key": "video"}}),
        task={},
        copied_on_redis=False,
    ),
    Case("compression", conf(task_compression="gzip"), copied=False),
    Case("compression of one task", task={"compression": "zlib"}, copied=False),
    Case("pickle", conf(task_serializer="pickle"), copied=False),
    Case("pickle for one task", task={"serializer": "pickle"}, copied=False),
    Case("sent events", conf(task_send_sent_event=True), copied=False),
    Case("a signal that changes messages", seen_by_a_signal, copied=False),
    Case("Celery's part in a class of one's own", own_amqp, copied=False),
    Case("shorter reprs", lambda app: vars(app.amqp).update(argsrepr_maxsize=10, kwargsrepr_maxsize=None)),
    Case("other defaults", conf(task_default_queue="main", task_default_delivery_mode=1, task_default_priority=5)),
    Case("priorities of queues", conf(task_queue_max_priority=10), {"priority": 6}, only="rabbitmq_url"),
    Case(
        "queues for a while", conf(task_queues=[queue("celery", expires=60)]), copied_on_redis=not REDIS_KNOWS_EXPIRES
    ),
    Case("a prefix for all keys", transport_options={"global_keyprefix": "site-"}, task={"priority": 3}),
    Case(
        "other priority steps",
        transport_options={"priority_steps": [0, 5], "sep": ":", "queue_order_strategy": "priority"},
        task={"priority": 6},
        only="redis_url",
    ),
    Case("bodies as they are", transport_options={"body_encoding": None}, only="redis_url"),
]


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    yield
    signals.before_task_publish.disconnect(dispatch_uid="test")


@pytest.mark.filterwarnings("ignore::celery.exceptions.CDeprecationWarning")
@pytest.mark.parametrize("broker", ["redis_url", "rabbitmq_url"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_message_is_as_celery_sends_it(case: Case, broker: str, request: pytest.FixtureRequest) -> None:
    if case.only not in ("", broker):
        return
    url = request.getfixturevalue(broker)
    app = make_app(case, url)
    taken = take_from_redis if broker == "redis_url" else take_from_rabbitmq
    declare_as_a_worker_does(app)
    calls = [(UUID(int=number), args, kwargs) for number, (args, kwargs) in enumerate(CALLS, start=1)]

    options = {} if case.queue is None else {"queue": case.queue}
    options |= {name: value for name, value in case.options._asdict().items() if value not in (None, {})}
    if case.options.exchange is not None:
        # Without it Celery takes the exchange for a direct one on Redis, and the messages are lost.
        options["queue"] = case.options.exchange
    expires = {run_id: expiry(case, run_id) for run_id, _, _ in calls}
    for run_id, args, kwargs in calls:
        send = app.tasks["tidy"].apply_async if case.task is not None else sender_by_name(app)
        own = {} if case.expires_in != SOON or expires[run_id] is None else {"expires": expires[run_id]}
        send(args, kwargs, task_id=str(run_id), **options, **own)
    theirs = taken(app, url)

    asked = count_calls(app)
    sender = CelerySender(app)
    sender.send(
        [
            replace(
                replace(MESSAGE, run_id=run_id, args=args, kwargs=kwargs, queue=case.queue, options=case.options),
                timeout=timeout_of(run_id),
                expires_at=expires[run_id],
            )
            for run_id, args, kwargs in calls
        ]
    )
    ours = taken(app, url)
    sender.close()
    app.close()

    assert sum(map(len, theirs.values())) == len(CALLS)
    assert ours.keys() == theirs.keys()
    for place, messages in theirs.items():
        if case.expires_in is not None:  # of each of two kinds, the first goes ahead
            ours[place].sort(key=lambda message: str(message["headers"]["id"]))
        assert [without_differences(message, ours=False) for message in messages] == [
            without_differences(message, ours=True) for message in ours[place]
        ]
    # Of each kind, Celery makes the first message and the pattern of the others.
    copied = case.copied and (case.copied_on_redis or broker == "rabbitmq_url")
    assert (asked() < len(CALLS)) is copied


def expiry(case: Case, run_id: UUID) -> datetime | None:
    if case.expires_in is None or run_id.int % 3 == 0:
        return None
    return datetime.now(UTC) + timedelta(seconds=case.expires_in + run_id.int)


def make_app(case: Case, url: str) -> Celery:
    app = broker_app(url)
    app.conf.broker_transport_options = case.transport_options if url.startswith("redis") else {}
    case.configure(app)
    if case.task is not None:
        app.task(name="tidy", shared=False, typing=False, **case.task)(tidy)
    return app


def declare_as_a_worker_does(app: Celery) -> None:
    with app.connection_for_write() as connection:
        for queue in app.conf.task_queues or ():
            queue.bind(connection.default_channel).declare()


def timeout_of(run_id: UUID) -> float | None:
    """Schedules of one task differ in this: here the first two have none, of which one is copied."""
    return 60.0 if run_id.int % 3 == 0 else None


def tidy() -> None:
    """Stand for a task where it is sent from."""


def sender_by_name(app: Celery) -> Callable[..., object]:
    return lambda args, kwargs, **options: app.send_task("tidy", args, kwargs, **options)


def count_calls(app: Celery) -> Callable[[], int]:
    """Count from now on how often Celery itself makes a message to send."""
    calls = 0
    send = app.amqp.send_task_message

    def counted(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        return send(*args, **kwargs)

    app.amqp.send_task_message = counted
    return lambda: calls


def take_from_redis(_: Celery, url: str) -> dict[str, list[dict[str, Any]]]:
    """Return all messages by the list they are in, and remove them."""
    taken = {}
    with Redis.from_url(url) as client:
        for key in client.scan_iter(_type="list"):
            texts = client.lrange(key, 0, -1)[::-1]
            place = f"{key.decode()}, kept {'for a while' if client.pttl(key) > 0 else 'for ever'}"
            taken[place] = [json.loads(text) for text in texts]
            client.delete(key)
    return taken


def take_from_rabbitmq(app: Celery, _: str) -> dict[str, list[dict[str, Any]]]:
    """Return all messages by the queue they are in, and remove them."""
    names = [*app.amqp.queues, "slow", "fast", "own", "routed", "even", "odd"]
    names += [f"tidy-{len(args)}" for args, _ in CALLS]
    taken = {}
    with app.connection() as connection:
        for name in set(names):
            channel = connection.channel()
            try:
                channel.queue_declare(name, passive=True)
            except connection.channel_errors:
                continue
            found = []
            while message := channel.basic_get(name, no_ack=True):
                properties = dict(message.properties)
                headers = properties.pop("application_headers")
                info = {key: message.delivery_info[key] for key in ("exchange", "routing_key", "redelivered")}
                properties["delivery_info"] = info
                body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
                found.append({"body": body, "headers": headers, "properties": properties})
            if found:
                taken[name] = found
    return taken


def without_differences(message: dict[str, Any], *, ours: bool) -> dict[str, Any]:
    """Return a message without what differs on purpose, after a look at that."""
    headers, properties = dict(message["headers"]), dict(message["properties"])
    # Nobody waits for a result, and the worker's own definition of the task says whether to keep one.
    reply_to = properties.pop("reply_to", "")
    ignore_result = headers.pop("ignore_result")
    # A broker drops an expired message without a word; a worker refuses it, and that is recorded.
    expiration = properties.pop("expiration", None)
    if ours:
        assert (reply_to, ignore_result, expiration) == ("", None, None)
        punctual = {name: headers.pop(name) for name in list(headers) if name.startswith("punctual")}
        timeout = timeout_of(UUID(headers["id"]))
        assert punctual.pop("punctual_timeout", None) == (None if timeout is None else str(timeout))
        assert punctual == {"punctual_run": headers["id"], **HEADERS}
    if headers["expires"] is not None:
        left = datetime.fromisoformat(headers["expires"]) - datetime.now(UTC)
        if left > timedelta(seconds=2 * SOON - 60):
            # The instant that the task's option gives depends on when the message is made.
            assert left <= timedelta(seconds=2 * SOON)
            headers["expires"] = "by the task's option"
    # Random for each delivery, on Redis.
    tag = properties.pop("delivery_tag", None)
    assert tag is None or UUID(tag).version == 4
    return {**message, "headers": headers, "properties": properties}
