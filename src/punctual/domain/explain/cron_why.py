"""Why a cron trigger does not fire at an instant: field by field."""

from datetime import datetime

from punctual.domain.explain.clock_changes import fraction_reason, pass_reason
from punctual.domain.explain.phrases import MONTHS, WEEKDAYS, date_words
from punctual.domain.triggers.cron import Cron
from punctual.domain.triggers.cron_days import WEEK, DayRule, month_shape
from punctual.domain.triggers.cron_expression import ALIASES, read_expression

_SECOND, _MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY, _YEAR = range(7)
_ALL_FIELDS = 7
_FIVE_FIELDS = 5


def cron_reasons(trigger: Cron, local: datetime) -> list[str]:
    """Return every reason why the trigger does not fire at this local time of its zone, from the year to the second.

    The local time is one at which it does not fire; its `fold` tells which pass of a repeated hour is meant.
    """
    rule = read_expression(trigger.expression, trigger.day_match, trigger.seed or "")
    written = _written(trigger.expression)
    reasons = [
        *_field_reason("year", local.year, str(local.year), rule.years, written[_YEAR]),
        *_field_reason("month", local.month, MONTHS[local.month], rule.months, written[_MONTH]),
        *_day_reasons(rule.days, local, written),
        *_field_reason("hour", local.hour, str(local.hour), rule.hours, written[_HOUR]),
        *_field_reason("minute", local.minute, str(local.minute), rule.minutes, written[_MINUTE]),
        *_field_reason("second", local.second, str(local.second), rule.seconds, written[_SECOND]),
    ]
    return [*reasons, *fraction_reason(local, "cron")] or [pass_reason(local)]


def _written(expression: str) -> list[str]:
    """Return the text of the seven fields, from seconds on."""
    texts = ALIASES.get(expression.strip().lower(), expression).split()
    if len(texts) == _FIVE_FIELDS:
        texts.insert(0, "0")
    return texts if len(texts) == _ALL_FIELDS else [*texts, "*"]


def _field_reason(name: str, number: int, shown: str, bits: int | None, written: str) -> list[str]:
    if bits is None or bits >> number & 1:
        return []
    return [f"{name} is {shown}, and the expression has {written}"]


def _day_reasons(rule: DayRule, local: datetime, written: list[str]) -> list[str]:
    """Return why the day does not match: each day field that is at fault."""
    shape = month_shape(local.year, local.month)
    if rule.days(local.year, local.month) >> local.day & 1:
        return []
    number = local.isoweekday() % WEEK
    reasons = []
    if not (
        rule.days_of_month >> local.day & 1 or any(item.days(*shape) >> local.day & 1 for item in rule.special_days)
    ):
        reasons.append(f"day {local.day} does not match {written[_DAY]}")
    special = any(item.days(*shape) >> local.day & 1 for item in rule.special_weekdays)
    if not (rule.weekdays >> number & 1 or special):
        which = WEEKDAYS[number] if not rule.special_weekdays else f"{WEEKDAYS[number]} {date_words(local)}"
        reasons.append(f"{which} is not in {written[_WEEKDAY]}")
    return [" and ".join(reasons) + ", and one of the two is needed"] if rule.either else reasons
