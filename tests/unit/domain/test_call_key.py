"""The key of a call: the same for the same call, short, and refused early where it cannot be made."""

from typing import Any

import pytest

from punctual.domain.call_key import LONGEST_KEY, CallKey, bounded
from punctual.domain.errors import SetupError


def pay(invoice_id: int, amount: float = 1.0, *, note: str = "", **more: Any) -> None:
    del invoice_id, amount, note, more


class Mail:
    def run(self, to: str) -> None:
        del to


def test_a_format_string_names_arguments_however_they_are_passed() -> None:
    key = CallKey(pay, "invoice:{invoice_id}:{amount:.2f}")
    assert {key.of((7,), {}), key.of((), {"invoice_id": 7}), key.of((7, 1.0), {"note": "x"})} == {"invoice:7:1.00"}


def test_a_format_string_may_look_into_an_argument() -> None:
    assert CallKey(pay, "{invoice_id[id]} {note.real}").of(({"id": 4},), {"note": 1}) == "4 1"


def test_without_a_key_all_arguments_and_the_name_count() -> None:
    key = CallKey(pay, None)
    same = [key.of((7, 1.0), {}), key.of((7,), {"amount": 1.0}), key.of((), {"invoice_id": 7, "note": ""})]
    assert len(set(same)) == 1
    assert same[0].startswith(f"{__name__}.pay ")
    assert len({same[0], key.of((8,), {}), key.of((7,), {"note": "n"}), key.of((7,), {"more": 1})}) == 4


def test_the_order_of_keys_in_an_argument_does_not_matter() -> None:
    key = CallKey(pay, None)
    assert key.of(({"a": 1, "b": 2},), {}) == key.of(({"b": 2, "a": 1},), {})


def test_a_function_makes_the_key_of_the_arguments_it_is_given() -> None:
    assert CallKey(pay, lambda invoice_id, **_: f"i{invoice_id}").of((7,), {"note": "n"}) == "i7"


def test_self_is_no_argument() -> None:
    assert CallKey(Mail.run, None).of((Mail(), "a@b"), {}) == CallKey(Mail.run, None).of((Mail(), "a@b"), {})
    assert CallKey(Mail.run, lambda to: to).of((Mail(), "a@b"), {}) == "a@b"


@pytest.mark.parametrize("key", ["{invoice}", "{}", "{0}", "{more}", "{invoice_id", "{invoices[0]}"])
def test_a_format_string_that_cannot_be_filled_is_refused_where_it_is_declared(key: str) -> None:
    with pytest.raises(SetupError) as refused:
        CallKey(pay, key)
    assert "pay" in refused.value.message
    assert "invoice_id, amount, note" in refused.value.fix


def test_arguments_that_are_not_json_make_no_key_by_themselves() -> None:
    with pytest.raises(SetupError, match="are not JSON") as refused:
        CallKey(pay, None).of((object(),), {})
    assert "key=" in refused.value.fix


def test_a_function_that_makes_no_text_is_refused() -> None:
    with pytest.raises(SetupError, match="is int, not text"):
        CallKey(pay, lambda invoice_id: invoice_id).of((7,), {})


def test_arguments_that_the_function_does_not_take_are_the_callers_error() -> None:
    with pytest.raises(TypeError, match="missing a required argument"):
        CallKey(pay, "{invoice_id}").of((), {})


@pytest.mark.parametrize("key", ["x" * LONGEST_KEY, "invoice:7", "Rechnung größer 7 €"])
def test_a_short_key_stays_as_it_is(key: str) -> None:
    assert bounded(key) == key


@pytest.mark.parametrize("key", ["x" * (LONGEST_KEY + 1), "a\x00b", "a\nb", "\udc80", "y" * 100_000])
def test_a_key_that_is_long_or_cannot_be_stored_is_cut_and_hashed(key: str) -> None:
    made = bounded(key)
    assert len(made) <= LONGEST_KEY
    assert made.isprintable()
    assert made != bounded(f"{key}z")
    assert made == bounded(key)
