"""What may follow the rule in a trigger's text: a time zone, and the knobs as `name=value`.

0 2 * * * Europe/Berlin on_gap=skip
"""

import difflib
import re
from dataclasses import dataclass, field

from punctual.domain.errors import TriggerError

KNOBS = {"day_match": ("or", "and"), "on_gap": ("shift", "skip"), "on_fold": ("first", "second", "both")}
"""The knobs that a text may set, and their values."""

_TOKEN = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Words:
    """A trigger's text in words: those before the knobs, where each starts, and the knobs."""

    text: str
    words: tuple[str, ...]
    starts: tuple[int, ...]
    knobs: dict[str, str] = field(default_factory=dict)

    @property
    def end(self) -> int:
        """The offset of the end of the last word."""
        return self.starts[-1] + len(self.words[-1]) if self.words else 0


def split_words(text: str, known: tuple[str, ...]) -> Words:
    """Split a text into its words and the knobs at its end.

    Raises TriggerError for a knob that is not among the `known` ones, is given twice, or has a value it does not take.
    """
    if "=" not in text:
        matches = list(_TOKEN.finditer(text))
        return Words(text, tuple(m[0] for m in matches), tuple(m.start() for m in matches))
    words: list[str] = []
    starts: list[int] = []
    knobs: dict[str, str] = {}
    for match in _TOKEN.finditer(text):
        name, equals, value = match[0].partition("=")
        if not equals:
            if knobs:
                raise TriggerError(
                    message=f'"{text}": "{match[0]}" comes after an option',
                    fix="Put options such as on_gap=skip last.",
                    text=text,
                    position=match.start(),
                )
            words.append(match[0])
            starts.append(match.start())
            continue
        _check_knob(text, match.start(), name, value, known)
        if name in knobs:
            raise TriggerError(
                message=f'"{text}": {name} is given twice',
                fix="Keep one of the two.",
                field=name,
                text=text,
                position=match.start(),
            )
        knobs[name] = value
    return Words(text, tuple(words), tuple(starts), knobs)


def _check_knob(text: str, position: int, name: str, value: str, known: tuple[str, ...]) -> None:
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        advice = f'Did you mean "{close[0]}"?' if close else f"Options are {', '.join(known)}."
        if name in ("TZ", "CRON_TZ"):
            advice = f"Put the time zone last, by its name alone: {value}."
        raise TriggerError(
            message=f'"{text}": unknown option "{name}"',
            fix=advice,
            text=text,
            position=position,
        )
    if value not in KNOBS[name]:
        raise TriggerError(
            message=f'"{text}": {name} must be {" or ".join(KNOBS[name])}, got "{value}"',
            fix=f"Write {name}={KNOBS[name][0]}, for example.",
            field=name,
            text=text,
            position=position + len(name) + 1,
        )


def knobs_text(**values: str | None) -> str:
    """Return the knobs that are set, each after a space, in the order given."""
    if not any(values.values()):  # the commonest, told fastest
        return ""
    return "".join(f" {name}={value}" for name, value in values.items() if value is not None)
