"""Who tells what becomes of a run, and what is therefore not promised of it."""

from enum import StrEnum


class Source(StrEnum):
    """Who told the state of a run: the worker plug-in, a Celery event, or the result backend of the Celery app."""

    PLUGIN = "plugin"
    EVENTS = "events"
    RESULT_BACKEND = "result_backend"


WITHOUT_PLUGIN = (Source.EVENTS, Source.RESULT_BACKEND)

_TWICE = "Without the plug-in its task may run more than once."
_STOPPING = "It can be terminated, but not asked to clean up; after a timeout no further attempt follows."
_WHILE_OPEN = {
    Source.EVENTS: (
        _TWICE,
        "An event may be lost; its end is then looked up in the result backend, where there is one.",
        "A worker that dies is noticed after a minute without heartbeats.",
        _STOPPING,
    ),
    Source.RESULT_BACKEND: (
        _TWICE,
        "Its result is looked up ever more seldom, up to every two minutes.",
        "A worker that dies is not noticed.",
        _STOPPING,
    ),
}
_WHEN_OVER = {
    Source.EVENTS: (_TWICE,),
    Source.RESULT_BACKEND: (
        _TWICE,
        "Its start, its worker and its attempt may be unknown; its end is by the worker's clock.",
    ),
}
_OF_RESULTS = {Source.EVENTS: "Its result is what the event showed: a repr, cut where it is long."}
_NOTHING_HEARD = (
    "Nobody has told of it since it was sent: it waits in its queue.",
    (
        "Where its worker has no plug-in, sends no events (celery worker -E) and keeps no result that a scheduler can "
        "look up, nobody ever tells, and it stays queued."
    ),
)


def not_promised(
    source: Source | None, *, is_sent: bool = False, is_over: bool = False, has_result: bool = False
) -> list[str]:
    """Return, in sentences, what cannot be relied on; `is_sent` is a run whose message was sent and not begun."""
    if source is None:
        return list(_NOTHING_HEARD) if is_sent else []
    sentences = list((_WHEN_OVER if is_over else _WHILE_OPEN).get(source, ()))
    if has_result and source in _OF_RESULTS:
        sentences.append(_OF_RESULTS[source])
    return sentences
