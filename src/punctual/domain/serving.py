"""Whether anybody would run a task: told before its schedule fires, and while its run waits."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Unserved:
    """Why no worker that Punctual knows would run a task, and what to do; `code` never changes between releases."""

    code: str
    message: str
    fix: str


@dataclass(frozen=True, slots=True)
class Serving:
    """What the living workers with the plug-in serve.

    `queues_of` has, by the task, all queues of the workers that serve it; `consumed` the queues of all workers;
    `elsewhere` the queues that others consume too, workers that are not known. `goes_to` has, by the task, where the
    app's routing sends it, as far as that is certain. `others` is whether any worker lives that has not the plug-in.
    """

    any_worker: bool
    queues_of: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    consumed: AbstractSet[str] = frozenset()
    elsewhere: AbstractSet[str] = frozenset()
    goes_to: Mapping[str, str] = field(default_factory=dict)
    others: bool = False

    def unserved(self, task: str, queue: str | None, *, exchange: str | None = None) -> list[Unserved]:
        """Return why nobody would run a task that is sent to a queue, or where the app's routing sends it.

        Nothing is said where workers without the plug-in may do it; and an exchange knows alone which queues it feeds.
        """
        target = None if exchange else queue or self.goes_to.get(task)
        if self.others or target in self.elsewhere:
            return []
        if not self.any_worker:
            return [_NO_WORKER]
        served_from = self.queues_of.get(task, frozenset())
        found = [] if served_from else [_no_task(task)]
        if target is not None and target not in self.consumed:
            found.append(_no_consumer(target, named=queue is not None))
        elif target is not None and served_from and target not in served_from:
            found.append(_other_queue(task, target, served_from))
        return found


_NO_WORKER = Unserved(
    "no_worker",
    "No worker with the plug-in is alive, so whether anybody runs its task is not known.",
    "Start one: celery -A your.app worker, or punctual worker. Workers without the plug-in run tasks all the same.",
)


def _no_task(task: str) -> Unserved:
    return Unserved(
        "task_not_served",
        f"No living worker serves the task {task}.",
        "Start a worker whose app has it, or correct the task's name.",
    )


def _no_consumer(queue: str, *, named: bool) -> Unserved:
    where = "which it names" if named else "where the app's routing sends it"
    return Unserved(
        "queue_not_consumed",
        f"No living worker consumes the queue {queue}, {where}.",
        f"Start a worker with -Q {queue}, or choose another queue.",
    )


def _other_queue(task: str, queue: str, served_from: AbstractSet[str]) -> Unserved:
    return Unserved(
        "task_not_on_queue",
        f"The workers that consume the queue {queue} do not serve the task {task}: they would refuse it.",
        f"Choose a queue of the workers that serve it: {', '.join(sorted(served_from))}.",
    )
