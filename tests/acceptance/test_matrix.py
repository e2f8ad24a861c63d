"""Every situation that a task can get into, in every pool, on both brokers, with the oldest and the newest Celery.

Each run must end in the right state, with the right facts. What a pool cannot do, Celery's documentation says; here
stands what becomes of the run then.
"""

import re
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import JsonValue

import dev
from acceptance.matrix_place import Observation, Seen, observe
from integration.celery.site import Site
from punctual.domain.run import RunState
from punctual.store.database import Database
from servers.postgres import PostgresServer
from servers.processes import unavailable
from servers.rabbitmq import RabbitmqServer
from servers.redis import RedisServer

CLOCKS = timedelta(seconds=1)
"""What two processes may differ in the database's time."""

SIDE_BY_SIDE = 3
"""So many places at once: most of the time they wait."""


class Where(NamedTuple):
    """A place of the matrix."""

    pool: str
    broker: str
    celery: str


PLACES = [
    Where(pool, broker, celery)
    for celery in ("5.7", "5.5")
    for broker in ("redis", "rabbitmq")
    for pool in ("prefork", "spawn", "threads", "solo", "gevent")
    if not (pool == "spawn" and celery == "5.5")  # which cannot
]


@dataclass(frozen=True)
class End:
    """How a run ends, or in which `other` way. The worker that has a say is always the one that runs then.

    `started` is whether it began.
    """

    state: RunState
    result: JsonValue = None
    error: str | None = None
    reason: str | None = None
    attempt: int = 1
    bodies: int = 1
    started: bool = True
    has_worker: bool = True
    other: "End | None" = None


SUCCEEDED, FAILED, CANCELLED, LOST = RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.LOST
DONE = End(SUCCEEDED, "done")
WAITED = End(SUCCEEDED, "waited")
GONE = End(LOST, reason=r"Worker w\d@test has given no sign of life for 2 s\.")
DIED = End(LOST, reason=r"The process that ran the task died.*")
EXITED = End(FAILED, error="SystemExit")
CUT_OFF = End(FAILED, error="NotImplementedError")
SOFT = End(FAILED, error="billiard.exceptions.SoftTimeLimitExceeded")
HARD_REASON = r"The task ran into its hard time limit\."
IGNORED = r"The task raised Ignore: it asked that its end not be recorded\."

ANYWHERE = "prefork threads solo gevent"
"""Where processes are spawned it is as where they are forked. `solo/5.5` is that pool with that Celery."""

MATRIX: dict[str, dict[str, End]] = {
    "the task returns": {ANYWHERE: DONE},
    "the task returns, and its result is not wanted": {ANYWHERE: DONE},
    "the task raises": {ANYWHERE: End(FAILED, error="ValueError")},
    "the task raises until its retries are used up": {ANYWHERE: End(FAILED, error="OSError", attempt=3, bodies=3)},
    "the task raises, and succeeds when it is tried again": {ANYWHERE: End(SUCCEEDED, "done", attempt=3, bodies=3)},
    "the task rejects its message": {ANYWHERE: End(FAILED, error="celery.exceptions.Reject")},
    "the task puts its message back": {ANYWHERE: End(SUCCEEDED, "done", bodies=2)},
    "the task raises Ignore": {ANYWHERE: End(CANCELLED, reason=IGNORED)},
    "the message has expired": {
        ANYWHERE: End(
            RunState.EXPIRED,
            reason=r"The message expired before a worker could start it\.",
            attempt=0,
            bodies=0,
            started=False,
            has_worker=False,
        )
    },
    "the worker does not know the task": {
        ANYWHERE: End(FAILED, error="NotRegistered", reason=r"No such task on this worker\.", bodies=0, started=False)
    },
    "the soft time limit is met": {"prefork": SOFT, "threads solo gevent": DONE},
    "the soft time limit is met, and heeded": {"prefork": End(SUCCEEDED, "tidied up"), "threads solo gevent": DONE},
    "the hard time limit is met": {
        "prefork": End(FAILED, error="billiard.exceptions.TimeLimitExceeded", reason=HARD_REASON),
        "gevent": End(FAILED, error="billiard.exceptions.TimeLimitExceeded", reason=HARD_REASON),
        "threads solo": DONE,
    },
    "revoked while it waits in the worker": {
        "prefork solo": End(CANCELLED, reason=r"Revoked before it started\.", attempt=0, bodies=0, started=False),
        "threads gevent": WAITED,
    },
    "revoked while it runs": {ANYWHERE: WAITED},
    "terminated while it runs": {
        "prefork gevent": End(CANCELLED, reason=r"Terminated with signal .* while it ran\."),
        "threads solo": WAITED,
    },
    "its message is delivered three times": {ANYWHERE: DONE},
    "its process is killed": {"prefork": DIED},
    "its process is killed, acknowledged late": {"prefork": DIED},
    "its process is killed, and the message comes again": {"prefork": DIED},
    "its message is delivered three times, and its process is killed twice": {
        "prefork": End(SUCCEEDED, "done", attempt=3, bodies=3)
    },
    "the task raises SystemExit": {"prefork/5.7": DIED, "prefork/5.5 threads solo gevent": EXITED},
    "the worker stops": {ANYWHERE: WAITED},
    "the worker stops at once": {
        "prefork/5.7": End(LOST, reason=f"({GONE.reason})|({DIED.reason})"),  # whoever notices first
        "gevent/5.7": GONE,
        # What Celery does to cancel the task may fail inside of it, or elsewhere.
        "solo/5.7": End(LOST, reason=GONE.reason, other=CUT_OFF),
        # Celery 5.5 cancels the attempt, whose message comes again or, from gevent, is sent again by a node.
        "prefork/5.5 gevent/5.5": End(SUCCEEDED, "waited", bodies=2),
        "solo/5.5": CUT_OFF,
        "threads": WAITED,
    },
    "the worker is killed": {ANYWHERE: GONE},
}


