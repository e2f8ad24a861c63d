"""Everything is killed, frozen and cut at random while schedules fire and are edited: what was promised holds.

The short form; `python3 dev.py chaos --minutes N` is the long one.
"""

import sys
from pathlib import Path
from uuid import uuid4

import pytest

from chaos.report import report
from chaos.scenario import Scenario
from chaos.trial import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the processes of a pool")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("broker", ["redis", "rabbitmq"])
def test_every_fire_time_has_one_record_and_no_attempt_is_executed_twice_whatever_is_killed(
    broker: str, tmp_path: Path
) -> None:
    seed = uuid4().int % 1_000_000
    scenario = Scenario(broker, seed, seconds=20, schedules=20, nodes=3, threads=4, resend_after=10)
    outcome = run(scenario, tmp_path, _say)
    assert outcome.findings == [], report(scenario, outcome.numbers, outcome.findings, 0)
    assert outcome.numbers.executions > 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
