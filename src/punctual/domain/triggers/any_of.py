"""The union of several triggers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.base import TriggerModel, built
from punctual.domain.triggers.rrule import LONGEST_SET_TEXT, Rrule
from punctual.domain.triggers.rrule_text import MOST_RULES, read_set
from punctual.domain.triggers.single import AnySingle, Single, parse_single

SEPARATOR = "|"
FEWEST = 2
MOST = 20
LONGEST_UNION_TEXT = MOST * (LONGEST_SET_TEXT + 3)
"""Characters: room for the most triggers with the longest texts."""

_NOT_IN_TEXT = {"text", "anchor", "seed"}


class AnyOf(TriggerModel):
    """Fires whenever one of its triggers does, and once where several fire at the same instant."""

    kind: Literal["any_of"] = "any_of"
    triggers: tuple[Single, ...] = Field(
        json_schema_extra={"minItems": FEWEST, "maxItems": MOST},
        description="The triggers, of any kind but any_of; each may be given as text.",
        examples=[["0 9 * * mon-fri", "0 11 * * sat,sun"]],
    )
    text: str = Field(
        default="",
        max_length=LONGEST_UNION_TEXT,
        validate_default=True,
        description="The trigger in one line, as it was written or in short form.",
    )

    @field_validator("triggers", mode="before")
    @classmethod
    def _are_as_many(cls, triggers: object) -> object:
        if isinstance(triggers, list | tuple) and not FEWEST <= len(triggers) <= MOST:
            raise TriggerError(
                message=f"a union takes {FEWEST} to {MOST} triggers, got {len(triggers)}",
                fix="Give a single trigger by itself, and join what one cron expression can say.",
                field="triggers",
            )
        return triggers

    @field_validator("triggers")
    @classmethod
    def _have_few_rules(cls, triggers: tuple[AnySingle, ...]) -> tuple[AnySingle, ...]:
        rules = sum(len(read_set(trigger.expression).rules) for trigger in triggers if isinstance(trigger, Rrule))
        if rules > MOST_RULES:
            raise TriggerError(
                message=f"a union takes at most {MOST_RULES} RRULEs in all, got {rules}",
                fix="Join them, or list dates as RDATE.",
                field="triggers",
            )
        return triggers

    @field_validator("text")
    @classmethod
    def _agrees(cls, text: str, info: ValidationInfo) -> str:
        triggers: tuple[AnySingle, ...] | None = info.data.get("triggers")
        if triggers is None:  # they are at fault
            return text
        canonical = f" {SEPARATOR} ".join(trigger.text for trigger in triggers)
        return text if text and (text == canonical or _means(text, triggers)) else canonical

    @property
    def timezone_name(self) -> str:
        """The zone that all triggers share, intervals left aside; UTC where they share none."""
        zones = {trigger.timezone_name for trigger in self.triggers if trigger.kind != "interval"}
        return zones.pop() if len(zones) == 1 else "UTC"

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first fire time strictly after the instant; None when there is none up to year 9999."""
        found = (trigger.next_after(instant) for trigger in self.triggers)
        return min((each for each in found if each is not None), default=None)

    def previous_before(self, instant: datetime) -> datetime | None:
        """Return the last fire time strictly before the instant; None when there is none back to year 1."""
        found = (trigger.previous_before(instant) for trigger in self.triggers)
        return max((each for each in found if each is not None), default=None)

    def anchored(self, now: datetime) -> Self:
        """Return this union with the phase of each of its triggers fixed."""
        return self._with(tuple(trigger.anchored(now) for trigger in self.triggers))

    def identified(self, seed: str) -> Self:
        """Return this union with each of its triggers bound to the identity."""
        return self._with(tuple(trigger.identified(seed) for trigger in self.triggers))

    def _with(self, triggers: tuple[AnySingle, ...]) -> Self:
        return self if triggers == self.triggers else self.model_copy(update={"triggers": triggers})


def any_of(*triggers: AnySingle | str) -> AnyOf:
    """Return the union of triggers: `any_of(cron("0 9 * * mon-fri"), every("6h"))`; texts will do as well.

    Raises TriggerError, naming the field, for fewer than 2 or more than 20, and for a union among them.
    """
    return built(AnyOf, triggers=triggers)


def parse_members(text: str) -> tuple[AnySingle, ...]:
    """Return the triggers of a text that joins them by `|`; TriggerError tells the number of the one at fault."""
    found: list[AnySingle] = []
    start = 0
    for number, part in enumerate(text.split(SEPARATOR)):
        if number >= MOST:
            raise TriggerError(
                message=f"a union takes at most {MOST} triggers",
                fix="Join what one cron expression can say.",
                field="triggers",
                text=text,
                position=start,
            )
        try:
            found.append(parse_single(part))
        except TriggerError as error:
            raise TriggerError(
                error.message,
                fix=error.fix,
                field=f"triggers[{number}]" + (f".{error.field}" if error.field else ""),
                text=text,
                position=start + len(part) - len(part.lstrip()) + (error.position or 0),
            ) from None
        start += len(part) + len(SEPARATOR)
    return tuple(found)


def _means(text: str, triggers: Sequence[AnySingle]) -> bool:
    try:
        meant = parse_members(text)
    except TriggerError:
        return False
    return [_shape(trigger) for trigger in meant] == [_shape(trigger) for trigger in triggers]


def _shape(trigger: BaseModel) -> dict[str, Any]:
    return trigger.model_dump(exclude=_NOT_IN_TEXT)
