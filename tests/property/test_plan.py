"""plan() against a model that looks at each fire time by itself: every one has exactly one fate, and the right one."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from punctual.domain.calendars.use import Closure, OpenTimes, WhenClosed
from punctual.domain.planner import RUNS_PER_PLAN, Plan, plan
from punctual.domain.policies import CatchUp, CatchUpPolicy
from punctual.domain.run import Cause, RunState
from punctual.domain.skip import Skip
from punctual.domain.timetable import Timetable
from punctual.domain.triggers import every

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(second: int) -> datetime:
    return T0 + timedelta(seconds=second)


class Shut(OpenTimes):
    """Closed within these stretches of seconds after T0; the last one may never end."""

    def __init__(self, stretches: list[tuple[int, int]], *, for_good: int | None) -> None:
        super().__init__([], [])
        self.stretches = stretches
        self.for_good = for_good

    def closure_at(self, instant: datetime) -> Closure | None:
        if self.for_good is not None and instant >= at(self.for_good):
            return Closure(None, "shut for good")
        for start, end in self.stretches:
            if at(start) <= instant < at(end):
                return Closure(at(end), "shut")
        return None

    def closed_since(self, instant: datetime) -> datetime:
        starts = [at(start) for start, _ in self.stretches] + ([] if self.for_good is None else [at(self.for_good)])
        return max(start for start in starts if start <= instant)

    def open_until(self, instant: datetime, limit: datetime) -> datetime:
        closings = [at(start) for start, _ in self.stretches] + ([] if self.for_good is None else [at(self.for_good)])
        return min([limit, *(closing for closing in closings if closing > instant)])


@dataclass
class Case:
    length: int
    late: int
    catchup: CatchUp
    stretches: list[tuple[int, int]]
    for_good: int | None
    when_closed: WhenClosed
    jitter: int
    end: int | None
    runs_left: int | None
    skips: list[int]

    def timetable(self) -> Timetable:
        return Timetable(
            trigger=every(self.length, anchor=T0),
            key="k",
            end_at=None if self.end is None else at(self.end),
            jitter=timedelta(seconds=self.jitter),
            open_times=Shut(self.stretches, for_good=self.for_good),
            when_closed=self.when_closed,
            skips=tuple(Skip(fire_time=at(second), actor="a") for second in self.skips),
        )

    def fire_times(self) -> list[int]:
        last = self.late if self.end is None else min(self.late, self.end)
        return list(range(0, last + 1, self.length))

    def earliest_due(self, second: int) -> int | None:
        """When a fire time may be sent at the earliest; None when it is skipped."""
        if second in self.skips or (self.for_good is not None and second >= self.for_good):
            return None
        for start, end in self.stretches:
            if start <= second < end:
                last = (end - 1) // self.length * self.length
                if self.end is not None:
                    last = min(last, self.end // self.length * self.length)
                opens = self.for_good is None or end < self.for_good
                moved = self.when_closed is WhenClosed.NEXT_OPEN and second == last and opens
                fires_at_opening = end % self.length == 0 and (self.end is None or end <= self.end)
                return end if moved and not fires_at_opening else None
        return second


@st.composite
def cases(draw: st.DrawFn) -> Case:
    edges = sorted(draw(st.lists(st.integers(0, 900), max_size=8, unique=True)))
    stretches = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    beyond = (stretches[-1][1] if stretches else 0) + 1
    length = draw(st.integers(1, 90))
    return Case(
        length=length,
        late=draw(st.integers(0, 900)),
        catchup=CatchUp(
            policy=draw(st.sampled_from(CatchUpPolicy)),
            grace=timedelta(seconds=draw(st.integers(0, 900))),
            window=timedelta(seconds=draw(st.integers(0, 6000))),
            limit=draw(st.integers(1, 50)),
        ),
        stretches=stretches,
        for_good=draw(st.none() | st.integers(beyond, beyond + 500)),
        when_closed=draw(st.sampled_from(WhenClosed)),
        jitter=draw(st.sampled_from([0, 0, 5, 600])),
        end=draw(st.none() | st.integers(0, 900)),
        runs_left=draw(st.none() | st.integers(1, 20)),
        skips=[length * number for number in draw(st.lists(st.integers(0, 900 // length), max_size=4, unique=True))],
    )


def fates(case: Case, made: Plan) -> dict[int, str]:
    """The place of the plan in which each fire time is; a fire time in two places fails."""
    found: dict[int, str] = {}
    for run in made.runs:
        second = round((run.fire_time - T0).total_seconds())
        assert second not in found
        found[second] = run.cause.value
    for passed in made.passed_over:
        covered = [second for second in case.fire_times() if passed.first <= at(second) <= passed.last]
        assert (len(covered), True) == (passed.count, passed.exact)
        assert not found.keys() & set(covered)
        found |= dict.fromkeys(covered, passed.state.value)
    return found


@settings(max_examples=500)
@given(cases())
def test_every_fire_time_up_to_now_is_decided_exactly_once_and_rightly(case: Case) -> None:
    made = plan(case.timetable(), case.catchup, first=T0, now=at(case.late), runs_left=case.runs_left)
    found = fates(case, made)
    decided = [second for second in case.fire_times() if second in found]
    assert decided == case.fire_times()[: len(decided)]
    ended = case.runs_left is not None and len(made.runs) == case.runs_left
    if not ended and len(decided) < len(case.fire_times()):
        assert made.next_fire_time == at(case.fire_times()[len(decided)])
        assert max(len(made.runs), len(made.passed_over)) >= RUNS_PER_PLAN
        return
    if not ended:
        late = late_and_open(case, made)
        for second, fate in found.items():
            assert fate in allowed_fates(case, made, second, late)
    assert all(run.due_time >= run.fire_time for run in made.runs)


def late_and_open(case: Case, made: Plan) -> list[int]:
    """The fire times that are late and not closed, the newest first."""
    on_time = {run.fire_time for run in made.runs if run.cause is Cause.SCHEDULE}
    times = [second for second in case.fire_times() if case.earliest_due(second) is not None]
    return [second for second in times[::-1] if at(second) not in on_time]


def allowed_fates(case: Case, made: Plan, second: int, late: list[int]) -> set[str]:
    due = case.earliest_due(second)
    if due is None:  # closed: skipped, or among what was missed while nobody looked
        return {RunState.SKIPPED.value, RunState.MISSED.value}
    if due >= case.late - case.catchup.grace.total_seconds():
        return {Cause.SCHEDULE.value}
    if case.jitter and second not in late:  # its jitter makes it due later
        return {Cause.SCHEDULE.value}
    superseded = any(run.cause is Cause.SCHEDULE for run in made.runs) or second != late[0]
    within = second >= case.late - case.catchup.window.total_seconds()
    match case.catchup.policy:
        case CatchUpPolicy.NONE:
            runs = False
        case CatchUpPolicy.LATEST:
            runs = within and not superseded
        case CatchUpPolicy.ALL:
            runs = within and late.index(second) < case.catchup.limit
    return {Cause.CATCHUP.value if runs else RunState.MISSED.value}


@settings(max_examples=500)
@given(cases())
def test_what_is_skipped_was_closed_and_what_runs_was_not(case: Case) -> None:
    made = plan(case.timetable(), case.catchup, first=T0, now=at(case.late), runs_left=case.runs_left)
    for passed in made.passed_over:
        if passed.state is RunState.SKIPPED:
            covered = [second for second in case.fire_times() if passed.first <= at(second) <= passed.last]
            assert all(case.earliest_due(second) is None for second in covered)
    for run in made.runs:
        due = case.earliest_due(round((run.fire_time - T0).total_seconds()))
        assert due is not None
        assert at(due) <= run.due_time
        if not case.jitter:
            assert run.due_time == at(due)
        assert run.due_time == at(due) or case.timetable().open_times is None or is_open(case, run.due_time)


def is_open(case: Case, instant: datetime) -> bool:
    return Shut(case.stretches, for_good=case.for_good).closure_at(instant) is None


@settings(max_examples=500)
@given(cases())
def test_the_fire_times_left_open_begin_after_now(case: Case) -> None:
    made = plan(case.timetable(), case.catchup, first=T0, now=at(case.late), runs_left=case.runs_left)
    if made.next_fire_time is not None and max(len(made.runs), len(made.passed_over)) < RUNS_PER_PLAN:
        assert made.next_fire_time > at(case.late)
        assert made.next_due_time is not None
        assert made.next_due_time >= made.next_fire_time
