"""The servers to measure on: those that the environment names, else private ones as the tests start them.

PUNCTUAL_BENCH_POSTGRES_URL names a PostgreSQL to make databases in; PUNCTUAL_BENCH_REDIS_URL and
PUNCTUAL_BENCH_RABBITMQ_URL name brokers, of which only queues of our own are used.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from punctual.store.database import Database
from servers.postgres import PostgresServer, private_postgres
from servers.rabbitmq import private_rabbitmq
from servers.redis import private_redis

_SHIPPED = {"shared_buffers": "128MB"}
"""PostgreSQL as it is shipped: it flushes what is committed."""


@contextmanager
def postgres() -> Iterator[PostgresServer]:
    """Give a server to make databases on."""
    with ExitStack() as stack:
        url = os.environ.get("PUNCTUAL_BENCH_POSTGRES_URL") or stack.enter_context(private_postgres(_SHIPPED)).url
        yield stack.enter_context(closing(PostgresServer(url)))


@contextmanager
def database(server: PostgresServer) -> Iterator[tuple[str, Database]]:
    """Give the URL of a database of its own with all tables, and the database."""
    url = server.create()
    server.fill(url)
    opened = Database(url)
    try:
        yield url, opened
    finally:
        opened.close()
        server.drop(url)


@contextmanager
def redis() -> Iterator[str]:
    """Give the URL of a Redis or Valkey."""
    if url := os.environ.get("PUNCTUAL_BENCH_REDIS_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, private_redis(Path(folder)) as server:
        yield server.create()


@contextmanager
def rabbitmq() -> Iterator[str]:
    """Give the URL of a RabbitMQ."""
    if url := os.environ.get("PUNCTUAL_BENCH_RABBITMQ_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, private_rabbitmq(Path(folder)) as server:
        yield server.create()
