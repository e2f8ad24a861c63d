"""Connections to PostgreSQL on which no wait is endless."""

from typing import Any, TypeVar

import psycopg
from psycopg import waiting
from psycopg.abc import PQGen
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

from punctual.domain.clock import monotonic

_T = TypeVar("_T")

ANSWER_SECONDS = 30.0
"""A server that keeps a statement for longer counts as gone: it is stopped, or the network to it is."""

_LOOKS = 12
_LOOK_SECONDS = 0.1
"""How often, at least, to look whether the server has answered."""

LIMITS = {"statement_timeout": 20_000, "lock_timeout": 10_000, "idle_in_transaction_session_timeout": 20_000}
"""Milliseconds after which the server itself gives up; set where nobody else has set them.

The last frees what a node held that froze, or lost its network, in the middle of a transaction.
"""


class SilentServerError(psycopg.OperationalError):
    """The server has not answered in time."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is given up when the server does not answer within `answer_within` seconds.

    The time in which this process stood still does not count: the answer may lie there, unheard.
    """

    answer_within: float | None = None

    def wait(self, gen: PQGen[_T], interval: float = _LOOK_SECONDS, timeout: float | None = None) -> _T:
        """Do one exchange with the server; what interrupts it (SystemExit, KeyboardInterrupt) costs the connection."""
        options = {} if timeout is None else {"timeout": timeout}  # psycopg before 3.3.6 has none
        within = self.answer_within
        if within is None:
            return super().wait(gen, interval, **options)
        interval = min(interval, within / _LOOKS)
        # psycopg's own method would ask the server to cancel first, and wait for that without this bound.
        try:
            return waiting.wait(self._bounded(gen, within, interval), self.pgconn.socket, interval, **options)
        except Exception:
            raise
        except BaseException:
            self.pgconn.finish()
            raise

    def _bounded(self, exchange: PQGen[_T], within: float, interval: float) -> PQGen[_T]:
        """Pass the exchange's wishes on to psycopg, which comes back at least once in each interval."""
        quiet = 0.0
        try:
            wish = next(exchange)
            while True:
                looked_at = monotonic()
                ready = yield wish
                if not ready:
                    # It may come back much sooner, and if the process stood still, much later.
                    quiet += min(monotonic() - looked_at, interval)
                    if quiet >= within:
                        self.pgconn.finish()
                        message = f"the server has not answered for {within:g} s"
                        raise SilentServerError(message)
                wish = exchange.send(ready)
        except StopIteration as done:
            answer: _T = done.value
            return answer


def bound(engine: Engine) -> None:
    """Make the engine's connections bounded ones."""

    def connect(_dialect: object, _record: object, arguments: Any, options: Any) -> psycopg.Connection[Any]:  # noqa: ANN401 - SQLAlchemy's
        return BoundedConnection.connect(*arguments, **options)

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", _set_limits)
    event.listen(engine, "checkout", _bound_answers)


def unbound(connection: DBAPIConnection | None) -> None:
    """Let the server take its time until the connection is given back."""
    if isinstance(connection, BoundedConnection):
        connection.answer_within = None


def bound_to(connection: DBAPIConnection | None, seconds: float | None) -> None:
    """Let the server answer within so many seconds; None for as long as usual."""
    if isinstance(connection, BoundedConnection):
        connection.answer_within = seconds or ANSWER_SECONDS


def _set_limits(connection: DBAPIConnection, _record: object) -> None:
    if not isinstance(connection, BoundedConnection):
        raise TypeError(connection)
    connection.answer_within = ANSWER_SECONDS
    connection.autocommit = True
    one = "CASE current_setting(%s) WHEN '0' THEN set_config(%s, %s, false) END"
    query = f"SELECT {', '.join([one] * len(LIMITS))}"
    connection.execute(query, [word for name, limit in LIMITS.items() for word in (name, name, str(limit))])
    connection.autocommit = False


def _bound_answers(connection: DBAPIConnection, _record: object, _proxy: object) -> None:
    bound_to(connection, None)
