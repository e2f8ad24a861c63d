"""The locks that tasks hold, through the API."""

from datetime import timedelta

import httpx

from punctual.domain.lock import Claim, Holder, Purpose
from punctual.store import locks
from punctual.store.database import Database
from punctual.testing import ManualClock

LEASE = timedelta(seconds=30)
HOLDER = Holder(function="proj.tasks.pay", host="one", pid=7, task_id="t-1", worker="w@one")


def take(database: Database, clock: ManualClock, key: str) -> int:
    with database.write() as tx:
        lock_id = locks.acquire(tx, Claim(Purpose.EXCLUSIVE, key), HOLDER, at=clock.now(), lease=LEASE)
    assert lock_id is not None
    return lock_id


def test_the_locks_that_are_held_are_listed(client: httpx.Client, database: Database, clock: ManualClock) -> None:
    old = take(database, clock, "old")
    clock.advance(timedelta(seconds=20))
    new = take(database, clock, "new")
    first = client.get("locks", params={"limit": 1}).json()
    second = client.get("locks", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert first["items"] == [
        {
            "id": old,
            "purpose": "exclusive",
            "key": "old",
            "function": "proj.tasks.pay",
            "task_id": "t-1",
            "worker": "w@one",
            "host": "one",
            "pid": 7,
            "acquired_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-01-01T00:00:30Z",
        }
    ]
    assert ([item["id"] for item in second["items"]], second["next_cursor"]) == ([new], None)
    clock.advance(timedelta(seconds=15))
    assert [item["key"] for item in client.get("locks").json()["items"]] == ["new"]


def test_a_lock_that_is_stuck_is_released(client: httpx.Client, database: Database, clock: ManualClock) -> None:
    lock_id = take(database, clock, "k")
    assert client.delete(f"locks/{lock_id}").status_code == 204
    assert client.get("locks").json()["items"] == []
    again = client.delete(f"locks/{lock_id}")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")
    assert take(database, clock, "k") > lock_id


def test_one_whose_lease_has_ended_is_not_there(client: httpx.Client, database: Database, clock: ManualClock) -> None:
    lock_id = take(database, clock, "k")
    clock.advance(LEASE)
    assert client.delete(f"locks/{lock_id}").status_code == 404


def test_a_cursor_that_we_did_not_make_is_refused(client: httpx.Client) -> None:
    assert client.get("locks", params={"cursor": "nonsense"}).status_code == 422


def test_only_who_is_known_may_look(anonymous: httpx.Client) -> None:
    assert anonymous.get("locks").status_code == 401
    assert anonymous.delete("locks/1").status_code == 401
