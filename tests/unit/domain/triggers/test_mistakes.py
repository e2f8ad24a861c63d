"""The mistakes that people make most: each is told with its place and what is likely meant."""

from datetime import UTC, datetime

import pytest

from punctual.domain.errors import TriggerError
from punctual.domain.triggers import parse_trigger

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MISTAKES = [
    # text, field, the place at fault, what was expected, what is likely meant
    ("0 25 * * *", "expression", 2, "hour must be 0\u201323, got 25", "Use a number from 0 to 23."),
    ("*/0 * * * *", "expression", 2, "step of minute must be 1\u201359, got 0", 'To match every one, write "*"'),
    ("*/70 * * * *", "expression", 2, "step of minute must be 1\u201359, got 70", 'write "0"'),
    ("60 * * * *", "expression", 0, "minute must be 0\u201359, got 60", "The full hour is minute 0."),
    ("0 24 * * *", "expression", 2, "hour must be 0\u201323, got 24", "Midnight is hour 0."),
    ("0 0 * * 8", "expression", 8, "day of week must be 0\u20137, got 8", "Use a number from 0 to 7."),
    ("0 0 31 2 *", "expression", 4, "day of month 31 never comes in month 2", '"L" is the last day of any month'),
    ("@dialy", "expression", 0, "is no alias", 'Did you mean "@daily"?'),
    ("daily", "", 0, "is no trigger", 'Did you mean "@daily"?'),
    ("@every 5m", "expression", 0, "is no alias", 'Write "every 5m", without "@".'),
    ("every 5 mintues", "every", 8, 'unknown unit "mintues"', 'Did you mean "minutes"?'),
    ("every day at 9", "every", 6, "is no length of time", '"0 9 * * *" is every day'),
    ("every 1h30", "every", 8, "has no unit", '"30m"'),
    ("every 0s", "every", 6, "between 1 second and 10 years, got 0s", '"90s"'),
    ("5m", "", 0, "is no trigger", 'Did you mean "every 5m"?'),
    ("5", "", 0, "is no trigger", '"every 5m"'),
    ("*/5", "", 0, "is no trigger", 'Did you mean "*/5 * * * *"?'),
    ("9:30", "", 0, "is no trigger", 'Did you mean "30 9 * * *", every day at 09:30?'),
    ("0 9 * * mo-fr", "expression", 8, '"mo" is no day of week', 'Did you mean "mon"?'),
    ("0 9 * * mon - fri", "expression", 8, "", 'did you mean "0 9 * * mon-fri"?'),
    ("0,  30 * * * *", "expression", 2, "", 'did you mean "0,30 * * * *"?'),
    ("0 9 * * 1\u20135", "expression", 9, "unexpected", 'Did you mean "1-5", with a plain dash?'),
    ("0 0 * jan-13 *", "expression", 10, "month must be 1\u201312, got 13", "Use a number from 1 to 12."),
    ("0 9 * * *;", "expression", 9, 'unexpected ";" in day of week', "forms like"),
    ("2026-13-01T00:00", "at", 5, "month must be 1\u201312, got 13", 'did you mean "2026-01-13T00:00"?'),
    ("2026-02-30T10:00", "at", 8, "day must be 1\u201328 in 2026-02, got 30", "exist"),
    ("2026-12-24T24:00", "at", 11, "hour must be 0\u201323, got 24", "Midnight is 00:00 of the next day."),
    ("2026-12-24", "at", 10, "has no time of day", '"2026-12-24T00:00"'),
    ("24.12.2026 18:00", "", 0, "is no trigger", "Write the year first"),
    ("0 2 * * * Europe/Berln", "timezone", 10, "unknown time zone", 'Did you mean "Europe/Berlin"?'),
    ("0 2 * * * utc", "timezone", 10, "unknown time zone", 'Did you mean "UTC"?'),
    ("CRON_TZ=Asia/Tokyo 0 2 * * *", "", 0, "unknown option", "last, by its name alone: Asia/Tokyo."),
    ("0 2 * *", "expression", 7, "has 5 fields (minute, hour, day of month, month, day of week)", '"0 2 * * *"'),
    ("0 0 2 * * * 2026 7", "expression", 17, "this has 8", "Remove what is too much"),
    ("*/5 * * * * /usr/bin/backup", "expression", 13, "", 'Did you mean "*/5 * * * *"?'),
    ("“0 2 * * *”", "", 0, "is no trigger", "Leave out the quotes: 0 2 * * *"),
    ("cron(0 2 * * ? *)", "", 0, "is no trigger", 'did you mean "0 2 * * ?"?'),
    ("rate(5 minutes)", "", 0, "is no trigger", 'Did you mean "every 5 minutes"?'),
    ("RRULE:FREQ=MONTLY", "expression", 11, "expected YEARLY, MONTHLY", "Did you mean MONTHLY?"),
    ("RRULE:FREQ=WEEKLY;BYDAY=MON", "expression", 24, "is no weekday", "Did you mean MO?"),
    ("sunset", "", 0, "is no trigger", "Add the place"),
    ("sunste at 52.52,13.41", "event", 0, "is no solar event", 'Did you mean "sunset"?'),
    ("sunset at 52.52,213", "longitude", 16, "from -180 to 180", "52.52,13.41"),
    ("@daily | every 5 mintues", "triggers[1].every", 17, "unknown unit", 'Did you mean "minutes"?'),
]


@pytest.mark.parametrize(("text", "field", "position", "expected", "meant"), MISTAKES)
def test_a_common_mistake_is_told_with_its_place_and_what_is_likely_meant(
    text: str, field: str, position: int, expected: str, meant: str
) -> None:
    with pytest.raises(TriggerError) as caught:
        parse_trigger(text)
    error = caught.value
    assert (error.field, error.position, error.text) == (field, position, text)
    assert expected in error.message
    assert meant in error.fix


@pytest.mark.parametrize(
    ("text", "as_read"),
    [
        ("0 2 * * *\r\n", "0 2 * * *"),
        ("0\u00a02 * * *", "0 2 * * *"),
        ("0 0 12 ? * MON-FRI *", "0 0 12 ? * MON-FRI *"),
        ("0 9 * * Monday-Friday", "0 9 * * mon-fri"),
        ("2026-12-24 18:00", "2026-12-24T18:00"),
    ],
)
def test_what_is_no_mistake_is_read(text: str, as_read: str) -> None:
    after = parse_trigger(as_read)
    assert parse_trigger(text).next_after(NOON) == after.next_after(NOON)
