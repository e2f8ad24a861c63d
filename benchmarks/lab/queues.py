"""Watching from outside what arrives in a broker, and when."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from redis import Redis

from punctual.celery.app import broker_app
from punctual.domain.identity import new_id

_LOOK_SECONDS = 0.005
_PATIENCE = 30.0
_AT_ONCE = 1_000


class Sample(NamedTuple):
    """How many messages were in the queue at an instant (seconds since 1970)."""

    at: float
    length: int


class Message(NamedTuple):
    """What a message says of itself; `node` is the id of the process that made it."""

    run: str
    schedule: str
    fire_time: float
    node: int


class Arrival(NamedTuple):
    """A message and the instant at which it was seen in the broker (seconds since 1970)."""

    at: float
    message: Message


class Queue:
    """A queue of our own, through kombu; so it is the same on every broker."""

    def __init__(self, url: str) -> None:
        """Connect and declare it."""
        self.url = url
        self.name = f"punctual-bench-{new_id().hex[:8]}"
        self.app = broker_app(url)
        self._connection = self.app.connection_for_write()
        self._channel = self._connection.default_channel
        self._channel.queue_declare(self.name, durable=True, auto_delete=False)

    @property
    def broker(self) -> str:
        """What kind of broker it is in."""
        return "Redis" if urlsplit(self.url).scheme == "redis" else "RabbitMQ"

    def length(self) -> int:
        """Return how many messages it holds."""
        try:
            return int(self._channel.queue_declare(self.name, passive=True).message_count)
        except self._connection.channel_errors:  # in Redis an empty queue is none
            return 0

    def watch(self, count: int, *, within: float, meanwhile: Callable[[Sample], None] = lambda _: None) -> list[Sample]:
        """Look every few milliseconds until it holds `count` messages; exits when it does not `within` seconds."""
        samples: list[Sample] = []
        give_up_at = time.time() + within
        while not samples or samples[-1].length < count:
            length = self.length()
            samples.append(Sample(time.time(), length))
            meanwhile(samples[-1])
            if samples[-1].at > give_up_at:
                sys.exit(f"{length} messages of {count} arrived within {within:g} s")
            time.sleep(_LOOK_SECONDS)
        return samples

    def take(self) -> list[Message]:
        """Take all messages out."""
        found = []
        while (taken := self._channel.basic_get(self.name, no_ack=True)) is not None:
            found.append(_message(taken.headers))
        return found

    def empty(self) -> int:
        """Drop all messages and return how many there were."""
        return int(self._channel.queue_purge(self.name))

    def arrivals(self, *, until: float) -> list[Arrival]:
        """Take messages out as they come, up to an instant; Redis only, where it costs next to no processor."""
        taken: list[tuple[float, bytes]] = []
        with Redis.from_url(self.url, socket_timeout=None) as client:
            while (left := until - time.time()) > 0:
                taken += [(at, text) for at, texts in [self._next(client, left)] for text in texts]
        return [Arrival(at, _message(json.loads(text)["headers"])) for at, text in taken]

    def moments(self, count: int) -> list[float]:
        """Take so many messages out as they come, and return when they did (seconds since 1970); Redis only."""
        moments: list[float] = []
        with Redis.from_url(self.url, socket_timeout=None) as client:
            while len(moments) < count:
                at, texts = self._next(client, _PATIENCE)
                if not texts:
                    sys.exit(f"{len(moments)} messages of {count} arrived")
                moments += [at] * len(texts)
        return moments

    def _next(self, client: Any, seconds: float) -> tuple[float, list[bytes]]:  # noqa: ANN401 - one type for redis-py
        """Wait for the next message, and take it with those behind it."""
        first = client.brpop(self.name, timeout=max(seconds, 0.01))
        at = time.time()
        return at, [] if first is None else [first[1], *(client.rpop(self.name, _AT_ONCE) or [])]

    def close(self) -> None:
        """Remove it and disconnect."""
        self._channel.queue_delete(self.name)
        self._channel.exchange_delete(self.name)
        if self.broker == "Redis":  # where kombu leaves the bindings
            with Redis.from_url(self.url) as client:
                client.delete(f"_kombu.binding.{self.name}", f"_kombu.binding_permanent.{self.name}")
        self._connection.close()
        self.app.close()


@contextmanager
def queue(url: str) -> Iterator[Queue]:
    """Give a queue of our own in this broker."""
    made = Queue(url)
    try:
        yield made
    finally:
        made.close()


def _message(headers: dict[str, str]) -> Message:
    return Message(
        run=headers["punctual_run"],
        schedule=headers["punctual_schedule"],
        fire_time=datetime.fromisoformat(headers["punctual_fire_time"]).timestamp(),
        node=int(headers["origin"].removeprefix("gen").partition("@")[0]),
    )
