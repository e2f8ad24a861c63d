"""A few triggers of each kind with all that a process says of them, to compare processes by."""

from datetime import UTC, datetime
from itertools import islice

from property.oracles.kinds import forward
from punctual.domain.triggers import parse_trigger

FIRE_TIMES = 6
SEED = "0b5f8d0e-nightly"
START = datetime(2026, 3, 28, 22, 15, tzinfo=UTC)
TEXTS = [
    "30 2 * * * Europe/Berlin",
    "*/20 * * * * Australia/Lord_Howe on_fold=both",
    "H H * * * America/New_York",
    "H/7 H(1-4) H * H day_match=and",
    "0 H H 31 H *",
    "0 0 13 * fri | H * * * * | every 90m",
    "every 1h7m",
    "2027-01-01T00:30 Asia/Kolkata",
    "RRULE:FREQ=MONTHLY;BYDAY=-1FR,1MO;BYHOUR=9,17 Europe/Berlin",
    "DTSTART:20260101T000000 RRULE:FREQ=HOURLY;INTERVAL=5;COUNT=900 EXDATE:20260329T030000 Africa/Casablanca",
    "sunset at 52.52,13.41 Europe/Berlin",
]


Answer = tuple[str, str, list[str]]
"""A text, its trigger as JSON, and its fire times."""


def answers() -> list[Answer]:
    """What this process says of each text, bound to one anchor and one identity."""
    found: list[Answer] = []
    for text in TEXTS:
        trigger = parse_trigger(text).anchored(START).identified(SEED)
        instants = [each.isoformat() for each in islice(forward(trigger, START), FIRE_TIMES)]
        found.append((text, trigger.model_dump_json(), instants))
    return found
