import io
import logging
import re
import warnings
from collections.abc import Iterator

import pytest

from punctual.ops.logging import configure, mask


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the configured root logger writes at level INFO; the former configuration comes back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("INFO", stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_record_is_one_line_of_time_level_logger_action_message_and_values(written: io.StringIO) -> None:
    logging.getLogger("punctual.engine").info(
        "took %d schedules", 3, extra={"action": "claimed", "node": "a 1", "n": 3}
    )
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO punctual\.engine "
        r"action=claimed took 3 schedules node=\"a 1\" n=3\n",
        written.getvalue(),
    )


def test_records_below_the_level_are_not_written(written: io.StringIO) -> None:
    logging.getLogger("punctual.engine").debug("nothing to do")
    assert not written.getvalue()


def test_a_traceback_is_kept(written: io.StringIO) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        logging.getLogger("x").exception("failed")
    first, *rest = written.getvalue().splitlines()
    assert first.endswith("ERROR x failed")
    assert rest[0].startswith("Traceback")
    assert rest[-1] == "ZeroDivisionError: division by zero"


def test_a_line_break_in_a_message_cannot_forge_a_record(written: io.StringIO) -> None:
    logging.getLogger("x").warning(
        "bad name: %s", "a\n2026-01-01T00:00:00.000Z INFO x all is well", extra={"name_": "b\nc"}
    )
    assert len(written.getvalue().splitlines()) == 1


def test_passwords_in_addresses_are_never_written(written: io.StringIO) -> None:
    error = OSError("no answer from redis://:hunter2@cache/0")
    logging.getLogger("x").error(
        "from %s", "amqp://me:hunter2@host//", exc_info=error, extra={"url": "http://u:hunter2@h/"}
    )
    assert "hunter2" not in written.getvalue()
    assert "amqp://me:***@host//" in written.getvalue()


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgresql+psycopg://me:p@ss:word@db/x", "postgresql+psycopg://me:***@db/x"),
        ("redis://:secret@h:6379/0 and http://h:80/a@b", "redis://:***@h:6379/0 and http://h:80/a@b"),
        ("http://user@host/", "http://user@host/"),
        ("no address here: a@b", "no address here: a@b"),
    ],
)
def test_only_the_password_of_an_address_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_configuring_again_does_not_double_the_lines(written: io.StringIO) -> None:
    configure("INFO", stream=written)
    logging.getLogger("x").info("once")
    assert written.getvalue().count("once") == 1


def test_python_warnings_become_records(written: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", UserWarning, stacklevel=1)
    assert "WARNING py.warnings" in written.getvalue()
    assert len(written.getvalue().splitlines()) == 1
