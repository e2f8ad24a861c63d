"""The metrics that Prometheus collects: what has ended, by task and by schedule, and how all that runs is doing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from punctual.domain.clock import Clock
from punctual.domain.processes import ALIVE_FOR, Node, Worker
from punctual.domain.queues import Queue
from punctual.domain.run import RunState
from punctual.domain.schedule import ScheduleState
from punctual.domain.tally import BOUNDS, Counts
from punctual.store import census, nodes, queues, totals, workers
from punctual.store.database import Database
from punctual.store.totals import Total

_OPEN = (RunState.BUFFERED, RunState.PENDING, RunState.QUEUED, RunState.RUNNING, RunState.RETRYING)
_MEASURES = {
    "lateness": ("lateness_seconds", "How long after its due time a run was sent, where it needed one attempt."),
    "queue_wait": ("queue_wait_seconds", "How long a run waited for a worker, where it needed one attempt."),
    "run_time": ("time_seconds", "How long the last attempt of a run took."),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one answer is made of, read at once."""

    now: datetime
    tasks: Sequence[Total] = ()
    schedules: Sequence[Total] = ()
    left_out: int = 0
    schedules_by_state: Mapping[str, int] = field(default_factory=dict)
    open_runs: Mapping[str, int] = field(default_factory=dict)
    nodes: Sequence[Node] = ()
    workers: Sequence[Worker] = ()
    queues: Sequence[Queue] = ()


class Metrics:
    """Reads everything from the database, so that any server tells the same, and no process keeps counts of its own.

    Of schedules, those whose runs ended last are told one by one, at most so many; tasks are told all.
    """

    def __init__(self, database: Database, clock: Clock, *, schedules: int) -> None:
        """Read this database, by this time; `schedules` are told one by one at most."""
        self._database = database
        self._clock = clock
        self._schedules = schedules

    def answer(self, accept: str) -> tuple[bytes, str]:
        """Return the metrics in a text format that an Accept header takes, and its media type.

        Raises DatabaseUnavailableError.
        """
        registry = CollectorRegistry(auto_describe=False)
        found = list(families(self._read()))
        registry.register(_Collected(lambda: found))
        encode, media_type = choose_encoder(accept)
        return encode(registry), media_type

    def _read(self) -> Facts:
        now = self._clock.now()
        since = now - ALIVE_FOR
        with self._database.read() as tx:
            told, left_out = totals.of_schedules(tx, self._schedules) if self._schedules else ([], 0)
            return Facts(
                now=now,
                tasks=totals.of_tasks(tx),
                schedules=told,
                left_out=left_out,
                schedules_by_state=census.schedules_by_state(tx),
                open_runs=census.open_runs_by_state(tx),
                nodes=[node for node in nodes.list_all(tx) if node.seen_at >= since],
                workers=[worker for worker in workers.list_all(tx) if worker.plugin and worker.seen_at >= since],
                queues=queues.list_all(tx),
            )


@dataclass(frozen=True, slots=True)
class _Collected:
    """What prometheus_client asks for metrics."""

    collect: Callable[[], Sequence[Metric]]


def families(facts: Facts) -> Iterator[Metric]:
    """Yield all metrics."""
    yield _gauge("punctual_server_info", "The release of this server.", ["version"], [([version("punctual")], 1)])
    yield from _totals("punctual", ["task"], facts.tasks, "task")
    yield from _totals("punctual_schedule", ["schedule", "task"], facts.schedules, "schedule")
    yield _gauge(
        "punctual_schedules_left_out",
        "Schedules with runs that are not told one by one, by PUNCTUAL_METRICS_SCHEDULES.",
        [],
        [([], facts.left_out)],
    )
    schedules = [([state.value], facts.schedules_by_state.get(state, 0)) for state in ScheduleState]
    yield _gauge("punctual_schedules", "Schedules by state.", ["state"], schedules)
    waiting = [([state.value], facts.open_runs.get(state, 0)) for state in _OPEN]
    yield _gauge("punctual_runs_open", "Runs that have not ended, by state.", ["state"], waiting)
    yield from _of_nodes(facts.nodes)
    yield from _of_workers(facts.workers)
    yield from _of_queues(facts.queues, facts.now)


