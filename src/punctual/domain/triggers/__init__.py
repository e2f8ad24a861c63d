"""Triggers: the pure rules that give fire times."""

from punctual.domain.triggers.any_of import AnyOf, any_of
from punctual.domain.triggers.cron import Cron, cron
from punctual.domain.triggers.interval import Interval, every
from punctual.domain.triggers.once import Once, once
from punctual.domain.triggers.rrule import Rrule, rrule
from punctual.domain.triggers.solar import Solar, solar
from punctual.domain.triggers.text import AnyTrigger, Trigger, parse_trigger

__all__ = [
    "AnyOf",
    "AnyTrigger",
    "Cron",
    "Interval",
    "Once",
    "Rrule",
    "Solar",
    "Trigger",
    "any_of",
    "cron",
    "every",
    "once",
    "parse_trigger",
    "rrule",
    "solar",
]
