"""The key of a call: which calls of a function are the same one, or exclude each other."""

import hashlib
import inspect
import json
import string
from collections.abc import Callable, Mapping
from typing import Any

from punctual.domain.errors import SetupError

LONGEST_KEY = 200
"""Characters of a key; a longer one is cut, and ends with a hash of the whole."""

Key = str | Callable[..., str] | None

_SELF = "self"


class CallKey:
    """Gives the key of each call of a function.

    `key` is a format string over the function's arguments (`"invoice:{invoice_id}"`), or a function that is called
    with them; None stands for the function's name with all its arguments. A first parameter named `self` is no
    argument. Raises SetupError for a format string with names that are no parameters of the function.
    """

    def __init__(self, function: Callable[..., Any], key: Key) -> None:
        """Look at the function's signature."""
        self.name = f"{function.__module__}.{function.__qualname__}"
        self._signature = inspect.signature(function)
        self._key = key
        if isinstance(key, str):
            _check_names(key, self._signature, self.name)

    def of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """Return the key of a call, at most `LONGEST_KEY` characters long.

        Raises TypeError for arguments that the function does not take, and SetupError where no key can be made of them.
        """
        call = self._signature.bind(*args, **kwargs)
        call.apply_defaults()
        arguments = dict(call.arguments)
        if isinstance(self._key, str):
            return bounded(self._key.format(**arguments))
        if next(iter(self._signature.parameters), None) == _SELF:
            del arguments[_SELF]
            args = args[1:]
        if self._key is None:
            return bounded(f"{self.name} {self._canonical(arguments)}")
        made = self._key(*args, **kwargs)
        if not isinstance(made, str):
            message = f"The key of {self.name} is {type(made).__name__}, not text."
            raise SetupError(message, fix="Let the function that is given as `key` return a string.")
        return bounded(made)

    def _canonical(self, arguments: Mapping[str, Any]) -> str:
        try:
            return json.dumps(arguments, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            message = f"The arguments of {self.name} give no key, for they are not JSON: {error}."
            raise SetupError(message, fix="Name what makes the key: key='order:{order_id}'.") from error


def bounded(key: str) -> str:
    """Return the key if it is short and can be stored, else as much of it as can, and a hash of the whole."""
    if len(key) <= LONGEST_KEY and key.isprintable():
        return key
    hashed = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
    shown = "".join(letter if letter.isprintable() else "?" for letter in key[: LONGEST_KEY - len(hashed) - 1])
    return f"{shown}#{hashed}"


def _check_names(key: str, signature: inspect.Signature, function: str) -> None:
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    known = [name for name, parameter in signature.parameters.items() if parameter.kind not in kinds]
    fix = f"Write a format string such as 'invoice:{{invoice_id}}', of these names: {', '.join(known) or 'none'}."
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(key) if field is not None]
    except ValueError as error:
        message = f"The key {key!r} of {function} is no format string: {error}."
        raise SetupError(message, fix=fix) from error
    for field in fields:
        name = field.partition(".")[0].partition("[")[0]
        if name not in known:
            message = f"The key {key!r} of {function} names {name or 'nothing'!r}, which is no parameter of it."
            raise SetupError(message, fix=fix)
