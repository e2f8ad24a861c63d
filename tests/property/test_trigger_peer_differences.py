"""Where cronsim and croniter differ from us: what, theirs, ours, and why. All else is the same (test_trigger_peers.py).

Both sides are asserted, so a row that a new version of theirs makes untrue is seen. Fire times are in UTC, two of each;
an error is `ERROR`.
"""

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from croniter import CroniterError, croniter
from cronsim import CronSim, CronSimError

from property.oracles.kinds import forward
from punctual.domain.errors import TriggerError
from punctual.domain.triggers import cron

Answer = list[str]
ERROR = ["ERROR"]
Row = tuple[str, str, str, Answer, Answer, Answer, str]

NEW_YEAR = "2026-01-01T00:00"
GRAMMAR: list[Row] = [
    # expression, zone, after, cronsim's, croniter's, ours, why ours
    ("0 22-2 * * *", "UTC", NEW_YEAR, ERROR, ["2026-01-01T01:00", "2026-01-01T02:00"],
     ["2026-01-01T01:00", "2026-01-01T02:00"], "a night is a range of hours: ranges wrap"),
    ("0 0 * * fri-mon", "UTC", NEW_YEAR, ERROR, ["2026-01-02T00:00", "2026-01-03T00:00"],
     ["2026-01-02T00:00", "2026-01-03T00:00"], "and so is a long weekend"),
    ("0 0 * * monday", "UTC", NEW_YEAR, ERROR, ERROR, ["2026-01-05T00:00", "2026-01-12T00:00"],
     "full names are plain, and Celery's crontab takes them"),
    ("@daily", "UTC", NEW_YEAR, ERROR, ["2026-01-02T00:00", "2026-01-03T00:00"],
     ["2026-01-02T00:00", "2026-01-03T00:00"], "Vixie cron's aliases"),
    ("0 0 ? * 1", "UTC", NEW_YEAR, ERROR, ["2026-01-05T00:00", "2026-01-12T00:00"],
     ["2026-01-05T00:00", "2026-01-12T00:00"], "Quartz writes ? for a day field that does not matter"),
    ("0 0 L-3 * *", "UTC", NEW_YEAR, ERROR, ERROR, ["2026-01-28T00:00", "2026-02-25T00:00"],
     "Quartz: three days before the last"),
    ("0 0 15W * *", "UTC", NEW_YEAR, ERROR, ["2026-01-15T00:00", "2026-02-16T00:00"],
     ["2026-01-15T00:00", "2026-02-16T00:00"], "Quartz: the workday nearest to the 15th"),
    ("0 0 LW * *", "UTC", NEW_YEAR, ["2026-01-30T00:00", "2026-02-27T00:00"], ERROR,
     ["2026-01-30T00:00", "2026-02-27T00:00"], "Quartz: the last workday"),
    ("0 0 * * 5L", "UTC", NEW_YEAR, ["2026-01-30T00:00", "2026-02-27T00:00"], ERROR,
     ["2026-01-30T00:00", "2026-02-27T00:00"], "Quartz and cronsim write the day first"),
    ("0 0 * * L5", "UTC", NEW_YEAR, ERROR, ["2026-01-30T00:00", "2026-02-27T00:00"], ERROR,
     "one spelling is enough; the error names the other"),
    ("30 0 2 * * *", "UTC", NEW_YEAR, ["2026-01-01T02:00:30", "2026-01-02T02:00:30"],
     ["2026-01-02T00:30", "2026-01-02T00:30:01"], ["2026-01-01T02:00:30", "2026-01-02T02:00:30"],
     "seconds stand first, as in Quartz and Spring; croniter has them last unless told"),
    ("0 0 0 1 1 ? 2030", "UTC", NEW_YEAR, ERROR, ERROR, ["2030-01-01T00:00"], "a year ends a schedule"),
    ("H(7-7) H(3-3) * * *", "UTC", NEW_YEAR, ERROR, ERROR, ["2026-01-01T03:07", "2026-01-02T03:07"],
     "a schedule's identity spreads the load; croniter asks for a hash_id"),
    ("*/70 * * * *", "UTC", NEW_YEAR, ["2026-01-01T01:00", "2026-01-01T02:00"],
     ["2026-01-01T01:00", "2026-01-01T02:00"], ERROR, "who writes it expects every 70 minutes, and would get every 60"),
    ("0 0 30 2 *", "UTC", NEW_YEAR, ERROR, ERROR, ERROR, "all refuse it; croniter only when asked for a fire time"),
    ("0 0 */10 * 4", "UTC", NEW_YEAR, ["2026-05-21T00:00", "2026-06-11T00:00"],
     ["2026-01-08T00:00", "2026-01-11T00:00"], ["2026-05-21T00:00", "2026-06-11T00:00"],
     "Debian cron: a day field that starts with * is a star, so both fields must match"),
]  # fmt: skip
CLOCK_CHANGES: list[Row] = [
    ("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", ["2026-10-25T00:30", "2026-10-26T01:30"],
     ["2026-10-25T00:30", "2026-10-25T01:30"], ["2026-10-25T00:30", "2026-10-26T01:30"],
     "Debian cron: a fixed time runs once in a repeated hour"),
    ("*/20 2 * * *", "Europe/Berlin", "2026-03-28T12:00", ["2026-03-30T00:00", "2026-03-30T00:20"],
     ["2026-03-29T01:00", "2026-03-30T00:00"], ["2026-03-30T00:00", "2026-03-30T00:20"],
     "Debian cron: with * nothing is made up for; that hour did not come"),
    ("30 2 * * *", "Europe/Berlin", "2026-10-25T01:05", ["2026-10-25T00:30", "2026-10-26T01:30"],
     ["2026-10-25T01:30", "2026-10-26T01:30"], ["2026-10-26T01:30", "2026-10-27T01:30"],
     "the next fire time is later: from the second pass cronsim goes back to the first"),
    ("45 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00", ["2026-04-04T14:45", "2026-04-04T16:15"],
     ["2026-04-04T14:45", "2026-04-04T15:15"], ["2026-04-04T14:45", "2026-04-04T15:15"],
     "with * elapsed time counts; cronsim loses the second 01:45 of a half-hour change"),
    ("*/30 */2 * * 0", "America/Sao_Paulo", "2018-11-04T00:42", ["2018-11-04T03:00", "2018-11-04T04:00"],
     ["2018-11-04T03:00", "2018-11-04T04:00"], ["2018-11-04T04:00", "2018-11-04T04:30"],
     "the end of a gap at midnight: 03:00Z is 01:00, which */2 does not have"),
    ("0 12 * * *", "Pacific/Apia", "2011-12-30T00:00", ["2011-12-30T10:00", "2011-12-30T22:00"],
     ["2011-12-30T10:00", "2011-12-30T22:00"], ["2011-12-30T22:00", "2011-12-31T22:00"],
     "2011-12-30 does not exist: a daily job would run at midnight and at noon of the 31st"),
    ("0 12 30 * *", "Pacific/Apia", "2011-12-01T00:00", ["2011-12-30T10:00", "2012-01-29T22:00"],
     ["2011-12-30T10:00", "2012-01-29T22:00"], ["2012-01-29T22:00", "2012-03-29T22:00"],
     "and a job for the 30th would run on the 31st"),
]  # fmt: skip


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "timezone", "after", "cronsims", "croniters", "ours", "why"), [*GRAMMAR, *CLOCK_CHANGES]
)
def test_a_difference_is_the_listed_one(
    expression: str, timezone: str, after: str, cronsims: Answer, croniters: Answer, ours: Answer, why: str
) -> None:
    assert why
    start = instant(after)
    local = start.astimezone(ZoneInfo(timezone))
    assert of_cronsim(expression, local) == expected(cronsims)
    assert of_croniter(expression, local) == expected(croniters)
    assert of_ours(expression, timezone, start) == expected(ours)


def expected(answer: Answer) -> list[datetime] | None:
    return None if answer == ERROR else [instant(each) for each in answer]


def of_cronsim(expression: str, local: datetime) -> list[datetime] | None:
    try:
        return [each.astimezone(UTC) for each in islice(CronSim(expression, local), 2)]
    except CronSimError:
        return None


def of_croniter(expression: str, local: datetime) -> list[datetime] | None:
    try:
        iterator = croniter(expression, local)
        return [iterator.get_next(datetime).astimezone(UTC) for _ in range(2)]
    except CroniterError:
        return None


def of_ours(expression: str, timezone: str, start: datetime) -> list[datetime] | None:
    try:
        return list(islice(forward(cron(expression, timezone), start), 2))
    except TriggerError:
        return None
