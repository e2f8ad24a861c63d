"""Who tells what becomes of a run, and what is therefore not promised of it."""

from enum import StrEnum


class Source(StrEnum):
    """Who told the state of a run: the worker plug-in, a Celery event, or the result backend of the Celery app."""

    PLUGIN = "plugin"
    EVENTS = "events"
    RESULT_BACKEND = "result_backend"


WITHOUT_PLUGIN = (Source.EVENTS, Source.RESULT_BACKEND)

_TWICE = "It may run more than once: a worker without the plug-in runs each message that the broker delivers."
_STOPPING = (
    "Its worker cannot be asked to let the task clean up; it can be terminated. "
    "An attempt that times out is terminated, and none follows."
)
_NOT_PROMISED = {
    Source.PLUGIN: (),
    Source.EVENTS: (
        _TWICE,
        "An event may be lost. An end that nobody heard of is looked up in the result backend, where there is one.",
        "That its worker has died is known from missing heartbeats only, a minute later.",
        _STOPPING,
        "Its result is what the event showed: the repr, cut where it is long.",
    ),
    Source.RESULT_BACKEND: (
        _TWICE,
        "It is looked up again and again: after some seconds, then ever more seldom, up to every two minutes.",
        "When it started, on which worker, and in which attempt may be unknown; its times are its worker's.",
        "That its worker has died is not noticed.",
        _STOPPING,
    ),
}
_NOTHING_HEARD = (
    "Nobody has told of it since it was sent: it waits in its queue.",
    (
        "Where its worker has no plug-in, sends no events (celery worker -E) and keeps no result that a scheduler can "
        "look up, nobody ever tells, and it stays queued."
    ),
)


def not_promised(source: Source | None, *, is_sent: bool) -> tuple[str, ...]:
    """Return, in sentences, what cannot be relied on; `is_sent` is a run whose message was sent and not begun."""
    if source is None:
        return _NOTHING_HEARD if is_sent else ()
    return _NOT_PROMISED[source]
