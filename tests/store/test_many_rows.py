"""Many rows in one statement: all of them, with each value in its place, on both databases."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from punctual.domain.identity import new_id
from punctual.store.database import Database
from punctual.store.process_tables import nodes
from punctual.testing import ManualClock

NOW = ManualClock().now()


def node(number: int, **fields: Any) -> dict[str, Any]:
    own = {"id": new_id(), "host": f"host {number}", "pid": number, "version": "1", "runs_removed": 0}
    gauges = {"lag": 0.0, "sent_per_second": 0.0, "busy": 0.0, "clock_offset": 0.0}
    return {**own, **gauges, "started_at": NOW, "seen_at": NOW + timedelta(seconds=number), **fields}


def stored(database: Database) -> list[dict[str, Any]]:
    with database.read() as tx:
        return [dict(row) for row in tx.connection.execute(select(nodes).order_by(nodes.c.pid)).mappings()]


def test_rows_are_inserted_with_what_differs_and_what_is_the_same(database: Database) -> None:
    rows = [node(number, broker_error=None if number % 2 else "gone") for number in range(50)]
    with database.write() as tx:
        assert tx.dialect.insert_once(tx.connection, nodes, rows) == 50
    found = stored(database)
    assert [{name: row[name] for name in rows[0]} for row in found] == rows


def test_one_row_is_as_good_as_many(database: Database) -> None:
    row = node(1)
    with database.write() as tx:
        assert tx.dialect.insert_once(tx.connection, nodes, [row]) == 1
        tx.dialect.update_by_id(tx.connection, nodes, [{"id": row["id"], "host": "another"}])
    assert [found["host"] for found in stored(database)] == ["another"]


def test_rows_that_are_there_already_are_left_alone_and_not_counted(database: Database) -> None:
    there = node(1)
    with database.write() as tx:
        tx.dialect.insert_once(tx.connection, nodes, [there])
        assert tx.dialect.insert_once(tx.connection, nodes, [{**there, "host": "another"}, node(2)]) == 1
    assert [found["host"] for found in stored(database)] == ["host 1", "host 2"]


def test_each_row_is_changed_by_its_id_and_no_other(database: Database) -> None:
    rows = [node(number) for number in range(5)]
    changes = [{"id": row["id"], "seen_at": NOW - timedelta(seconds=row["pid"]), "lag": 1.5} for row in rows[:4]]
    with database.write() as tx:
        tx.dialect.insert_once(tx.connection, nodes, rows)
        tx.dialect.update_by_id(tx.connection, nodes, changes)
    found = stored(database)
    assert [row["seen_at"] for row in found[:4]] == [change["seen_at"] for change in changes]
    assert [row["lag"] for row in found] == [1.5] * 4 + [0.0]
    assert found[4] == {**found[4], **rows[4]}


def test_a_column_is_among_ids(database: Database) -> None:
    rows = [node(number) for number in range(3)]
    with database.write() as tx:
        tx.dialect.insert_once(tx.connection, nodes, rows)
        wanted = tx.dialect.is_among(nodes.c.id, [rows[0]["id"], rows[2]["id"], new_id()])
        assert set(tx.connection.execute(select(nodes.c.pid).where(wanted)).scalars()) == {0, 2}
        assert tx.connection.execute(select(nodes.c.pid).where(tx.dialect.is_among(nodes.c.id, []))).all() == []
