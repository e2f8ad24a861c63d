"""Keeping secrets out of what people read: arguments, results, errors and logs.

A value is secret by the task's signature (JSON Schema's `writeOnly`, or `format: password`), or by the name of the
parameter or key that it has. Where such a value stands in another text, it is masked there too.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

MASK = "********"

HIDDEN_NAMES = (
    "passwords?|passwd|passphrase|pwd|secrets?|token|(access|auth|api|refresh|bearer|session)_tokens?|"
    "api_?keys?|(access|private|secret|signing|encryption|account)_?keys?|authorization|credentials?|cookies?"
)
"""Names of secrets, in lower case with underscores between the words."""

_SHORTEST = 4
"""A shorter text stands in others by chance."""

_DEEPEST = 50
_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_PLAIN = frozenset({str, int, float, bool, type(None)})
_SCHEMES = ("Bearer ", "Basic ", "Token ")

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Hidden:
    """The secret texts of one task call."""

    texts: frozenset[str] = frozenset()

    def text(self, text: str) -> str:
        """Return a text with each of them masked, also where it is written as Python or JSON writes it."""
        return text if self._found is None else self._found.sub(MASK, text)

    def __contains__(self, value: object) -> bool:
        """Tell whether a number is one of them."""
        return isinstance(value, int | float) and not isinstance(value, bool) and str(value) in self.texts

    @cached_property
    def _found(self) -> re.Pattern[str] | None:
        forms = {form for text in self.texts for form in _written(text)}
        return re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None


NOTHING_HIDDEN = Hidden()


class MaskedCall(NamedTuple):
    """The arguments of a task as people may see them, and what is hidden from them."""

    args: list[Any]
    kwargs: dict[str, Any]
    hidden: Hidden


@dataclass(frozen=True)
class Masking:
    """Which names are those of secrets: a pattern for the last words of a name, such as `client_secret`; None: none."""

    pattern: str | None = HIDDEN_NAMES

    def is_secret(self, name: str) -> bool:
        """Tell whether what has this name is secret."""
        return self.pattern is not None and _matches(self.pattern, name)

    def call(self, signature: Schema | None, args: Sequence[Any], kwargs: Mapping[str, Any]) -> MaskedCall:
        """Mask the arguments of a task with this signature (see `punctual.domain.signature`), if that is known."""
        if not args and not kwargs:
            return MaskedCall([], {}, NOTHING_HIDDEN)
        signature = signature or {}
        properties: Schema = signature.get("properties", {})
        names = [*signature.get("x-positional", properties), *[""] * len(args)]
        found: set[str] = set()
        walk = _Walk(self, signature.get("$defs", {}), found)
        shown = [walk.named(name, value, properties.get(name)) for name, value in zip(names, args, strict=False)]
        by_name = {name: walk.named(name, value, properties.get(name)) for name, value in kwargs.items()}
        if not found:
            return MaskedCall(shown, by_name, NOTHING_HIDDEN)
        hidden = Hidden(frozenset(found))
        return MaskedCall(_veiled(shown, hidden), _veiled(by_name, hidden), hidden)

    def value(self, value: Any, hidden: Hidden = NOTHING_HIDDEN) -> Any:  # noqa: ANN401 - any JSON
        """Mask a value that a task gave: by the names in it, and wherever it holds what is hidden."""
        found: set[str] = set()
        masked = _Walk(self, {}, found).by_names(value)
        return _veiled(masked, Hidden(hidden.texts | found))


DEFAULT_MASKING = Masking()


class _Walk:
    """Goes through values beside their schemas; what is secret is masked, and its texts are added to `found`."""

    def __init__(self, masking: Masking, definitions: Schema, found: set[str]) -> None:
        self._masking = masking
        self._definitions = definitions
        self._found = found

    def named(self, name: object, value: Any, schema: object, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON
        if schema is None:
            return self._hide(value) if self._masking.is_secret(str(name)) else self.by_names(value, depth)
        schemas = list(self._forms(schema, set()))
        if self._masking.is_secret(str(name)) or any(_is_secret(form) for form in schemas):
            return self._hide(value)
        if depth < _DEEPEST and isinstance(value, Mapping):
            return {
                key: self._any_of(key, item, [_of_key(form, key) for form in schemas], depth)
                for key, item in value.items()
            }
        if depth < _DEEPEST and isinstance(value, list | tuple):
            return [
                self._any_of("", item, [_of_item(form, i) for form in schemas], depth) for i, item in enumerate(value)
            ]
        return value

    def by_names(self, value: Any, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON
        """Mask what no schema tells of; a result may be big, so plain values are looked at by their names alone."""
        if depth >= _DEEPEST:
            return value
        if isinstance(value, Mapping):
            is_secret = self._masking.is_secret
            return {
                key: self._hide(item)
                if is_secret(str(key))
                else item
                if type(item) in _PLAIN
                else self.by_names(item, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple):
            return [item if type(item) in _PLAIN else self.by_names(item, depth + 1) for item in value]
        return value

    def _any_of(self, name: object, value: Any, schemas: list[object], depth: int) -> Any:  # noqa: ANN401 - any JSON
        known = [schema for schema in schemas if schema is not None]
        return self.named(name, value, {"anyOf": known} if known else None, depth + 1)

    def _forms(self, schema: object, met: set[int]) -> Iterator[Schema]:
        """Yield a schema with all that it refers to and is made of, each once, for it may refer to itself."""
        if not isinstance(schema, Mapping) or id(schema) in met:
            return
        met.add(id(schema))
        yield schema
        reference = schema.get("$ref")
        if isinstance(reference, str):
            yield from self._forms(self._definitions.get(reference.removeprefix("#/$defs/")), met)
        for word in ("anyOf", "oneOf", "allOf"):
            for form in schema.get(word) or ():
                yield from self._forms(form, met)

    def _hide(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        if value is None or isinstance(value, bool) or value in ("", [], {}, ()):
            return value
        self._found.update(_texts(value))
        return MASK


def _is_secret(schema: Schema) -> bool:
    return schema.get("writeOnly") is True or schema.get("format") == "password"


def _of_key(schema: Schema, key: object) -> object:
    properties = schema.get("properties")
    if isinstance(properties, Mapping) and key in properties:
        return properties[key]
    return schema.get("additionalProperties")


def _of_item(schema: Schema, index: int) -> object:
    first = schema.get("prefixItems") or []
    return first[index] if index < len(first) else schema.get("items")


def _texts(value: Any, depth: int = 0) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Yield the texts and numbers in a secret value that are long enough to be told from others."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        for item in value.values():
            yield from _texts(item, depth + 1)
    elif isinstance(value, list | tuple) and depth < _DEEPEST:
        for item in value:
            yield from _texts(item, depth + 1)
    elif not isinstance(value, bool) and value is not None:
        text = value if isinstance(value, str) else str(value)
        bare = [text.removeprefix(scheme) for scheme in _SCHEMES if text.startswith(scheme)]
        yield from (each for each in [text, *bare] if len(each) >= _SHORTEST)


def _written(text: str) -> Iterable[str]:
    return {text, repr(text)[1:-1], json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}


def _veiled(value: Any, hidden: Hidden) -> Any:  # noqa: ANN401 - any JSON
    if not hidden.texts:
        return value
    if isinstance(value, str):
        return hidden.text(value)
    if isinstance(value, Mapping):
        return {hidden.text(key) if isinstance(key, str) else key: _veiled(item, hidden) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_veiled(item, hidden) for item in value]
    return MASK if value in hidden else value


@lru_cache(maxsize=4096)
def _matches(pattern: str, name: str) -> bool:
    words = _WORD_ENDS.sub("_", name).lower()
    return _compiled(pattern).search(words) is not None


@lru_cache(maxsize=16)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern for names whose last words are those of `pattern`, but for a number or what form it has."""
    return re.compile(rf"(^|_)({pattern})(_?\d+)?(_(value|text|hash|header|string))?_*$")
