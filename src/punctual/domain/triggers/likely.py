"""What people most likely mean by a text that is no trigger."""

import difflib
import re

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.cron_expression import ALIASES
from punctual.domain.triggers.duration import read_duration

_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_DATE = re.compile(r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}(?=\s|$)")
_CALL = re.compile(r"(cron|rate)\((.*)\)", re.IGNORECASE)
_STEP = re.compile(r"\*/[0-9]+")
_SUN = {"sunrise", "sunset", "dawn", "dusk", "solar_noon"}
_HOURS, _MINUTES = 24, 60
_LIKELY = 0.8


def likely_meaning(text: str) -> str | None:
    """Return advice on a text that looks like a common mistake; None for one that may be a cron expression."""
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        return f"Leave out the quotes: {text.strip(_QUOTES)}"
    if call := _CALL.fullmatch(text):
        return _of_call(call[1].lower(), call[2].split())
    if _DATE.match(text):
        return 'Write the year first, as in "2026-12-24T18:00".'
    return None if len(text.split()) > 1 or text.startswith("@") else _of_word(text)


def _of_call(name: str, words: list[str]) -> str:
    """Return advice on the forms of Amazon's schedulers, whose cron has the year as a sixth field."""
    if name == "rate":
        return f'Did you mean "every {" ".join(words)}"?'
    return f'Leave out "cron(", the year and ")": did you mean "{" ".join(words[:5])}"?'


def _of_word(word: str) -> str | None:
    if alias := difflib.get_close_matches(f"@{word.lower()}", ALIASES, n=1, cutoff=_LIKELY):
        return f'Did you mean "{alias[0]}"?'
    if time := _TIME.fullmatch(word):
        hour, minute = int(time[1]) % _HOURS, int(time[2]) % _MINUTES
        return f'Did you mean "{minute} {hour} * * *", every day at {hour:02}:{minute:02}?'
    if _STEP.fullmatch(word):
        return f'Did you mean "{word} * * * *"?'
    if word.lower() in _SUN:
        return f'Add the place: "{word.lower()} at 52.52,13.41" (latitude, longitude).'
    return _of_length(word)


def _of_length(word: str) -> str | None:
    if word.isdecimal():
        return f'Add the unit: "every {word}s", "every {word}m" or "every {word}h".'
    try:
        read_duration(word)
    except TriggerError:
        return None
    return f'Did you mean "every {word}"?'
