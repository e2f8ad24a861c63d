"""The policies of a schedule in words, as far as they are not the default."""

from collections.abc import Iterator

from punctual.domain.explain.phrases import counted, listed
from punctual.domain.policies import OnLost, Overlap, Retry
from punctual.domain.schedule import ScheduleSpec
from punctual.domain.triggers.duration import write_duration

_OVERLAP = {
    Overlap.SKIP: "while a run has not ended, further ones are skipped",
    Overlap.BUFFER_ONE: "while a run has not ended, one further run waits for its end; the others are skipped",
    Overlap.BUFFER_ALL: "one run at a time; the others wait for their turn",
    Overlap.CANCEL_OTHER: "a new run cancels the one before it, and starts once that has ended",
    Overlap.TERMINATE_OTHER: "a new run starts at once, and the one before it is terminated",
}
_FEW = 5
_WHERE = "unless its worker has a pool of threads or solo"


def policy_words(spec: ScheduleSpec) -> Iterator[tuple[str, str]]:
    """Yield a policy's field and its meaning, such as `retry` and `up to 3 attempts, with pauses of 10s and 20s`."""
    if spec.overlap is not Overlap.ALLOW:
        yield "overlap", _OVERLAP[spec.overlap]
    if spec.concurrency is not None:
        yield "concurrency", f"at most {spec.concurrency.limit} at once with key {spec.concurrency.key!r}"
    if spec.retry.attempts > 1:
        yield "retry", _retry_words(spec.retry)
    if spec.timeout is not None:
        yield "timeout", f"an attempt is terminated after {write_duration(spec.timeout)}"
    if spec.expires is not None:
        yield "expires", f"a run that has not started {write_duration(spec.expires)} after its due time expires"
    if spec.pause_after_failures is not None:
        yield "pause_after_failures", f"paused after {counted(spec.pause_after_failures, 'failed run')} in a row"
    if spec.on_lost is OnLost.RERUN:
        yield "on_lost", "a run whose worker died is attempted again"
    yield from _message_words(spec)


def _message_words(spec: ScheduleSpec) -> Iterator[tuple[str, str]]:
    if spec.exchange is not None:
        yield "exchange", f"sent to the exchange {spec.exchange!r} with routing key {spec.routing_key!r}"
    elif spec.routing_key is not None:
        yield "routing_key", f"sent with routing key {spec.routing_key!r}"
    if spec.priority is not None:
        yield "priority", f"sent with priority {spec.priority}; RabbitMQ lets higher ones go first, Redis lower ones"
    if spec.headers:
        yield "headers", f"sent with {counted(len(spec.headers), 'header')} of its own: {listed(sorted(spec.headers))}"
    if spec.soft_time_limit is not None:
        length = write_duration(spec.soft_time_limit)
        yield "soft_time_limit", f"after {length} Celery raises SoftTimeLimitExceeded in it, {_WHERE}"
    if spec.time_limit is not None:
        yield "time_limit", f"after {write_duration(spec.time_limit)} Celery kills its process, {_WHERE}"


def _retry_words(retry: Retry) -> str:
    attempts = f"up to {retry.attempts} attempts"
    pauses = [write_duration(pause) for pause in map(retry.pause_after, range(1, retry.attempts)) if pause is not None]
    if len(set(pauses)) == 1:
        return f"{attempts}, {pauses[0]} after the last one failed"
    if len(pauses) < _FEW:
        return f"{attempts}, with pauses of {listed(pauses)}"
    return f"{attempts}, with pauses that grow from {pauses[0]} to {pauses[-1]}"
