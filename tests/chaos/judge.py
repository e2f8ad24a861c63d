"""Judges a trial: every promise that the faults should have broken, checked against evidence; each finding a line."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from chaos.diary import Execution
from chaos.evidence import Evidence, Record, Span, Version
from punctual.domain.policies import OnLost, Overlap
from punctual.domain.run import TERMINAL, Cause, RunState
from punctual.domain.schedule import ScheduleSpec

CLOCKS_AGREE_WITHIN = timedelta(milliseconds=750)
"""Two processes' ideas of the database's time, on a machine that starves them: each knows it from an answer's way.

What was fired so shortly after an edit, the node took for before it; the new version then goes on after that.
"""

MOST_LOST_ATTEMPTS = 5
_NEVER_RUN = {RunState.SKIPPED, RunState.MISSED, RunState.EXPIRED}
_MOST_SHOWN = 20


def judge(evidence: Evidence) -> list[str]:
    """Return what is wrong; of many findings of one kind the first."""
    checks: list[Callable[[Evidence], Iterator[str]]] = [
        fire_times_without_their_record,
        executed_twice,
        attempts_too_many,
        executed_as_edited,
        stuck,
        ends_that_do_not_agree,
        overlaps,
        beyond_the_limit,
        lambda each: iter(each.ended_by_themselves),
        lambda each: (f"a log says: {line[:400]}" for line in each.strange_lines),
    ]
    found: list[str] = []
    for check in checks:
        lines = list(check(evidence))
        found += lines[:_MOST_SHOWN]
        if len(lines) > _MOST_SHOWN:
            found.append(f"... and {len(lines) - _MOST_SHOWN} more like that")
    return found


def expected_fire_times(key: UUID, versions: Sequence[Version], pauses: Sequence[Span]) -> Iterator[datetime]:
    """Yield the fire times of a schedule whose last version has an end, as its versions and pauses have them."""
    for version in versions:
        timetable = version.spec.timetable(str(key), {})
        fire_time = timetable.next_after(version.since)
        while fire_time is not None and (version.until is None or fire_time <= version.until):
            if not any(since < fire_time and (until is None or fire_time <= until) for since, until in pauses):
                yield fire_time
            fire_time = timetable.next_after(fire_time)


def fire_times_without_their_record(evidence: Evidence) -> Iterator[str]:
    """Every fire time is in exactly one record, and every record is of fire times."""
    of_schedule: dict[UUID, list[Record]] = defaultdict(list)
    for record in evidence.records:
        if record.cause in {Cause.SCHEDULE, Cause.CATCHUP}:
            of_schedule[record.schedule_id].append(record)
    for key, name in evidence.names.items():
        versions, pauses = evidence.versions[key], evidence.pauses.get(key, ())
        expected = list(expected_fire_times(key, versions, pauses))
        yield from (f"{name}: {line}" for line in _one_each(expected, of_schedule[key], versions, pauses))


def _one_each(
    expected: list[datetime], records: list[Record], versions: Sequence[Version], pauses: Sequence[Span]
) -> Iterator[str]:
    found: Counter[datetime] = Counter()
    known = set(expected)
    edits = [version.until for version in versions if version.until is not None] + [since for since, _ in pauses]
    ahead: list[Span] = []
    for record in records:
        if record.covered_until is None:
            found[record.fire_time] += 1
            if record.fire_time not in known:
                edit = _edit_just_before(record, edits)
                if edit is None:
                    yield f"{record.fire_time} has a record ({record.cause}, {record.state}) and is no fire time"
                else:
                    ahead.append((edit, record.fire_time))
            continue
        covered = [each for each in expected if record.fire_time <= each <= record.covered_until]
        found.update(covered)
        if record.covered_count_exact and record.covered_count != len(covered):
            yield f"the record of {record.fire_time} covers {record.covered_count} fire times, not {len(covered)}"
    for fire_time in expected:
        overtaken = any(since < fire_time and (until is None or fire_time <= until) for since, until in ahead)
        if found[fire_time] != 1 and not (overtaken and not found[fire_time]):
            yield f"{fire_time} has {found[fire_time]} records"


def _edit_just_before(record: Record, edits: Sequence[datetime]) -> datetime | None:
    near = [edit for edit in edits if timedelta(0) <= record.fire_time - edit <= CLOCKS_AGREE_WITHIN]
    return max(near, default=None)


def executed_twice(evidence: Evidence) -> Iterator[str]:
    """No (run, attempt) has started twice, by what the tasks wrote."""
    starts: dict[tuple[UUID, int], list[Execution]] = defaultdict(list)
    for execution in evidence.executions:
        starts[execution.run, execution.attempt].append(execution)
    for (run, attempt), found in starts.items():
        if len(found) > 1:
            when = ", ".join(f"{_clock(each.started_at)} in process {each.pid}" for each in found)
            yield f"attempt {attempt} of run {run} was executed {len(found)} times: {when}"


def attempts_too_many(evidence: Evidence) -> Iterator[str]:
    """A further attempt follows one that failed, as the loss of a process of a pool does, or one that is rerun."""
    of_run = _by_run(evidence.executions)
    for record in evidence.records:
        spec = _spec(evidence, record)
        found = {each.attempt: each for each in of_run.get(record.id, [])}
        reruns = spec.on_lost is OnLost.RERUN
        most = max(spec.retry.attempts, MOST_LOST_ATTEMPTS if reruns else 1)
        if found and max(found) > most:
            yield f"run {record.id} made attempt {max(found)} of at most {most}"
        for number in found:
            before = found.get(number - 1)
            if before is not None and not before.failed and not _killed(evidence, before, whole=reruns):
                outcome = "was done" if before.ended_at else "had not failed"
                yield f"attempt {number} of run {record.id} was started, but attempt {number - 1} {outcome}"


def executed_as_edited(evidence: Evidence) -> Iterator[str]:
    """Each run was executed with the arguments of its version, however many edits came after."""
    of_run = _by_run(evidence.executions)
    for record in evidence.records:
        tag = _spec(evidence, record).kwargs["tag"]
        for execution in of_run.get(record.id, []):
            if execution.tag != tag:
                yield f"run {record.id} of version {record.version} was executed with tag {execution.tag}, not {tag}"


def stuck(evidence: Evidence) -> Iterator[str]:
    """Everything has come to an end."""
    for record in evidence.records:
        if record.state not in TERMINAL:
            name = evidence.names[record.schedule_id]
            yield f"run {record.id} of {name} at {record.fire_time} is still {record.state} (attempt {record.attempt})"


def ends_that_do_not_agree(evidence: Evidence) -> Iterator[str]:
    """The ledger says of each run what the tasks wrote; where it cannot know, a process was killed."""
    of_run = _by_run(evidence.executions)
    ids = {record.id for record in evidence.records}
    yield from (f"run {run} was executed and is not in the ledger" for run in of_run if run not in ids)
    for record in evidence.records:
        found = of_run.get(record.id, [])
        if wrong := _disagreement(evidence, record, found):
            yield f"run {record.id} of {evidence.names[record.schedule_id]} is {record.state}, {wrong}"


def _disagreement(evidence: Evidence, record: Record, found: Sequence[Execution]) -> str | None:
    last = max(found, key=lambda each: each.attempt, default=None)
    if record.state in _NEVER_RUN:
        return "but was executed" if found else None
    match record.state:
        case RunState.SUCCEEDED:
            done = last is not None and last.ended_at is not None and not last.failed
            return None if done else "but no task has written so"
        case RunState.FAILED:
            failed = last is not None and last.failed
            by_death = record.error_type is not None and "WorkerLost" in record.error_type
            excused = by_death and (last is None or _killed(evidence, last))
            return None if failed or excused else f"but no task has written so ({record.error_type}: {record.reason})"
        case RunState.LOST:
            return None if _worker_killed(evidence, record) else f"but its worker lives ({record.reason})"
        case RunState.CANCELLED:
            return f"and nobody asked for that ({record.reason})"
    return None


def overlaps(evidence: Evidence) -> Iterator[str]:
    """Where a schedule lets one run at a time, no two executions overlap."""
    of_run = _by_run(evidence.executions)
    exclusive: dict[UUID, list[Execution]] = defaultdict(list)
    for record in evidence.records:
        if _spec(evidence, record).overlap is not Overlap.ALLOW:
            exclusive[record.schedule_id] += of_run.get(record.id, [])
    for key, found in exclusive.items():
        for one, other in _at_once(found, limit=1):
            yield f"{evidence.names[key]}: runs {one.run} and {other.run} were executed at once"


def beyond_the_limit(evidence: Evidence) -> Iterator[str]:
    """Of the schedules with one concurrency key, no more are executed at once than the limit allows."""
    of_run = _by_run(evidence.executions)
    of_key: dict[tuple[str, int], list[Execution]] = defaultdict(list)
    for record in evidence.records:
        holds = _spec(evidence, record).concurrency
        if holds is not None:
            of_key[holds.key, holds.limit] += of_run.get(record.id, [])
    for (key, limit), found in of_key.items():
        for _, other in _at_once(found, limit=limit):
            yield f"{key!r}: more than {limit} at once with run {other.run} at {_clock(other.started_at)}"


def _at_once(found: Sequence[Execution], *, limit: int) -> Iterator[tuple[Execution, Execution]]:
    """Yield the executions that started while `limit` others went on, with one of these.

    One whose process was killed ended at some instant that nobody knows, and counts as a moment.
    """
    going: list[Execution] = []
    for execution in sorted(found, key=lambda each: each.started_at):
        going = [each for each in going if (each.ended_at or each.started_at) > execution.started_at]
        if len(going) >= limit:
            yield going[0], execution
        going.append(execution)


def _killed(evidence: Evidence, execution: Execution, *, whole: bool = True) -> bool:
    """Tell whether the process of an execution was killed later; without `whole`, it alone and not its worker."""
    return any(
        execution.pid in death.pids and death.at >= execution.started_at and (whole or not death.whole)
        for death in evidence.deaths
    )


def _worker_killed(evidence: Evidence, record: Record) -> bool:
    """Tell whether the worker of a run was killed after it had begun with it.

    Where a process was killed before it could say that it begins, the ledger does not know the worker: any may be it.
    """
    name = (record.worker or "").partition("@")[0]
    began = 0.0 if record.started_at is None else (record.started_at - CLOCKS_AGREE_WITHIN).timestamp()
    return any(name in {"", death.name} and death.at >= began for death in evidence.deaths)


def _by_run(executions: Iterable[Execution]) -> dict[UUID, list[Execution]]:
    found: dict[UUID, list[Execution]] = defaultdict(list)
    for execution in executions:
        found[execution.run].append(execution)
    return found


def _spec(evidence: Evidence, record: Record) -> ScheduleSpec:
    return next(each.spec for each in evidence.versions[record.schedule_id] if each.number == record.version)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
