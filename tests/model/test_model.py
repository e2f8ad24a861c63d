"""The product does what the model says, through any life that Hypothesis thinks of.

A few lives are tried each time; PUNCTUAL_MODEL_LIVES asks for more, for as long as they take.
"""

import os

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from model.machine import Life
from punctual.store.database import Database

LIVES = int(os.environ.get("PUNCTUAL_MODEL_LIVES", "80"))


@pytest.mark.timeout(300 + 4 * LIVES)
def test_the_ledger_tells_what_the_model_tells_whatever_happens(database: Database) -> None:
    lives = type("Lives", (Life,), {"database": database})
    run_state_machine_as_test(
        lives,
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),  # a busy machine is no fault of the product
        ),
    )
