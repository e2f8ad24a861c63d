"""The rules of a calendar, of every kind, and the reading of them."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field

from punctual.domain.calendars.public_holidays import PublicHolidays
from punctual.domain.calendars.rule import RuleModel, closest, shown
from punctual.domain.calendars.rule_days import Dates, Yearly
from punctual.domain.calendars.rule_hours import Range, Weekly
from punctual.domain.calendars.rule_recurring import Recurring
from punctual.domain.errors import CalendarError

Rule = Dates | Range | Weekly | Yearly | PublicHolidays | Recurring

_KINDS: dict[str, type[Rule]] = {
    "dates": Dates,
    "range": Range,
    "weekly": Weekly,
    "yearly": Yearly,
    "holidays": PublicHolidays,
    "recurring": Recurring,
}


def _read_rule(value: object) -> object:
    """Return the rule that an object means, read by its kind alone, so that its faults do not name the kind."""
    if isinstance(value, RuleModel):
        return value
    if not isinstance(value, Mapping):
        raise CalendarError(
            message="a rule must be an object", fix='Write for example {"kind": "weekly", "days": "mon-fri"}.'
        )
    name = value.get("kind")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        meant = closest(name, _KINDS) if isinstance(name, str) else None
        fix = f'Did you mean "{meant}"?' if meant else f"Use one of {', '.join(_KINDS)}."
        message = f"{shown(name)} is no kind of rule" if name else "is required"
        raise CalendarError(message, fix=fix, field="kind")
    return kind.model_validate(value)


AnyRule = Annotated[Annotated[Rule, Field(discriminator="kind")], BeforeValidator(_read_rule)]
"""The type of a field that holds a rule of any kind."""
