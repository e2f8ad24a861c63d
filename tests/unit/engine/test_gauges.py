from datetime import timedelta

import pytest

from punctual.engine.gauges import Load, NodeGauges
from punctual.testing import ManualClock

NOW = ManualClock().now()


class Seconds:
    """A steady clock that the test moves on."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def gauges(seconds: Seconds) -> NodeGauges:
    return NodeGauges(seconds)


def test_a_node_with_nothing_to_do_is_not_late_and_not_busy(seconds: Seconds, gauges: NodeGauges) -> None:
    seconds.at += 5
    assert gauges.beat() == Load(lag=0.0, sent_per_second=0.0, busy=0.0)


def test_the_lag_is_the_worst_since_the_last_beat(seconds: Seconds, gauges: NodeGauges) -> None:
    gauges.fired(10, NOW - timedelta(seconds=7), NOW)
    gauges.fired(10, NOW - timedelta(seconds=3), NOW)
    gauges.fired(0, NOW - timedelta(seconds=90), NOW)  # another node was faster
    gauges.fired(1, NOW + timedelta(seconds=90), NOW)  # a person's, before anything was due
    seconds.at += 5
    assert gauges.beat().lag == 7
    seconds.at += 5
    assert gauges.beat().lag == 0


def test_the_rates_are_over_the_last_half_minute(seconds: Seconds, gauges: NodeGauges) -> None:
    gauges.fired(300, NOW, NOW)
    with gauges.working():
        seconds.at += 3
    seconds.at += 2
    assert gauges.beat() == Load(lag=0.0, sent_per_second=60.0, busy=0.6)
    for _ in range(5):
        seconds.at += 5
        load = gauges.beat()
    assert (load.sent_per_second, load.busy) == (10.0, 0.1)
    seconds.at += 5
    assert gauges.beat().sent_per_second == 0


def test_work_that_is_going_on_counts_as_busy(seconds: Seconds, gauges: NodeGauges) -> None:
    with gauges.working():
        seconds.at += 5
        assert gauges.beat().busy == 1
        seconds.at += 5
        assert gauges.beat().busy == 1
