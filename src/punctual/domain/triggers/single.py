"""One trigger that is no union: its kinds, its text, and the reading of any field that takes one."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from punctual.domain.errors import TriggerError
from punctual.domain.triggers.base import LONGEST_TEXT, TriggerModel, located, shown
from punctual.domain.triggers.cron import Cron
from punctual.domain.triggers.interval import Interval
from punctual.domain.triggers.likely import likely_meaning
from punctual.domain.triggers.once import Once
from punctual.domain.triggers.rrule import LONGEST_SET_TEXT, Rrule
from punctual.domain.triggers.rrule_text import is_set
from punctual.domain.triggers.solar import Solar, is_solar

FORMS = 'Write for example "0 2 * * * Europe/Berlin", "@daily", "every 90s" or "2026-12-24T18:00".'

AnySingle = Cron | Interval | Once | Rrule | Solar

_EVERY = re.compile(r"every(?![A-Za-z_])", re.IGNORECASE)
_DATE = re.compile(r"[0-9]{4}-[0-9]")
SINGLE_KINDS: dict[str, type[AnySingle]] = {
    "cron": Cron,
    "interval": Interval,
    "once": Once,
    "rrule": Rrule,
    "solar": Solar,
}
"""The kinds by their names."""


def parse_single(text: str) -> AnySingle:
    """Return the trigger that a short text without ` | ` means; raises TriggerError as `parse_trigger` does."""
    stripped = text.strip()
    longest = LONGEST_SET_TEXT if is_set(stripped) else LONGEST_TEXT
    if not stripped or len(stripped) > longest:
        raise TriggerError(
            message="a trigger is missing" if not stripped else f"a trigger of {len(stripped)} characters is too long",
            fix=FORMS if not stripped else f"Use at most {longest} characters.",
            text=stripped[:longest],
        )
    try:
        return _parsed(stripped)
    except TriggerError as error:
        raise TriggerError(
            error.message, fix=error.fix, field=error.field, text=stripped, position=_place_in(stripped, error)
        ) from None


def _place_in(text: str, error: TriggerError) -> int | None:
    """Return where in the whole text the fault is: what was read apart, a length or a zone, stands at the end."""
    if error.position is None:
        return None
    return error.position + text.rfind(error.text) if error.text in text else None


def _parsed(stripped: str) -> AnySingle:
    if is_set(stripped):
        return Rrule.written(stripped)
    if _EVERY.match(stripped):
        return Interval.written(stripped)
    if _DATE.match(stripped):
        return Once.written(stripped)
    if is_solar(stripped):
        return Solar.written(stripped)
    meaning = likely_meaning(stripped)
    if meaning is not None or (len(stripped.split(maxsplit=1)) == 1 and not stripped.startswith("@")):
        raise TriggerError(message=f'"{stripped}" is no trigger', fix=meaning or FORMS, text=stripped, position=0)
    return Cron.written(stripped)


def read_value(value: object, kinds: Mapping[str, type[BaseModel]], parse: Callable[[str], BaseModel]) -> BaseModel:
    """Return the trigger of one of these kinds that a value is, or that its text or its object means."""
    if isinstance(value, TriggerModel):
        if isinstance(value, tuple(kinds.values())):
            return value
    elif isinstance(value, str):
        return parse(value)
    elif isinstance(value, Mapping):
        name = value.get("kind")
        kind = kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            message = f'"{shown(name)}" is no kind of trigger here' if name else "the trigger has no kind"
            error = TriggerError(message, fix=f"Use one of {', '.join(kinds)}.", field="kind", text=shown(name or ""))
            raise located(error, "kind", name)
        return kind.model_validate(value)
    raise TriggerError(message="a trigger must be a text or an object", fix=FORMS, text=shown(value))


class TextOrObject:
    """Lets a pydantic field take a trigger, its text, or its object, with faults located at the object's own fields."""

    def __init__(self, read: Callable[[object], object], text_schema: dict[str, Any]) -> None:
        """Read values by this function; the JSON schema describes the text as given."""
        self._read = read
        self._text_schema = text_schema

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read the value before the union is tried, because the union's faults would name its branch."""
        return core_schema.no_info_before_validator_function(self._read, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe what goes in (a text or an object) apart from what comes out (always the object)."""
        described = handler(schema)
        if handler.mode == "serialization":
            return described
        text = {"type": "string", **self._text_schema}
        return {"anyOf": [text, *described["oneOf"]], "description": "When a schedule fires."}


def _read_single(value: object) -> BaseModel:
    return read_value(value, SINGLE_KINDS, parse_single)


Single = Annotated[
    Annotated[AnySingle, Field(discriminator="kind")],
    TextOrObject(_read_single, {"maxLength": LONGEST_SET_TEXT, "examples": ["0 2 * * * Europe/Berlin", "every 90s"]}),
]
"""The type of a field that holds a trigger of any kind but a union."""
