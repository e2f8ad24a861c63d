"""RabbitMQ's publisher confirms, awaited per batch: ten times as fast as one by one."""

from typing import Any

from kombu.exceptions import OperationalError

from punctual.domain.clock import monotonic


class Confirms:
    """Counts what one channel publishes, and what the broker confirms of it."""

    def __init__(self, channel: Any) -> None:  # noqa: ANN401 - py-amqp has no types
        """Put the channel into confirm mode."""
        self._connection = channel.connection
        self._last = 0
        self._open: set[int] = set()
        self._fault: str | None = None
        self._returned: dict[str, str] = {}
        channel.confirm_select()
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)
        publish = channel.basic_publish

        # Counted here because Celery publishes events through the same channel, and the broker counts those too.
        def basic_publish(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - py-amqp has no types
            self.expect()
            return publish(*args, **kwargs)

        channel.basic_publish = basic_publish

    def expect(self) -> None:
        """Note that a message is written past `channel.basic_publish`."""
        self._last += 1
        self._open.add(self._last)

    def wait(self, timeout: float) -> dict[str, str]:
        """Return once all messages are confirmed, with those that no queue takes, by their id and with the reason.

        Raises OperationalError when the broker refuses one, and when it says nothing for `timeout` seconds.
        """
        while self._open and self._fault is None:
            before = len(self._open)
            deadline = monotonic() + timeout
            while self._open and len(self._open) == before and self._fault is None:
                left = deadline - monotonic()
                if left <= 0:
                    message = f"no confirmation of {before} messages within {timeout:g} s"
                    raise OperationalError(message)
                self._connection.drain_events(timeout=left)
        if self._fault is not None:
            raise OperationalError(self._fault)
        returned, self._returned = self._returned, {}
        return returned

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's call
        self._settle(delivery_tag, multiple=multiple)

    def _on_nack(self, delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001 - py-amqp's call
        self._fault = "the broker refused a message"
        self._settle(delivery_tag, multiple=multiple)

    def _on_return(self, exception: object, exchange: str, routing_key: str, message: Any) -> None:  # noqa: ANN401 - py-amqp has no types
        del exchange
        self._returned[message.properties["correlation_id"]] = (
            f"no queue takes messages for {routing_key!r}: {exception}"
        )

    def _settle(self, delivery_tag: int, *, multiple: bool) -> None:
        if multiple:
            self._open = {tag for tag in self._open if tag > delivery_tag}
        else:
            self._open.discard(delivery_tag)
