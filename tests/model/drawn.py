"""What Hypothesis draws from: schedules that meet every policy, and changes of them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

T0 = datetime(2026, 1, 1, tzinfo=UTC)
CAUSES_OF_DEATH = st.sampled_from(
    [None] * 8
    + ["plan", "publish", "publish", "published", "published", "claim"]
    + ["overdue", "release", "released", "stop", "stopped"]
)
"""Where a node dies in a step; mostly it does not."""

STRAYS = st.sampled_from([None, None, None, "started", "succeeded", "failed"])
"""What a worker does with a message before its sender has noted it."""


def _triggers(slot: int) -> st.SearchStrategy[str]:
    """Rules whose fire times are those of no other slot: the order of two runs is then never left to chance."""
    return st.sampled_from(["every 10s", "every 10s", "every 20s", "every 60s", f"{slot} * * * * *"])


_KINDS: list[dict[str, st.SearchStrategy[Any]]] = [
    {
        "overlap": st.sampled_from(
            ["skip", "buffer_one", "buffer_all", "buffer_all", "cancel_other", "terminate_other", "allow"]
        ),
        "concurrency": st.sampled_from([None, None, {"key": "a", "limit": 1}, {"key": "a", "limit": 2}]),
        "expires": st.sampled_from([None, None, 35]),
        "timeout": st.sampled_from([None, 25]),
    },
    {
        "task": st.sampled_from(["tick", "tick", "tick", "lone", "nowhere"]),
        "args": st.sampled_from([[], [1]]),
        "retry": st.sampled_from([{}, {"attempts": 3, "delay": 7, "max_delay": 10}]),
        "timeout": st.sampled_from([None, 25]),
        "pause_after_failures": st.sampled_from([None, 1, 2]),
        "on_lost": st.sampled_from(["fail", "rerun"]),
    },
    {
        "catchup": st.fixed_dictionaries(
            {
                "policy": st.sampled_from(["none", "latest", "all", "all"]),
                "grace": st.sampled_from([0, 15, 60]),
                "window": st.sampled_from([30, 300, 86400]),
                "limit": st.sampled_from([1, 3, 100]),
            }
        ),
        "max_runs": st.sampled_from([None, None, 1, 4]),
        "jitter": st.sampled_from([0, 8]),
        "end_at": st.sampled_from([None, None, str(T0 + timedelta(minutes=5))]),
        "expires": st.sampled_from([None, 35]),
    },
]
"""Kinds of policies: how runs meet, how attempts end, which fire times run."""


@st.composite
def specs(draw: st.DrawFn, slot: int) -> dict[str, Any]:
    """Return the document of a schedule."""
    document = {"name": f"s{slot}", "trigger": draw(_triggers(slot)), "start_at": str(T0 + timedelta(seconds=slot))}
    return {"task": "tick", **document, **_policies(draw)}


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    """Return a patch of a schedule's document."""
    trigger = draw(st.sampled_from([None, None, "every 10s", "every 20s", "every 30s"]))
    patch = _policies(draw)
    return patch if trigger is None else {"trigger": trigger, **patch}


def _policies(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the policies of one kind or two, or none."""
    kinds = draw(st.lists(st.sampled_from([0, 1, 2]), unique=True, max_size=2))
    return {name: draw(strategy) for kind in kinds for name, strategy in _KINDS[kind].items()}