def _totals(prefix: str, labels: list[str], totals: Sequence[Total], what: str) -> Iterator[Metric]:
    by_state = [*labels, "state"]
    ended = CounterMetricFamily(f"{prefix}_runs_ended", f"Runs that ended, by {what} and state.", labels=by_state)
    times = {
        measure: HistogramMetricFamily(
            f"{prefix}_run_{name}", text, labels=by_state if measure == "run_time" else labels
        )
        for measure, (name, text) in _MEASURES.items()
    }
    for total in totals:
        names = [total.task] if total.schedule is None else [total.schedule, total.task]
        every = Counts()
        for state, counts in total.by_state.items():
            ended.add_metric([*names, state], counts.numbers["ended"])
            every.add_all(counts.numbers, None)
            _observe(times["run_time"], [*names, state], counts, "run_time")
        for measure in ("lateness", "queue_wait"):
            _observe(times[measure], names, every, measure)
    yield ended
    yield from times.values()


def _observe(family: HistogramMetricFamily, labels: list[str], counts: Counts, measure: str) -> None:
    """Add a histogram, whose buckets hold all that is up to their bound; what was never measured is left out."""
    total, buckets = 0.0, []
    for number, bound in enumerate([*map(repr, BOUNDS), "+Inf"]):
        total += counts.numbers[f"{measure}_{number}"]
        buckets.append((bound, total))
    if total:
        family.add_metric(labels, buckets, counts.numbers[f"{measure}_sum"])


def _of_nodes(living: Sequence[Node]) -> Iterator[Metric]:
    names = [[f"{node.host}:{node.pid}"] for node in living]

    def each(name: str, text: str, value: Callable[[Node], float]) -> Metric:
        samples = [(labels, value(node)) for labels, node in zip(names, living, strict=True)]
        return _gauge(f"punctual_node_{name}", text, ["node"], samples)

    yield _gauge("punctual_nodes", "Nodes that live.", [], [([], len(living))])
    yield each("lag_seconds", "How late a node sent what was due last.", lambda node: node.lag)
    yield each("sent_per_second", "Runs that a node sends, over half a minute.", lambda node: node.sent_per_second)
    yield each("busy_ratio", "Share of half a minute that a node worked.", lambda node: node.busy)
    yield each("clock_offset_seconds", "How far its clock is ahead of the database's.", lambda node: node.clock_offset)
    yield each("fires", "1 while a node can fire, 0 while it cannot.", lambda node: node.database_error is None)
    yield each("sends", "1 while a node can send, 0 while it cannot.", lambda node: node.broker_error is None)


def _of_workers(living: Sequence[Worker]) -> Iterator[Metric]:
    def gauge(name: str, text: str, value: Callable[[Worker], float]) -> Metric:
        return _gauge(f"punctual_worker_{name}", text, ["worker"], [([each.name], value(each)) for each in living])

    def counter(name: str, text: str, value: Callable[[Worker], float]) -> Metric:
        family = CounterMetricFamily(f"punctual_worker_{name}", text, labels=["worker"])
        for each in living:
            family.add_metric([each.name], value(each))
        return family

    yield _gauge("punctual_workers", "Workers with the plug-in that live.", [], [([], len(living))])
    yield gauge("active", "Tasks that a worker runs.", lambda worker: worker.active)
    yield gauge("reserved", "Tasks that wait in a worker.", lambda worker: worker.reserved)
    yield gauge("concurrency", "Tasks that a worker can run at once.", lambda worker: worker.concurrency)
    yield gauge("records_waiting", "Records that wait for the database.", lambda worker: worker.records_waiting)
    yield counter("tasks_begun", "Tasks that a worker has begun since it started.", lambda worker: worker.processed)
    yield counter("starts_refused", "Second starts that the gate has refused.", lambda worker: worker.refused)
    yield counter("records_dropped", "Records that were given up.", lambda worker: worker.records_dropped)


def _of_queues(known: Sequence[Queue], now: datetime) -> Iterator[Metric]:
    def each(name: str, text: str, value: Callable[[Queue], float | None]) -> Metric:
        samples = [([queue.name], found) for queue in known if (found := value(queue)) is not None]
        return _gauge(f"punctual_queue_{name}", text, ["queue"], samples)

    yield each("messages", "Messages that wait in the broker.", lambda queue: queue.messages)
    yield each("consumers", "Consumers, where the broker tells.", lambda queue: queue.consumers)
    yield each(
        "oldest_seconds",
        "How long that run has waited which has waited longest for a worker; 0: none waits.",
        lambda queue: 0.0 if queue.oldest_at is None else (now - queue.oldest_at).total_seconds(),
    )
    yield each(
        "measured_seconds",
        "How long ago a queue was measured.",
        lambda queue: (now - queue.measured_at).total_seconds(),
    )


def _gauge(name: str, text: str, labels: list[str], samples: Sequence[tuple[list[str], float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, sample in samples:
        family.add_metric(values, sample)
    return family
