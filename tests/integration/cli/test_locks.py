"""`punctual locks` against a real server."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from punctual.domain.clock import SystemClock
from punctual.domain.lock import Claim, Holder, Purpose
from punctual.store import locks
from punctual.store.database import Database


def test_a_lock_is_seen_and_released(punctual: Callable[..., Any], database: Database) -> None:
    assert punctual("locks", "list").out == "No task holds a lock.\n"
    holder = Holder(function="proj.tasks.pay", host="one", pid=7)
    with database.write() as tx:
        claim, now = Claim(Purpose.EXCLUSIVE, "invoice:7"), SystemClock().now()
        lock_id = locks.acquire(tx, claim, holder, at=now, lease=timedelta(hours=1))
    header, line = punctual("locks", "list").out.splitlines()
    assert header.split()[:6] == ["ID", "KEY", "FUNCTION", "HELD", "BY", "SINCE"]
    assert line.split()[:4] == [str(lock_id), "invoice:7", "proj.tasks.pay", "one:7"]
    assert punctual("locks", "list", "-o", "name").out == f"{lock_id}\n"
    assert json.loads(punctual("locks", "list", "-o", "json").out)["items"][0]["key"] == "invoice:7"
    assert punctual("locks", "release", str(lock_id)).out == f"Released {lock_id}.\n"
    refused = punctual("locks", "release", str(lock_id))
    assert refused.status == 1
    assert "There is no lock" in refused.err
    assert punctual("locks", "list").out == "No task holds a lock.\n"
