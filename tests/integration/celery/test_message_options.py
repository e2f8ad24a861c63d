"""Workers keep to the message options of a schedule, from its spec through a node to the end of the run."""

import pytest

from integration.celery.site import Site
from punctual.domain.run import RunState


@pytest.mark.parametrize(
    ("limits", "error"),
    [
        ({"soft_time_limit": 1, "time_limit": 60}, "SoftTimeLimitExceeded"),
        ({"time_limit": 1}, "TimeLimitExceeded"),
    ],
)
def test_celerys_time_limits_end_a_run_that_takes_longer(site: Site, limits: dict[str, int], error: str) -> None:
    with site.node(), site.worker("--pool", "prefork", "--concurrency", "1", "-Q", "slow"):
        run = site.ended(site.record("served_app.wait_for", "/no/such/file", queue="slow", priority=3, **limits).id)
    assert run.state is RunState.FAILED
    assert run.error is not None
    assert run.error.type.rpartition(".")[2] == error
