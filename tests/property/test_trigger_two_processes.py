"""A trigger means the same in every process: whatever the hash seed, and whatever zone the machine is in."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from property.oracles.corpus import FIRE_TIMES, TEXTS, answers

SCRIPT = "import json; from property.oracles.corpus import answers; print(json.dumps(answers()))"


@pytest.mark.parametrize(("hash_seed", "timezone"), [("1", "Asia/Tokyo"), ("2", "America/Los_Angeles"), ("3", "")])
def test_another_process_gives_the_same_fire_times(hash_seed: str, timezone: str) -> None:
    paths = os.pathsep.join(path for path in sys.path if path)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": paths, "PYTHONHASHSEED": hash_seed, "TZ": timezone}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    theirs = json.loads(done.stdout)
    assert len(theirs) == len(TEXTS)
    assert theirs == json.loads(json.dumps(answers()))


def test_the_answers_compared_are_fire_times_and_not_none() -> None:
    for text, shown, instants in answers():
        assert len(instants) == FIRE_TIMES or "COUNT" in text or text.startswith("20"), text
        assert json.loads(shown)["text"] == text
        assert all(datetime.fromisoformat(each).tzinfo is not None for each in instants)
    assert datetime.fromisoformat(answers()[0][2][0]) > datetime(2026, 3, 1, tzinfo=UTC)
