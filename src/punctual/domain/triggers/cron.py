"""The cron trigger: a cron expression on the clocks of a time zone."""

import difflib
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache, partial
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.base import (
    LONGEST_EXPRESSION,
    Timezone,
    WrittenTrigger,
    as_utc,
    built,
    located,
    on_fold_field,
    on_gap_field,
    text_field,
)
from punctual.domain.triggers.cron_days import DayMatch
from punctual.domain.triggers.cron_expression import has_hash, read_expression, read_fields
from punctual.domain.triggers.cron_fields import DAY_OF_WEEK, WORDS
from punctual.domain.triggers.cron_search import at_or_after, at_or_before
from punctual.domain.triggers.text_tail import knobs_text, split_words
from punctual.domain.triggers.wall_clock import WallClock
from punctual.domain.triggers.zone import OnFold, OnGap, find_zone, load_zone

_LONGEST_SEED = 200
_KNOBS = ("day_match", "on_gap", "on_fold")
_FEWEST_FIELDS = 5
_LETTERS = re.compile(r"[A-Za-z]+")
_LIKELY = 0.75


class Cron(WrittenTrigger):
    """Fires at the wall times that a cron expression matches, in one time zone."""

    not_in_text = frozenset({"seed"})

    kind: Literal["cron"] = "cron"
    expression: Annotated[
        str,
        Field(
            max_length=LONGEST_EXPRESSION,
            description=(
                "Five fields (minute, hour, day of month, month, day of week), six with seconds first, seven with a "
                "year last, or an alias such as @daily. Ranges may wrap (fri-mon); L, L-3, LW, 15W, 5#2, 5L and ? are "
                "understood; 0 and 7 are Sunday. H is a number that depends on the seed: H, H(0-29), H/15, H(0-29)/10."
            ),
            examples=["0 2 * * *", "*/15 9-17 * * mon-fri", "@daily", "H H * * *"],
        ),
    ]
    timezone: Timezone = Field(
        default="UTC",
        description="IANA name of the time zone whose clocks the expression reads.",
        examples=["Europe/Berlin"],
    )
    day_match: DayMatch = Field(
        default="or",
        description=(
            "When both day fields are restricted: `or` fires on days that match either (Unix), `and` on days that "
            "match both (Celery)."
        ),
    )
    on_gap: OnGap | None = on_gap_field("a fixed time shifts, and one with * in minute or hour follows elapsed time")
    on_fold: OnFold | None = on_fold_field(
        "a fixed time fires the first time, and one with * in minute or hour both times"
    )
    seed: str | None = Field(
        default=None,
        max_length=_LONGEST_SEED,
        description="What the numbers of H depend on; a schedule that is stored with H has its id here.",
    )
    text: str = text_field()

    @field_validator("expression")
    @classmethod
    def _is_an_expression(cls, expression: str) -> str:
        read_fields(expression)
        return " ".join(expression.split())

    @model_validator(mode="after")
    def _has_dates(self) -> Self:
        try:
            read_expression(self.expression, self.day_match, self.seed or "")
        except TriggerError as error:
            raise located(error, "expression", self.expression) from error
        return self

    @classmethod
    def fields_of(cls, text: str) -> dict[str, Any]:
        """Return the fields that a text such as `0 2 * * * Europe/Berlin on_gap=skip` names, unchecked."""
        return _fields_of(text)

    @classmethod
    def text_of(cls, fields: Mapping[str, Any]) -> str:
        """Return the short text for all fields before `text`."""
        return _text_of(fields)

    @property
    def timezone_name(self) -> str:
        """The zone whose clocks the expression reads."""
        return self.timezone

    def next_after(self, instant: datetime) -> datetime | None:
        """Return the first fire time strictly after the instant; None when there is none up to year 9999."""
        utc = as_utc(instant)
        clock = clock_of(self.expression, self.timezone, self.day_match, self.on_gap, self.on_fold, self.seed)
        return None if utc is None else clock.next_after(utc)

    def previous_before(self, instant: datetime) -> datetime | None:
        """Return the last fire time strictly before the instant; None when there is none back to year 1."""
        utc = as_utc(instant)
        clock = clock_of(self.expression, self.timezone, self.day_match, self.on_gap, self.on_fold, self.seed)
        return None if utc is None else clock.previous_before(utc)

    def identified(self, seed: str) -> Self:
        """Return this trigger with the seed, if it has an H and no seed yet."""
        if self.seed is not None or not has_hash(self.expression):
            return self
        return self.model_copy(update={"seed": seed})


def cron(
    expression: str,
    timezone: str = "UTC",
    day_match: DayMatch = "or",
    on_gap: OnGap | None = None,
    on_fold: OnFold | None = None,
) -> Cron:
    """Return the trigger of a cron expression: `cron("0 2 * * *", "Europe/Berlin")`.

    `day_match`, `on_gap` and `on_fold` are as in the fields of `Cron`. Raises TriggerError, naming the field, for
    anything that is not understood or would never fire.
    """
    return built(Cron, expression=expression, timezone=timezone, day_match=day_match, on_gap=on_gap, on_fold=on_fold)


def _fields_of(text: str) -> dict[str, str]:
    """Return the fields of `Cron` that a text such as `0 2 * * * Europe/Berlin on_gap=skip` names.

    Raises TriggerError for options it does not know; the fields' values are not checked yet.
    """
    words = split_words(text, _KNOBS)
    fields = dict(words.knobs)
    end = words.end
    if _ends_with_zone(words.words):
        fields["timezone"] = words.words[-1]
        end = words.starts[-1]
    fields["expression"] = text[:end].rstrip()
    return fields


def _ends_with_zone(words: tuple[str, ...]) -> bool:
    """Whether the last word is meant as a time zone, not as the last field."""
    last = words[-1] if words else ""
    leading = _LETTERS.match(last)
    if len(words) == 1 or leading is None or leading[0].lower() in WORDS:
        return False
    if words[0].startswith("@"):
        return True
    if find_zone(last) is not None:
        return True
    misspelt_day = difflib.get_close_matches(leading[0].lower(), DAY_OF_WEEK.names, n=1, cutoff=_LIKELY)
    return len(words) > _FEWEST_FIELDS and not misspelt_day


def _text_of(fields: Mapping[str, Any]) -> str:
    expression: str = fields["expression"]
    timezone: str = fields["timezone"]
    day_match = None if fields["day_match"] == "or" else fields["day_match"]
    return (
        expression
        + ("" if timezone == "UTC" else f" {timezone}")
        + knobs_text(day_match=day_match, on_gap=fields["on_gap"], on_fold=fields["on_fold"])
    )


@lru_cache(maxsize=16384)
def clock_of(
    expression: str,
    timezone: str,
    day_match: DayMatch,
    on_gap: OnGap | None,
    on_fold: OnFold | None,
    seed: str | None = None,
) -> WallClock:
    """Return the search for these fields, from a cache of the most used ones."""
    rule = read_expression(expression, day_match, seed or "")
    searches = partial(at_or_after, rule), partial(at_or_before, rule)
    return WallClock.following(searches, load_zone(timezone), on_gap, on_fold, elapsed=rule.follows_clock)
