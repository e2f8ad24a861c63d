"""Random lives of locks and kept results beside a model of them: takings, renewals, releases, deaths, and time."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from punctual.domain.lock import Claim, Holder, Purpose
from punctual.store import kept_results, locks
from punctual.store.database import Database
from punctual.store.process_tables import kept_results as kept_table
from punctual.store.process_tables import locks as lock_table
from punctual.testing import ManualClock

HOLDER = Holder(function="proj.tasks.pay", host="h", pid=1, task_id="t", worker="w@h")
LEASE = timedelta(seconds=30)
KEYS = ("a", "b")

step = st.one_of(
    st.tuples(st.just("take"), st.sampled_from(KEYS), st.integers(1, 3)),
    st.tuples(st.sampled_from(["renew", "release"]), st.integers(0, 9)),
    st.tuples(st.just("pass"), st.sampled_from([1, 10, 29, 30, 31, 60])),
    st.tuples(st.just("clean"), st.just(0)),
)


@dataclass
class Model:
    """What should be: for each lock that nobody has removed, its key and the end of its lease."""

    ends: dict[int, tuple[str, datetime]] = field(default_factory=dict)

    def holding(self, key: str, now: datetime) -> list[int]:
        return [lock for lock, (locked, end) in self.ends.items() if locked == key and end > now]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=st.lists(step, max_size=25))
def test_no_more_hold_a_key_than_may_and_none_is_kept_from_what_is_free(database: Database, life: list[tuple]) -> None:  # type: ignore[type-arg]
    with database.write() as tx:
        tx.connection.execute(delete(lock_table))
    clock, model, taken = ManualClock(), Model(), list[int]()
    for what, *rest in life:
        now = clock.now()
        with database.write() as tx:
            match what:
                case "take":
                    key, limit = rest
                    free = len(model.holding(key, now)) < limit
                    lock = locks.acquire(tx, Claim(Purpose.EXCLUSIVE, key, limit), HOLDER, at=now, lease=LEASE)
                    assert (lock is not None) == free
                    # Whose lease is over has lost its place for good once somebody looked.
                    model.ends = {n: (k, end) for n, (k, end) in model.ends.items() if k != key or end > now}
                    if lock is not None:
                        assert lock > max(taken, default=0)
                        taken.append(lock)
                        model.ends[lock] = (key, now + LEASE)
                case "renew" if taken:
                    lock = taken[rest[0] % len(taken)]
                    held = locks.renew(tx, [lock], at=now, lease=LEASE)
                    assert held == ({lock} & model.ends.keys())
                    if held:
                        model.ends[lock] = (model.ends[lock][0], now + LEASE)
                case "release" if taken:
                    lock = taken[rest[0] % len(taken)]
                    assert locks.release(tx, lock) == (lock in model.ends)
                    model.ends.pop(lock, None)
                case "pass":
                    clock.advance(timedelta(seconds=rest[0]))
                case "clean":
                    gone = [n for n, (_, end) in model.ends.items() if end < now]
                    assert locks.remove_expired(tx, before=now, limit=100) == len(gone)
                    model.ends = {n: fact for n, fact in model.ends.items() if n not in gone}
        now = clock.now()
        with database.read() as tx:
            shown = locks.list_page(tx, at=now, limit=100, cursor=None).items
        assert [lock.id for lock in shown] == sorted(n for key in KEYS for n in model.holding(key, now))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(life=st.lists(st.tuples(st.sampled_from(["keep", "pass", "clean"]), st.integers(1, 90)), max_size=20))
def test_the_first_result_is_the_one_until_its_time_is_over(database: Database, life: list[tuple[str, int]]) -> None:
    with database.write() as tx:
        tx.connection.execute(delete(kept_table))
    clock = ManualClock()
    kept: tuple[int, datetime] | None = None
    for what, number in life:
        now = clock.now()
        with database.write() as tx:
            if kept is not None and kept[1] <= now:
                kept = None
            match what:
                case "keep":
                    kept = kept or (number, now + LEASE)
                    got = kept_results.keep(tx, "k", number, at=now, until=now + LEASE)
                    assert got.result == kept[0]
                case "pass":
                    clock.advance(timedelta(seconds=number))
                case "clean":
                    kept_results.remove_expired(tx, before=now, limit=10)
            found = kept_results.get(tx, "k", at=now)
            assert (None if found is None else found.result) == (None if kept is None else kept[0])


def test_keys_of_different_purposes_are_different_keys(database: Database) -> None:
    now = ManualClock().now()
    with database.write() as tx:
        assert locks.acquire(tx, Claim(Purpose.EXCLUSIVE, "k"), HOLDER, at=now, lease=LEASE) is not None
        assert locks.acquire(tx, Claim(Purpose.IDEMPOTENT, "k"), HOLDER, at=now, lease=LEASE) is not None
        assert locks.acquire(tx, Claim(Purpose.EXCLUSIVE, "k"), HOLDER, at=now, lease=LEASE) is None


@pytest.mark.parametrize("result", [None, 0, "", [], {"a": [1.5, None, True, "ü\u2028"]}])
def test_a_result_comes_back_as_it_was_kept(database: Database, result: object) -> None:
    now = ManualClock().now()
    with database.write() as tx:
        kept_results.keep(tx, "k", result, at=now, until=now + LEASE)  # type: ignore[arg-type] # any JSON
    with database.read() as tx:
        found = kept_results.get(tx, "k", at=now)
    assert found is not None
    assert found.result == result
