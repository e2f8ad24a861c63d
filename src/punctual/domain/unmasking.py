"""Taking masked arguments back: who sends what was shown to them means what is stored."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from punctual.domain.errors import Fault
from punctual.domain.masking import MASK, Schema

_GIVE_IT = "Send the value itself, or leave the argument as it is stored."


class Call(NamedTuple):
    """The arguments of a task call."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]

    def both_ways(self, names: Sequence[str]) -> "Call":
        """Return them by position and by name at once: who sends one back may give it the other way."""
        by_name = {**dict(zip(names, self.args, strict=False)), **self.kwargs}
        return Call([*self.args, *(self.kwargs.get(name) for name in names[len(self.args) :])], by_name)


def unmasked_call(sent: Call, shown: Call, stored: Call, signature: Schema | None) -> Call:
    """Return a call that was sent, with what is as it was shown replaced by what is stored."""
    signature = signature or {}
    names = list(signature.get("x-positional", signature.get("properties", ())))
    shown, stored = shown.both_ways(names), stored.both_ways(names)
    args = unmasked(list(sent.args), shown.args, stored.args)
    return Call(args, unmasked(dict(sent.kwargs), shown.kwargs, stored.kwargs))


def unmasked(sent: Any, shown: Any, stored: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return what was sent, with what is as it was shown replaced by what is stored in its place."""
    if isinstance(sent, Mapping) and isinstance(shown, Mapping) and isinstance(stored, Mapping):
        return {key: unmasked(item, shown.get(key), stored.get(key)) for key, item in sent.items()}
    if isinstance(sent, list) and isinstance(shown, list) and isinstance(stored, list):
        missing = [None] * max(0, len(sent) - len(stored))
        return [unmasked(*each) for each in zip(sent, [*shown, *missing], [*stored, *missing], strict=False)]
    return stored if sent == shown and shown != stored else sent


def masked_faults(value: Any, path: str) -> Iterator[Fault]:  # noqa: ANN401 - any JSON
    """Yield a fault for each text that is masked still: nobody knows what it stands for."""
    if isinstance(value, str) and MASK in value:
        yield Fault(path, "masked", "is masked, and nothing is stored that it could stand for", _GIVE_IT)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from masked_faults(key, path)
            yield from masked_faults(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from masked_faults(item, f"{path}[{index}]")
