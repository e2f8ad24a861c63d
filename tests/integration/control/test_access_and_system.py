"""Who may come in, and whether all is ready."""

from datetime import timedelta

import pytest

from punctual.control.access import LINK_LIFETIME, SESSION_LIFETIME, Access
from punctual.control.schedules import Schedules
from punctual.control.system import System
from punctual.control.tasks import Tasks
from punctual.domain.errors import NotFoundError, UnauthenticatedError
from punctual.domain.identity import new_id
from punctual.domain.processes import ALIVE_FOR, Node, Worker
from punctual.domain.triggers.zone import TZDATA_VERSION
from punctual.engine.loop import Engine
from punctual.store import heard_workers, nodes
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender


@pytest.fixture
def access(database: Database, clock: ManualClock) -> Access:
    return Access(database, clock)


def test_the_bootstrap_token_opens_the_door_and_a_new_one_replaces_it(access: Access) -> None:
    access.ensure_bootstrap("first-token-of-all")
    assert access.authenticate("first-token-of-all") == "token:bootstrap"
    access.ensure_bootstrap("second-token-of-all")
    assert access.authenticate("second-token-of-all") == "token:bootstrap"
    for wrong in ("first-token-of-all", "", "nonsense"):
        with pytest.raises(UnauthenticatedError):
            access.authenticate(wrong)


def test_a_sign_in_link_opens_one_session_once(access: Access) -> None:
    link = access.create_sign_in_link(actor="token:bootstrap")
    session = access.open_session(link.code)
    assert access.authenticate_session(session.cookie) == "session:token:bootstrap"
    with pytest.raises(UnauthenticatedError):
        access.open_session(link.code)
    access.close_session(session.cookie)
    with pytest.raises(UnauthenticatedError):
        access.authenticate_session(session.cookie)


def test_links_and_sessions_expire(access: Access, clock: ManualClock) -> None:
    late, used = (access.create_sign_in_link(actor="a") for _ in range(2))
    session = access.open_session(used.code)
    clock.advance(LINK_LIFETIME)
    with pytest.raises(UnauthenticatedError):
        access.open_session(late.code)
    clock.advance(SESSION_LIFETIME)
    with pytest.raises(UnauthenticatedError):
        access.authenticate_session(session.cookie)


def test_readiness_names_what_is_missing(
    database: Database, clock: ManualClock, engine: Engine, sender: RecordingSender, schedules: Schedules
) -> None:
    del schedules  # its worker was seen just now
    system = System(database, clock)

    def failing() -> list[str]:
        return [check.name for check in system.readiness() if not check.ok]

    assert failing() == ["scheduler", "broker"]
    engine.heartbeat()
    assert failing() == []
    sender.fail()
    engine.heartbeat()
    assert failing() == ["broker"]
    sender.recover()
    clock.advance(ALIVE_FOR + timedelta(seconds=1))
    engine.heartbeat()
    assert failing() == ["worker"]


def test_a_worker_that_was_only_just_heard_of_is_not_taken_for_ready(database: Database, clock: ManualClock) -> None:
    now = clock.now()
    facts = {"host": "h", "pid": 1, "pool": "unknown", "concurrency": 0, "queues": [], "plugin": False}
    with database.write() as tx:
        worker = Worker(name="celery@h", id=new_id(), started_at=now, seen_at=now, **facts)
        heard_workers.note(tx, worker, None)
    system = System(database, clock)

    def is_ready() -> bool:
        return next(check.ok for check in system.readiness() if check.name == "worker")

    assert not is_ready()
    clock.advance(timedelta(seconds=10))
    assert is_ready()


def test_a_node_tells_how_it_does(database: Database, clock: ManualClock, engine: Engine, schedules: Schedules) -> None:
    schedules.create({"name": "s", "task": "tick", "trigger": "every 1m"}, actor="test")
    engine.step()
    clock.advance(timedelta(minutes=1, seconds=8))
    engine.step()
    engine.heartbeat()
    (view,) = System(database, clock).nodes()
    assert view.node.lag == 8
    assert view.node.sent_per_second > 0
    assert view.node.tzdata_version == TZDATA_VERSION
    assert "Is behind: what it sent last was due 8 s before." in view.warnings
    engine.heartbeat()
    (view,) = System(database, clock).nodes()
    assert view.node.lag == 0


def test_living_nodes_with_different_time_zones_are_warned_of(database: Database, clock: ManualClock) -> None:
    def beat(release: str, *, host: str) -> None:
        now = clock.now()
        node = Node(id=new_id(), host=host, pid=1, version="1", tzdata_version=release, started_at=now, seen_at=now)
        with database.write() as tx:
            nodes.heartbeat(tx, node)

    def warned() -> set[str]:
        return {view.node.host for view in System(database, clock).nodes() if "tzdata" in " ".join(view.warnings)}

    beat("2025a", host="old")
    assert warned() == set()
    clock.advance(ALIVE_FOR + timedelta(seconds=1))
    beat("2026a", host="new")
    assert warned() == set()
    beat("2026b", host="newer")
    assert warned() == {"new"}


def test_tasks_tell_whether_a_living_worker_serves_them(
    database: Database, clock: ManualClock, schedules: Schedules
) -> None:
    del schedules
    tasks = Tasks(database, clock)
    found = tasks.list(limit=10, cursor=None).items
    assert [(view.task.name, view.live, view.task.queues) for view in found] == [
        ("tick", True, ["celery"]),
        ("tidy", True, ["celery"]),
    ]
    clock.advance(ALIVE_FOR + timedelta(seconds=1))
    assert not tasks.get("tidy").live
    with pytest.raises(NotFoundError):
        tasks.get("nope")
