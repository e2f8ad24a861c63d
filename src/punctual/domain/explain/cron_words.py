"""A cron trigger in words."""

from functools import lru_cache

from punctual.domain.explain.clock_changes import knob_phrases
from punctual.domain.explain.cron_day_words import day_words
from punctual.domain.explain.cron_time_words import time_words
from punctual.domain.triggers.cron import Cron, clock_of
from punctual.domain.triggers.cron_days import DayMatch
from punctual.domain.triggers.cron_expression import read_expression


def cron_words(trigger: Cron) -> str:
    """Return what the expression means, with the zone, and with what its words do not tell of clock changes."""
    clock = clock_of(
        trigger.expression, trigger.timezone, trigger.day_match, trigger.on_gap, trigger.on_fold, trigger.seed
    )
    text, elapsed = _rule_words(trigger.expression, trigger.day_match, trigger.seed or "")
    return "; ".join([f"{text} in {trigger.timezone}", *knob_phrases(clock, elapsed=elapsed)])


@lru_cache(maxsize=4096)
def _rule_words(expression: str, day_match: DayMatch, seed: str) -> tuple[str, bool]:
    """Return the words for a rule, and whether they lead to expect that it follows elapsed time."""
    rule = read_expression(expression, day_match, seed)
    days = day_words(rule)
    time = time_words(rule, daily=days.daily)
    if not time.named:
        text = f"{time.text}{days.after}" if days.after else time.text.removesuffix(",")
    elif days.leads:
        text = f"{days.before}{',' if days.pause else ''} {time.text}"
    else:
        text = f"{time.text} {days.before}"
    return f"{text}," if days.pause and not text.endswith(time.text) else text, time.elapsed
