"""What follows runs on workers without the plug-in runs with the node, and the node tells when it cannot."""

import threading

from punctual.control.system import System
from punctual.engine.build import build_engine
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender


class StandIn:
    """A follower that can be told what to say."""

    name = "stand-in"

    def __init__(self) -> None:
        self.fault: str | None = None
        self.began, self.ended = threading.Event(), threading.Event()

    def run(self, stopping: threading.Event) -> None:
        self.began.set()
        stopping.wait()
        self.ended.set()


def test_a_follower_lives_as_long_as_its_node(database: Database, sender: RecordingSender, clock: ManualClock) -> None:
    follower = StandIn()
    engine = build_engine(database, sender, clock, followers=[follower])
    engine.start()
    assert follower.began.wait(20)
    assert engine.stop(20)
    assert follower.ended.is_set()


def test_a_node_that_cannot_follow_says_so(database: Database, sender: RecordingSender, clock: ManualClock) -> None:
    follower = StandIn()
    engine = build_engine(database, sender, clock, machine=clock, followers=[StandIn(), follower])
    follower.fault = "The broker does not tell of events."
    engine.heartbeat()
    (view,) = System(database, clock).nodes()
    assert view.warnings == ["Cannot follow runs on workers without the plug-in: The broker does not tell of events."]
    follower.fault = None
    engine.heartbeat()
    assert System(database, clock).nodes()[0].warnings == []
