"""Triggers of every kind, for what holds for all of them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from punctual.domain.triggers import AnyTrigger, any_of, cron, every, once, rrule, solar
from punctual.domain.triggers.base import TriggerModel

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Etc/GMT+12",
]
EXPRESSIONS = [
    "* * * * *", "*/7 * * * * *", "*/15 9-17 * * mon-fri", "30 2 * * *", "0 0 29 2 *", "0 0 29 2 1", "0 0 L * *",
    "0 12 L-30 * *", "0 9 LW * ?", "0 9 1W * *", "0 0 * * 1#5", "59 59 23 31 12 ? 1999-2105/3", "0 0 13 * fri",
    "5/20 22-2 * nov-feb fri-mon", "@monthly", "0 0 1 1 * ", "0 0 0 1 1 ? 9999",
]  # fmt: skip
CRONS = st.builds(
    cron,
    st.sampled_from(EXPRESSIONS),
    st.sampled_from(ZONES),
    day_match=st.sampled_from(["or", "and"]),
    on_gap=st.sampled_from([None, "shift", "skip"]),
    on_fold=st.sampled_from([None, "first", "second", "both"]),
)
ALL_INSTANTS = st.datetimes(timezones=st.just(UTC))
EDGES = st.sampled_from([datetime.min, datetime.max, datetime(1, 1, 2), datetime(9999, 12, 31)]).map(  # noqa: DTZ001, DTZ901 - given a zone here
    lambda edge: edge.replace(tzinfo=UTC)
)
RECENT = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds
INSTANTS = ALL_INSTANTS | EDGES | RECENT
LENGTHS = st.timedeltas(timedelta(seconds=1), timedelta(days=3653)) | st.integers(1, 100_000).map(
    lambda seconds: timedelta(seconds=seconds)
)
INTERVALS = st.builds(lambda length, anchor: every(length, anchor=anchor), LENGTHS, st.none() | INSTANTS)
LOCAL_TIMES = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1))  # noqa: DTZ001 - hypothesis wants naive bounds
ONCES = st.builds(once, LOCAL_TIMES | ALL_INSTANTS, st.sampled_from([*ZONES[:5], ZONES[6]]))
SETS = [
    "RRULE:FREQ=MONTHLY;BYDAY=-1FR", "DTSTART:20260105T023000 RRULE:FREQ=DAILY;INTERVAL=3 EXDATE:20260108T023000",
    "DTSTART:20200229T120000 RRULE:FREQ=YEARLY RDATE:20210101T000000", "FREQ=HOURLY;INTERVAL=5;BYDAY=MO,WE",
    "DTSTART:20260101T000000 RRULE:FREQ=SECONDLY;INTERVAL=7 RRULE:FREQ=WEEKLY;COUNT=9;BYHOUR=2,3;BYMINUTE=15",
]  # fmt: skip
RRULES = st.builds(
    rrule,
    st.sampled_from(SETS),
    st.sampled_from(ZONES),
    st.sampled_from([None, "shift", "skip"]),
    st.sampled_from([None, "first", "second", "both"]),
)
SOLARS = st.builds(
    solar,
    st.sampled_from(["sunrise", "sunset", "solar_noon", "dusk_civil", "dawn_astronomical"]),
    st.floats(-70, 70),
    st.floats(-180, 180),
    st.sampled_from(ZONES),
)
HASHED = st.builds(
    lambda expression, zone, seed: cron(expression, zone).identified(seed),
    st.sampled_from(
        ["H H * * *", "H/15 * * * *", "H H(2-4) * * H", "H H H * * H", "0 0 31 H *", "H(10-20) 0 H(1-7) * *"]
    ),
    st.sampled_from(ZONES),
    st.text(max_size=12),
)
KINDS: dict[str, st.SearchStrategy[AnyTrigger]] = {
    "cron": CRONS,
    "cron with H": HASHED,
    "interval": INTERVALS,
    "once": ONCES,
    "rrule": RRULES,
    "solar": SOLARS,
}
SINGLES: st.SearchStrategy[Any] = st.one_of(*KINDS.values())
KINDS["any_of"] = st.lists(SINGLES, min_size=2, max_size=4).map(lambda triggers: any_of(*triggers))


def forward(trigger: TriggerModel, start: datetime) -> Iterator[datetime]:
    """The fire times after an instant, one by one."""
    following = trigger.next_after(start)
    while following is not None:
        yield following
        following = trigger.next_after(following)
