from typing import Any

import pytest
from celery.utils.saferepr import saferepr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from punctual.celery.reprs import plain_repr

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
DOCUMENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
ARGUMENTS = st.lists(DOCUMENTS, max_size=6) | st.dictionaries(st.text(), DOCUMENTS, max_size=6)


@settings(max_examples=500)
@given(ARGUMENTS, st.integers(1, 60) | st.just(1024), st.integers(1, 5))
@example([["'"]], 1024, 3)
@example(["\\"], 1024, 3)
@example([{'a"': 1}], 1024, 3)
@example([[[["deep"]]]], 1024, 3)
@example(["x" * 1019], 1024, 3)
@example(["x" * 1020], 1024, 3)
def test_the_short_way_gives_what_celery_gives_or_nothing(value: Any, limit: int, levels: int) -> None:
    assert plain_repr(value, limit, levels) in {None, saferepr(value, limit, levels)}


@pytest.mark.parametrize(
    "value", [[1, "two", 3.5, None, True], {"path": "/data", "keep": 3}, [[1, [2]], {"a": {"b": 1}}], ["ünïcödé ☾"]]
)
def test_ordinary_arguments_need_nothing_but_the_short_way(value: Any) -> None:
    assert plain_repr(value, 1024, 3) == saferepr(value, 1024, 3)


@pytest.mark.parametrize("value", [[(1,)], [b"bytes"], [{1}], [object()], (1, 2), {(1, 2): 3}])
def test_what_json_has_not_is_left_to_celery(value: Any) -> None:
    assert plain_repr(value, 1024, 3) is None


@pytest.mark.parametrize("limit", [None, 0])
def test_a_limit_that_is_none_is_left_to_celery(limit: int | None) -> None:
    assert plain_repr([1], limit, 3) is None
