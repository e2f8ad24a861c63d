from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from uuid import UUID, uuid5

import pytest

from punctual.celery.records import Told
from punctual.celery.reports import PAUSE, Reports
from punctual.domain.report import LONGEST_LINE, MOST_CHARACTERS, MOST_LINES, Level

RUN = uuid5(UUID(int=0), "a run")


@dataclass
class Buffer:
    """Where records wait for the database; `away` keeps them there."""

    told: list[Told] = field(default_factory=list)
    away: bool = False

    def take(self, record: Told) -> None:
        record.tried = not self.away
        self.told.append(record)

    def lines(self) -> list[str]:
        return [line.text for record in self.told for line in record.lines]


@pytest.fixture
def buffer() -> Buffer:
    return Buffer()


class Clock:
    """Moments that the test moves, and timers that go off when it does."""

    def __init__(self) -> None:
        self.moment = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def timer(self, seconds: float, function: Callable[[], None]) -> SimpleNamespace:
        return SimpleNamespace(daemon=False, start=lambda: self.timers.append((self.moment + seconds, function)))

    def move(self, seconds: float) -> None:
        self.moment += seconds
        due, self.timers = self.timers, []
        for at, function in due:
            if at <= self.moment:
                function()
            else:
                self.timers.append((at, function))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("punctual.celery.reports.monotonic", lambda: clock.moment)
    monkeypatch.setattr("punctual.celery.reports.threading.Timer", clock.timer)
    return clock


@pytest.fixture
def reports(buffer: Buffer, clock: Clock) -> Reports:
    del clock
    return Reports(RUN, 2, buffer.take)


def test_the_first_word_is_handed_on_at_once_and_of_the_rest_the_latest(
    reports: Reports, buffer: Buffer, clock: Clock
) -> None:
    for done in range(1000):
        reports.progress(done, 1000, f"at {done}")
    assert len(clock.timers) == 1
    clock.move(PAUSE)
    assert [record.progress and record.progress.done for record in buffer.told] == [0, 999]
    clock.move(PAUSE)
    assert (len(buffer.told), clock.timers) == (2, [])


def test_the_end_of_the_attempt_hands_on_what_is_left(reports: Reports, buffer: Buffer) -> None:
    reports.log("one", "info")
    reports.log("two", "WARNING")
    reports.progress(1, None, None)
    reports.close()
    assert buffer.lines() == ["one", "two"]
    last = buffer.told[-1]
    assert (last.run_id, last.attempt, last.lines[0].level) == (RUN, 2, Level.WARNING)
    assert last.progress is not None
    assert (last.progress.done, last.progress.total, last.progress.note) == (1, None, None)


def test_while_the_database_is_away_a_run_takes_no_room_of_others(
    reports: Reports, buffer: Buffer, clock: Clock
) -> None:
    buffer.away = True
    for number in range(50):
        reports.log(f"line {number}", "info")
        clock.move(PAUSE)
    assert len(buffer.told) == 1
    buffer.told[0].tried = True
    clock.move(PAUSE)
    assert (len(buffer.told), len(buffer.lines())) == (2, 50)


def test_the_lines_of_an_attempt_are_numbered_in_their_order(reports: Reports, buffer: Buffer) -> None:
    for number in range(200):
        reports.log(str(number), "info")
    reports.close()
    numbers = [line.number for record in buffer.told for line in record.lines]
    assert numbers == sorted(set(numbers))
    assert buffer.lines() == [str(number) for number in range(200)]


def test_a_log_that_never_ends_is_cut_and_says_what_was_left_out(reports: Reports, buffer: Buffer) -> None:
    for number in range(MOST_LINES + 7):
        reports.log(f"{number:04}", "info")
    reports.close()
    assert len(buffer.lines()) == MOST_LINES + 1
    assert buffer.lines()[-1].startswith("7 more lines (28 characters) were left out")


def test_long_lines_are_cut_and_many_of_them_are_too_many(reports: Reports, buffer: Buffer) -> None:
    for _ in range(100):
        reports.log("x" * (LONGEST_LINE + 5), "info")
    reports.close()
    assert buffer.lines()[0].endswith("… [5 characters left out]")
    assert sum(map(len, buffer.lines())) < MOST_CHARACTERS + 200


def test_nothing_that_a_task_says_breaks_it(buffer: Buffer) -> None:
    def broken(_: Told) -> None:
        raise RuntimeError

    reports = Reports(RUN, 1, broken)
    reports.log("lost", "info")
    reports.close()
    reports = Reports(RUN, 1, buffer.take)
    for done in (float("nan"), float("inf"), "many", None):
        reports.progress(done, 1, None)  # type: ignore[arg-type] # which is the point
    assert buffer.told == []
    reports.progress(1, float("nan"), "\x00" + "n" * 1000)
    reports.log("a\x00b\ud800", "loud")
    reports.close()
    assert buffer.told[0].progress is not None
    assert buffer.told[0].progress.total is None
    assert len(str(buffer.told[0].progress.note)) <= 200
    assert buffer.told[1].lines[0].level is Level.INFO
    buffer.lines()[0].encode()
    assert "\x00" not in buffer.lines()[0]