def cells() -> Iterator[pytest.ParameterSet]:
    for place in PLACES:
        pool = "prefork" if place.pool == "spawn" else place.pool
        for situation, ends in MATRIX.items():
            for pools, end in ends.items():
                if {pool, f"{pool}/{place.celery}"} & set(pools.split()):
                    yield pytest.param(place, situation, end, id=f"{'-'.join(place)}-{situation}")


@pytest.fixture(scope="module")
def observed(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Where, Future[Observation]]]:
    """What is seen in the places that are asked about."""
    asked = {item.callspec.params["place"] for item in request.session.items if item.path == request.path}  # type: ignore[attr-defined] # pytest's own
    sites = {place: site_of(place, request, postgres_server, tmp_path_factory) for place in PLACES if place in asked}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
        yield {place: threads.submit(observe, site, place.pool) for place, site in sites.items()}
    for site in sites.values():
        site.close()
        postgres_server.drop(site.database_url)


def site_of(
    place: Where,
    request: pytest.FixtureRequest,
    postgres_server: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Site:
    broker: RedisServer | RabbitmqServer = request.getfixturevalue(f"{place.broker}_server")
    url = postgres_server.create()
    postgres_server.fill(url)
    folder = tmp_path_factory.mktemp("-".join(place))
    return Site(Database(url), url, broker.create(), folder, Path(__file__).parent, python_of(place.celery))


def python_of(celery: str) -> Path:
    if celery != "5.5":
        return Path(sys.executable)
    try:
        return dev.celery55()
    except dev.StepError as error:
        unavailable(f"The environment with Celery 5.5 cannot be made: {error}")


@pytest.mark.parametrize(("place", "situation", "end"), list(cells()))
def test_a_run_ends_in_the_right_state_with_the_right_facts(
    observed: dict[Where, Future[Observation]], place: Where, situation: str, end: End
) -> None:
    observation = observed[place].result()
    assert situation in observation.seen, observation.fault
    seen = observation.seen[situation]
    run = seen.run
    if end.other is not None and run.state is end.other.state:
        end = end.other
    facts = (run.state, run.result, run.error and run.error.type, run.attempt, seen.bodies)
    assert facts == (end.state, end.result, end.error, end.attempt, end.bodies), told(seen)
    assert (run.worker == seen.worker) if end.has_worker else (run.worker is None), told(seen)
    assert (run.reason is None) if end.reason is None else re.fullmatch(end.reason, str(run.reason)), told(seen)
    assert (run.started_at is not None) == end.started, told(seen)
    assert run.finished_at is not None
    # The worker and whoever recorded the run each count on from an answer of the database.
    assert run.started_at is None or run.fire_time - CLOCKS <= run.started_at <= run.finished_at, told(seen)


def told(seen: Seen) -> str:
    return seen.run.model_dump_json(indent=1)
