from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from punctual.celery.confirms import Confirms


class Channel:
    """A channel in front of a broker whose answers are given by the test, one at a time."""

    def __init__(self, *answers: tuple[str, Any]) -> None:
        self.events: dict[str, set[Callable[..., None]]] = defaultdict(set)
        self.connection = self
        self.answers = list(answers)
        self.published: list[str] = []

    def confirm_select(self) -> None:
        self.published.append("confirm.select")

    def basic_publish(self, message: str, **_: object) -> None:
        self.published.append(message)

    def drain_events(self, timeout: float) -> None:
        if not self.answers:
            raise TimeoutError(timeout)
        event, arguments = self.answers.pop(0)
        for callback in self.events[event]:
            callback(*arguments)


def test_all_that_the_channel_publishes_is_awaited() -> None:
    # Celery's event that a task was sent goes through the same channel, unknown to the sender.
    channel = Channel(("basic_ack", (1, False)), ("basic_ack", (3, True)))
    confirms = Confirms(channel)
    channel.basic_publish("task")
    channel.basic_publish("event")
    confirms.expect()
    confirms.wait(1)
    assert channel.published == ["confirm.select", "task", "event"]
    assert channel.answers == []


def test_one_missing_confirmation_is_missed() -> None:
    channel = Channel(("basic_ack", (1, False)), ("basic_ack", (3, False)))
    confirms = Confirms(channel)
    for _ in range(3):
        confirms.expect()
    with pytest.raises(TimeoutError):
        confirms.wait(1)


def test_a_message_that_the_broker_does_not_keep_is_an_error() -> None:
    channel = Channel(("basic_nack", (1, False)), ("basic_ack", (1, False)))
    confirms = Confirms(channel)
    confirms.expect()
    with pytest.raises(OperationalError, match="refused"):
        confirms.wait(1)


def test_a_message_that_no_queue_takes_is_told_once() -> None:
    returned = SimpleNamespace(properties={"correlation_id": "id"})
    channel = Channel(("basic_return", ("no route", "", "celery", returned)), ("basic_ack", (1, False)))
    confirms = Confirms(channel)
    confirms.expect()
    assert confirms.wait(1) == {"id": "no queue takes messages for 'celery': no route"}
    assert confirms.wait(1) == {}
