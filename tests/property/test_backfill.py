"""A backfill against a model that looks at each fire time by itself: every one has exactly one fate, and the right one.

Steps of any size, with any room, in any order; a crash between the decision and the commit does the step again.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from punctual.domain.backfill import History, Order, Record, Reprocess, Span, Tally, choose
from punctual.domain.calendars.use import Closure, OpenTimes
from punctual.domain.run import RunState
from punctual.domain.timetable import Timetable
from punctual.domain.triggers import any_of, every

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)


class Shut(OpenTimes):
    """Closed from one second after T0 up to another."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__([], [])
        self.start, self.end = T0 + start * SECOND, T0 + end * SECOND

    def closure_at(self, instant: datetime) -> Closure | None:
        return Closure(self.end, "shut") if self.start <= instant < self.end else None


@dataclass
class Case:
    first_every: int
    second_every: int
    start: int
    length: int
    shut: tuple[int, int]
    order: Order
    reprocess: Reprocess
    had: list[tuple[int, int, RunState, bool]]
    on_purpose: list[tuple[int, int]]
    steps: list[tuple[int, int, bool]] = field(repr=False)

    @property
    def timetable(self) -> Timetable:
        trigger = any_of(every(f"{self.first_every}s"), every(f"{self.second_every}s")).anchored(T0)
        return Timetable(trigger, open_times=Shut(*self.shut))

    @property
    def span(self) -> Span:
        since = T0 + self.start * SECOND
        return Span(self.timetable, since, since + self.length * SECOND, self.order)


SECONDS = st.integers(0, 120)
HAD = st.tuples(SECONDS, st.integers(0, 3), st.sampled_from(RunState), st.booleans())
STEP = st.tuples(st.integers(1, 7), st.integers(0, 4), st.booleans())
CASES = st.builds(
    Case,
    first_every=st.integers(1, 20),
    second_every=st.integers(1, 20),
    start=SECONDS,
    length=st.integers(1, 100),
    shut=st.tuples(SECONDS, SECONDS),
    order=st.sampled_from(Order),
    reprocess=st.sampled_from(Reprocess),
    had=st.lists(HAD, max_size=30),
    on_purpose=st.lists(st.tuples(SECONDS, st.integers(0, 20)), max_size=2),
    steps=st.lists(STEP, max_size=60),
)


@given(CASES)
def test_every_fire_time_of_the_span_is_made_once_or_left_out_with_a_reason(case: Case) -> None:
    span = case.span
    made: list[datetime] = []
    tally, following = Tally(), span.first()
    steps = iter(case.steps)
    while following is not None:
        looks, room, crashes = next(steps, (5, 3, False))
        stretch = span.stretch(following, looks)
        ledger = [*records(case), *(Record(at, at + 900 * SECOND, RunState.PENDING) for at in made)]
        choice = choose(span, stretch, History(stretch, ledger), case.reprocess, room=room)
        if crashes:
            continue
        assert len(choice.to_run) <= room
        made += choice.to_run
        tally, following = tally.plus(choice.tally), choice.next_fire_time
    expected = {at: fate(case, at) for at in fire_times(case)}
    assert made == sorted((at for at, why in expected.items() if why == "made"), reverse=case.order is Order.NEWEST)
    fates = list(expected.values())
    assert tally == Tally(**{why: fates.count(why) for why in ("made", "has_run", "closed", "skipped")})
    assert tally.looked_at == len(expected)


def fire_times(case: Case) -> list[datetime]:
    return [
        T0 + second * SECOND
        for second in range(case.start, case.start + case.length)
        if second % case.first_every == 0 or second % case.second_every == 0
    ]


def records(case: Case) -> list[Record]:
    had = [
        Record(T0 + second * SECOND + number * MICROSECOND, T0 + number * SECOND, state, started=started)
        for second, number, state, started in case.had
    ]
    skips = [
        Record(T0 + first * SECOND, T0, RunState.SKIPPED, covered_until=T0 + (first + more) * SECOND, on_purpose=True)
        for first, more in case.on_purpose
    ]
    return had + skips


def fate(case: Case, at: datetime) -> str:
    """Decide on one fire time as a person would, with the whole ledger at hand."""
    if any(T0 + first * SECOND <= at <= T0 + (first + more) * SECOND for first, more in case.on_purpose):
        return "skipped"
    if T0 + case.shut[0] * SECOND <= at < T0 + case.shut[1] * SECOND:
        return "closed"
    mine = [each for each in case.had if T0 + each[0] * SECOND == at]
    states = {state for _, _, state, _ in mine}
    if case.reprocess is Reprocess.ALL:
        return "made"
    if states & {RunState.BUFFERED, RunState.PENDING, RunState.QUEUED, RunState.RUNNING, RunState.RETRYING}:
        return "has_run"
    ran = [
        (number, index, state)
        for index, (_, number, state, started) in enumerate(mine)
        if state in {RunState.SUCCEEDED, RunState.FAILED, RunState.LOST} or (state is RunState.CANCELLED and started)
    ]
    if not ran:
        return "made"
    newest = max(number for number, _, _ in ran)
    _, _, last = min(each for each in ran if each[0] == newest)
    return "has_run" if case.reprocess is Reprocess.NONE or last is RunState.SUCCEEDED else "made"
