"""How long answers of the database usually take."""

import pytest

from punctual.celery.line import Usual


def test_before_the_first_answer_nothing_is_usual() -> None:
    assert Usual().longest is None


def test_the_first_answer_may_take_three_times_as_long_the_next_time() -> None:
    usual = Usual()
    usual.heard(0.01)
    assert usual.longest == pytest.approx(0.03)


def test_steady_answers_make_little_more_than_their_time_usual() -> None:
    usual = Usual()
    for _ in range(50):
        usual.heard(0.01)
    assert usual.longest == pytest.approx(0.01, rel=0.01)


def test_an_answer_that_took_long_makes_more_usual_at_once_and_is_forgotten_in_time() -> None:
    usual = Usual()
    for _ in range(50):
        usual.heard(0.01)
    usual.heard(0.41)
    assert usual.longest == pytest.approx(0.06 + 4 * 0.1, rel=0.01)
    for _ in range(100):
        usual.heard(0.01)
    assert usual.longest == pytest.approx(0.01, rel=0.01)
