"""No secret of a task call stands in anything that people read, and what was masked can be taken back."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import to_json

from punctual.celery.told import error_of, kept_result
from punctual.domain.masking import DEFAULT_MASKING, MASK, Hidden
from punctual.domain.preview import preview, size_of
from punctual.domain.unmasking import masked_faults, unmasked

# A secret that the mask could be a part of could be put together by masking.
secrets = st.text(st.characters(exclude_characters="*", exclude_categories=["Cs"]), min_size=4, max_size=30)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | numbers | st.text(max_size=60)
values = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner), max_leaves=30
)
names = st.sampled_from(["password", "db_password", "apiKey", "X-Api-Key", "token", "client_secret", "Authorization"])


def holding(secret: str) -> st.SearchStrategy[Any]:
    """Values with the secret somewhere in them, also within longer texts and as a key."""
    inside = st.sampled_from([secret, f"<{secret}>", f"{secret}{secret}"])
    return st.recursive(
        leaves | inside,
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5) | inside, inner),
        max_leaves=10,
    )


def texts_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for pair in value.items() for item in pair for text in texts_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts_in(item)]
    return [value] if isinstance(value, str) else []


@given(data=st.data(), secret=secrets, name=names)
def test_no_secret_is_left_in_arguments_results_or_errors(data: st.DataObject, secret: str, name: str) -> None:
    within = data.draw(st.sampled_from([secret, [secret], {"deep": [secret]}]))
    call = DEFAULT_MASKING.call(None, [data.draw(holding(secret))], {name: within, "other": data.draw(holding(secret))})
    assert call.kwargs[name] == MASK
    result = kept_result(data.draw(holding(secret)), call.hidden)
    error = error_of(ValueError(f"no {secret}!"), f"in line 3: {{'a': {secret!r}}}", call.hidden)
    shown = [call.args, call.kwargs, result.value, error.message, error.traceback]
    assert not [text for text in texts_in(shown) if secret in text]
    assert repr(secret)[1:-1] not in str(error.traceback)


@given(args=st.lists(values, max_size=3), kwargs=st.dictionaries(names | st.text(max_size=5), values, max_size=4))
def test_what_was_shown_and_is_sent_back_is_what_was_stored(args: list[Any], kwargs: dict[str, Any]) -> None:
    call = DEFAULT_MASKING.call(None, args, kwargs)
    shown = json.loads(to_json([call.args, call.kwargs], inf_nan_mode="constants"))
    stored = json.loads(to_json([args, kwargs], inf_nan_mode="constants"))
    back = unmasked(shown, shown, stored)
    if not any(MASK in text for text in texts_in(stored)) and not any(MASK in key for key in keys_of(shown)):
        assert back == stored
        assert not list(masked_faults(back, "args"))


def keys_of(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for item in value.values() for key in keys_of(item))]
    return [key for item in value for key in keys_of(item)] if isinstance(value, list) else []


@given(text=st.text(), hidden=st.frozensets(secrets, max_size=3))
def test_a_text_without_secrets_stays_as_it_is(text: str, hidden: frozenset[str]) -> None:
    forms = {form for secret in hidden for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1])}
    masked = Hidden(hidden).text(text)
    assert (masked == text) == (not any(form in text for form in forms))


@given(value=values, limit=st.integers(200, 5_000))
def test_a_preview_is_json_of_the_same_kind_within_the_limit(value: Any, limit: int) -> None:
    big = [value, *[value] * 50, "x" * 3_000, {"key" * 100: value}]
    cut = preview(big, limit)
    assert size_of(cut) <= limit
    assert isinstance(json.loads(to_json(cut, inf_nan_mode="strings")), list)
    assert is_part(cut, big)


def is_part(cut: Any, whole: Any) -> bool:
    """Tell whether each value is that of the whole, or a shorter one of its kind."""
    if isinstance(whole, str):
        return isinstance(cut, str) and (cut == whole or whole.startswith(cut.removesuffix("…")))
    if isinstance(whole, list):
        return isinstance(cut, list) and all(map(is_part, cut, whole))
    if isinstance(whole, dict):
        pairs = zip(cut.items(), whole.items(), strict=False)
        return isinstance(cut, dict) and all(is_part(one[0], two[0]) and is_part(one[1], two[1]) for one, two in pairs)
    return bool(cut == whole)
