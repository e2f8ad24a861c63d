"""A message of which nothing was heard is taken for lost, and sent again under the same run id."""

import logging
from datetime import timedelta

import pytest

from punctual.control.schedules import Schedules
from punctual.domain.processes import WorkerLoad
from punctual.engine.build import build_engine
from punctual.engine.loop import Engine
from punctual.store import workers
from punctual.store.database import Database
from punctual.testing import ManualClock, RecordingSender, drive

RESEND_AFTER = timedelta(seconds=30)


@pytest.fixture
def engine(database: Database, sender: RecordingSender, clock: ManualClock) -> Engine:
    return build_engine(database, sender, clock, resend_after=RESEND_AFTER)


@pytest.fixture
def sent_once(schedules: Schedules, engine: Engine, clock: ManualClock, sender: RecordingSender) -> None:
    """One run is sent; its worker keeps silent about it."""
    schedules.create({"name": "a", "task": "tick", "trigger": "every 1m", "max_runs": 1}, actor="test")
    drive(engine, clock, clock.now() + timedelta(minutes=1))
    assert len(sender.messages) == 1


@pytest.mark.usefixtures("sent_once")
def test_a_message_nobody_heard_of_is_sent_again_with_word_of_it_in_the_log(
    database: Database, engine: Engine, clock: ManualClock, sender: RecordingSender, caplog: pytest.LogCaptureFixture
) -> None:
    _pass(database, clock, RESEND_AFTER - timedelta(seconds=1))
    engine.step()
    assert len(sender.messages) == 1
    _pass(database, clock, timedelta(seconds=1))
    with caplog.at_level(logging.INFO):
        engine.step()
    first, again = sender.messages
    assert (again.run_id, again.attempt) == (first.run_id, first.attempt)
    assert (first.repeated, again.repeated) == (False, True)
    assert [vars(record)["count"] for record in caplog.records if vars(record)["action"] == "messages_sent_again"] == [
        1
    ]


@pytest.mark.usefixtures("sent_once")
def test_each_time_it_waits_twice_as_long(
    database: Database, engine: Engine, clock: ManualClock, sender: RecordingSender
) -> None:
    for wait, so_far in ((RESEND_AFTER, 2), (RESEND_AFTER, 3), (2 * RESEND_AFTER, 4), (4 * RESEND_AFTER, 5)):
        _pass(database, clock, wait - timedelta(seconds=1))
        engine.step()
        assert len(sender.messages) == so_far - 1
        _pass(database, clock, timedelta(seconds=1))
        engine.step()
        assert len(sender.messages) == so_far


@pytest.mark.usefixtures("sent_once")
def test_it_waits_like_all_others_while_no_worker_serves_its_task(
    database: Database, engine: Engine, clock: ManualClock, sender: RecordingSender
) -> None:
    clock.advance(2 * RESEND_AFTER)
    engine.step()
    assert len(sender.messages) == 1
    _pass(database, clock, RESEND_AFTER)
    engine.step()
    assert len(sender.messages) == 2


def test_a_message_that_the_broker_did_not_confirm_may_be_there(
    schedules: Schedules, engine: Engine, clock: ManualClock, sender: RecordingSender
) -> None:
    schedules.create({"name": "a", "task": "tick", "trigger": "every 1m", "max_runs": 1}, actor="test")
    sender.fail()
    drive(engine, clock, clock.now() + timedelta(minutes=1))
    sender.recover()
    drive(engine, clock, clock.now() + timedelta(minutes=1))
    assert [message.repeated for message in sender.messages] == [True]


def test_the_first_message_of_what_somebody_asked_for_is_the_only_one(
    schedules: Schedules, engine: Engine, sender: RecordingSender
) -> None:
    schedules.create({"name": "a", "task": "tick", "trigger": "every 1d"}, actor="test")
    schedules.run_now("a", actor="test")
    engine.step()
    assert [message.repeated for message in sender.messages] == [False]


def _pass(database: Database, clock: ManualClock, by: timedelta) -> None:
    """Let time pass, at the end of which the worker says that it lives."""
    clock.advance(by)
    with database.write() as tx:
        workers.heartbeat(tx, "celery@test", clock.now(), WorkerLoad())
